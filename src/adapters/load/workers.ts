/** The workers of a load: parts of threads, or one on the calling thread. */
import { availableParallelism } from 'node:os';
import { existsSync } from 'node:fs';
import type { LoadPlan } from '../../drive/ports.ts';
import { type LoadThreads, RATE_PER_THREAD, rateOfEach } from './load-threads.ts';
import { type MachineClock, machineClock } from './machine-clock.ts';
import { realTimers } from './timers.ts';
import type { ToWorker, WorkerReport } from './worker-messages.ts';
import { createSender } from './create-sender.ts';

export interface LoadWorkers {
  readonly size: number;
  readonly now: MachineClock;
  /** To every worker. */
  post(message: ToWorker): void;
  /** Ends them, whatever they are doing. */
  close(): Promise<void>;
}

export interface WorkerEvents {
  /** All of them could begin now: once, perhaps before they are returned. What is posted before waits for them. */
  readonly ready: () => void;
  readonly report: (worker: number, report: WorkerReport) => void;
  readonly failed: (error: Error) => void;
}

export type StartWorkers = (plan: LoadPlan, events: WorkerEvents) => LoadWorkers;

/** Workers for this plan: one keeps judging from disturbing the timing, more where the rate needs them. */
function workersFor(plan: LoadPlan): number {
  if (plan.workers !== undefined) return plan.workers;
  const wanted = plan.ratePerSec === 0 ? 1 : Math.ceil(rateOfEach(plan, 1) / RATE_PER_THREAD);
  return Math.max(1, Math.min(wanted, availableParallelism()));
}

/** On these threads; without any, or for a plan that asks for none, the calling thread is the worker. */
export function workersOn(threads: LoadThreads | undefined): StartWorkers {
  return (plan, events) => {
    const size = workersFor(plan);
    return size === 0 || threads === undefined ? startHere(plan, events) : startThere(plan, events, { size, threads });
  };
}

/** The built worker beside this program, if there is one (not when run from source). */
export function builtWorker(): URL | undefined {
  for (const relative of ['./load-worker.js', '../load-worker.js']) {
    const file = new URL(relative, import.meta.url);
    if (existsSync(file)) return file;
  }
  return undefined;
}

function startHere(plan: LoadPlan, events: WorkerEvents): LoadWorkers {
  const now = machineClock(process.hrtime);
  const timers = realTimers(now);
  const sender = createSender({ plan, index: 0, count: 1 }, { timers, post: (report) => events.report(0, report) });
  events.ready();
  return {
    size: 1,
    now,
    post: (message) => sender.receive(message),
    close: () => Promise.resolve(sender.receive({ kind: 'kill' })),
  };
}

function startThere(
  plan: LoadPlan,
  events: WorkerEvents,
  { size, threads }: { readonly size: number; readonly threads: LoadThreads },
): LoadWorkers {
  let starting = size;
  const lines = threads.open(
    plan,
    Array.from({ length: size }, (_, worker) => ({
      ready: () => {
        starting -= 1;
        if (starting === 0) events.ready();
      },
      report: (report) => events.report(worker, report),
      failed: events.failed,
      ratePerSec: rateOfEach(plan, size),
    })),
  );
  return {
    size,
    now: machineClock(process.hrtime),
    post: (message) => lines.forEach((line) => line.post(message)),
    close: async () => void (await Promise.all(lines.map((line) => line.close()))),
  };
}
