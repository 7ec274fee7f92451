/** The workers of a load: threads, or one on the calling thread. */
import { availableParallelism } from 'node:os';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { UnavailableError } from '../../errors.ts';
import type { LoadPlan } from '../../drive/ports.ts';
import type { ToWorker, WorkerReport } from './worker-messages.ts';
import { createSender } from './create-sender.ts';

/** What one worker may be asked for before another is worth its core. */
const RATE_PER_WORKER = 2_000;
/** The shared monotonic clock, in ms. */
export type SharedClock = () => number;

export interface LoadWorkers {
  readonly size: number;
  readonly now: SharedClock;
  /** To every worker. */
  post(message: ToWorker): void;
  /** Ends them, whatever they are doing. */
  close(): Promise<void>;
}

export interface WorkerEvents {
  readonly report: (worker: number, report: WorkerReport) => void;
  readonly failed: (error: Error) => void;
}

export type StartWorkers = (plan: LoadPlan, events: WorkerEvents) => LoadWorkers;

/** Threads for this plan: one keeps judging from disturbing the timing, more where the rate needs them. */
export function workersFor(plan: LoadPlan): number {
  if (plan.workers !== undefined) return plan.workers;
  const wanted = plan.ratePerSec === 0 ? 1 : Math.ceil((plan.ratePerSec * plan.targets.length) / RATE_PER_WORKER);
  return Math.max(1, Math.min(wanted, availableParallelism()));
}

/** Threads that run this program; without one, or for a plan that asks for none, the calling thread is the worker. */
export function workersIn(workerFile: URL | undefined): StartWorkers {
  return (plan, events) => {
    const threads = workersFor(plan);
    return threads === 0 || workerFile === undefined
      ? startHere(plan, events)
      : startThreads(plan, events, { threads, workerFile });
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

function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function startHere(plan: LoadPlan, events: WorkerEvents): LoadWorkers {
  const offsetMs = monotonicMs() - performance.now();
  const now = () => performance.now() + offsetMs;
  const sender = createSender({ plan, index: 0, count: 1 }, { now, post: (report) => events.report(0, report) });
  return {
    size: 1,
    now,
    post: (message) => sender.receive(message),
    close: () => Promise.resolve(sender.receive({ kind: 'kill' })),
  };
}

function startThreads(
  plan: LoadPlan,
  events: WorkerEvents,
  how: { readonly threads: number; readonly workerFile: URL },
): LoadWorkers {
  const offsetMs = monotonicMs() - performance.now();
  let closing = false;
  const workers = Array.from({ length: how.threads }, (_, index) => {
    const worker = new Worker(how.workerFile, {
      workerData: { plan, index, count: how.threads },
      stdout: false,
      stderr: false,
    });
    worker.on('message', (report: WorkerReport) => events.report(index, report));
    worker.on('error', (error) => events.failed(error));
    worker.on('exit', (code) => {
      if (!closing) events.failed(new UnavailableError(`a load worker ended by itself (code ${code})`));
    });
    return worker;
  });
  return {
    size: how.threads,
    now: () => performance.now() + offsetMs,
    post: (message) => workers.forEach((worker) => worker.postMessage(message)),
    close: async () => {
      closing = true;
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
