/**
 * The threads of all loads of this process. A thread costs memory and a place on a core, so loads of small rates share one:
 * ten experiments of a controller send from one thread, where they cannot take the core from each other.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { UnavailableError } from '../../errors.ts';
import type { LoadPlan } from '../../drive/ports.ts';
import type { FromThread, ToThread, WorkerReport } from './worker-messages.ts';

/** Requests a second that one thread may be asked for before another is worth its core. */
export const RATE_PER_THREAD = 2_000;

/**
 * What a request leaves behind is dead at once: more room for it than this makes no request cheaper, and V8 would take 34 MB for it,
 * in each thread.
 */
const MEMORY = { maxYoungGenerationSizeMb: 12 };

/** One load's part of one thread. */
export interface Seat {
  /** The thread runs, and could begin. */
  readonly ready: () => void;
  readonly report: (report: WorkerReport) => void;
  readonly failed: (error: Error) => void;
  /** Requests a second; infinity for a closed loop, which takes a thread of its own. */
  readonly ratePerSec: number;
}

/** What a load says to its part of a thread. */
export interface Line {
  post(message: Extract<ToThread, { kind: 'message' }>['message']): void;
  /** Ends this part at once; the thread ends with its last one. */
  close(): Promise<void>;
}

/** Of all versions of a plan, for one of so many workers. */
export function rateOfEach({ ratePerSec, targets }: LoadPlan, workers: number): number {
  return ratePerSec === 0 ? Number.POSITIVE_INFINITY : (ratePerSec * targets.length) / workers;
}

interface Thread {
  readonly worker: Worker;
  readonly seats: Map<number, Seat>;
}

export class LoadThreads {
  readonly #workerFile: URL;
  readonly #threads = new Set<Thread>();
  #loads = 0;

  constructor(workerFile: URL) {
    this.#workerFile = workerFile;
  }

  /** How many threads run now. */
  get size(): number {
    return this.#threads.size;
  }

  /** A place for each part of a plan, on as many threads. */
  open(plan: LoadPlan, seats: readonly Seat[]): Line[] {
    const taken = new Set<Thread>();
    return seats.map((seat, index) => {
      const thread = this.#threadFor(seat, taken);
      taken.add(thread);
      const load = ++this.#loads;
      thread.seats.set(load, seat);
      const send = (message: ToThread) => thread.worker.postMessage(message);
      send({ load, kind: 'open', setup: { plan, index, count: seats.length } });
      return {
        post: (message) => send({ load, kind: 'message', message }),
        close: async () => {
          if (!thread.seats.delete(load)) return;
          if (thread.seats.size > 0) send({ load, kind: 'close' });
          else await this.#end(thread);
        },
      };
    });
  }

  /** One with room; otherwise a new one while there are cores, or the one with the least to do. */
  #threadFor({ ratePerSec }: Seat, taken: ReadonlySet<Thread>): Thread {
    const free = [...this.#threads]
      .filter((thread) => !taken.has(thread))
      .map((thread) => ({ thread, load: rateOn(thread) + ratePerSec }))
      .toSorted((a, b) => a.load - b.load);
    const [best] = free;
    if (best === undefined || !Number.isFinite(best.load)) return this.#start();
    if (best.load > RATE_PER_THREAD && this.#threads.size < availableParallelism()) return this.#start();
    return best.thread;
  }

  #start(): Thread {
    const worker = new Worker(this.#workerFile, { stdout: false, stderr: false, resourceLimits: MEMORY });
    const thread: Thread = { worker, seats: new Map() };
    this.#threads.add(thread);
    worker.on('message', (said: FromThread) => {
      const seat = thread.seats.get(said.load);
      if (said.kind === 'ready') seat?.ready();
      else seat?.report(said.report);
    });
    worker.on('error', (error) => this.#fail(thread, error));
    worker.on('exit', (code) =>
      this.#fail(thread, new UnavailableError(`a load worker ended by itself (code ${code})`)),
    );
    return thread;
  }

  /** Each load on it gets the error; none is placed there any more. */
  #fail(thread: Thread, error: Error): void {
    this.#threads.delete(thread);
    const seats = [...thread.seats.values()];
    thread.seats.clear();
    for (const seat of seats) seat.failed(error);
  }

  async #end(thread: Thread): Promise<void> {
    this.#threads.delete(thread);
    await thread.worker.terminate();
  }
}

function rateOn({ seats }: Thread): number {
  return [...seats.values()].reduce((sum, { ratePerSec }) => sum + ratePerSec, 0);
}
