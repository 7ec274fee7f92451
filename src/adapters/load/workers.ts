/** The workers of a load: threads, or one on the calling thread. */
import { availableParallelism } from 'node:os';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { UnavailableError } from '../../errors.ts';
import type { LoadPlan } from '../../drive/ports.ts';
import type { ToWorker, WorkerReport } from './worker-messages.ts';
import { Sender } from './request-sender.ts';

/** What one worker may be asked for before another is worth its core. */
const RATE_PER_WORKER = 2_000;
/** The shared monotonic clock, in ms. */
export type SharedClock = () => number;

export interface Crew {
  readonly size: number;
  readonly now: SharedClock;
  tell(worker: number, message: ToWorker): void;
  tellAll(message: ToWorker): void;
  close(): Promise<void>;
}

export interface CrewEvents {
  readonly report: (worker: number, report: WorkerReport) => void;
  readonly failed: (error: Error) => void;
}

/** Threads for this plan: one keeps judging from disturbing the timing, more where the rate needs them. */
export function workersFor(plan: LoadPlan): number {
  if (plan.workers !== undefined) return plan.workers;
  const wanted = plan.ratePerSec === 0 ? 1 : Math.ceil((plan.ratePerSec * plan.targets.length) / RATE_PER_WORKER);
  return Math.max(1, Math.min(wanted, availableParallelism()));
}

export function createCrew(plan: LoadPlan, events: CrewEvents, workerFile: URL | undefined): Crew {
  const threads = workersFor(plan);
  return threads === 0 || workerFile === undefined
    ? inlineCrew(plan, events)
    : threadCrew(plan, events, { threads, workerFile });
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

function inlineCrew(plan: LoadPlan, events: CrewEvents): Crew {
  const offsetMs = monotonicMs() - performance.now();
  const now = () => performance.now() + offsetMs;
  const sender = new Sender({ plan, index: 0, count: 1 }, { now, post: (report) => events.report(0, report) });
  const tell = (_: number, message: ToWorker) => sender.hear(message);
  return { size: 1, now, tell, tellAll: (message) => tell(0, message), close: () => Promise.resolve() };
}

function threadCrew(
  plan: LoadPlan,
  events: CrewEvents,
  how: { readonly threads: number; readonly workerFile: URL },
): Crew {
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
    tell: (worker, message) => workers[worker]!.postMessage(message),
    tellAll: (message) => workers.forEach((worker) => worker.postMessage(message)),
    close: async () => {
      closing = true;
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
