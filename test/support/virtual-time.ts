/**
 * Time that is only counted: timers fire in order, at once. What awaits promises goes on between two of them.
 *
 * Also load workers in that time, with services in place of connections: the real senders, pacing, merging and steering run
 * hours of load in a second, and always the same way.
 */
import { Sender } from '../../src/adapters/load/request-sender.ts';
import type { Lease, Transport } from '../../src/adapters/load/connections.ts';
import type { Timers } from '../../src/adapters/load/timers.ts';
import type { StartWorkers } from '../../src/adapters/load/workers.ts';
import type { Clock } from '../../src/io.ts';
import type { LoadEndpoint } from '../../src/drive/ports.ts';

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

const START_MS = Date.parse('2026-11-24T08:00:00Z');
/** What a turn of the event loop takes. */
const TURN_MS = 0.5;

export class VirtualTime {
  #nowMs = 0;
  #order = 0;
  /** A binary heap. */
  readonly #queue: Due[] = [];
  #mustYield = false;

  get nowMs(): number {
    return this.#nowMs;
  }

  readonly timers: Timers = {
    now: () => this.#nowMs,
    after: (ms, run) => this.after(ms, run),
    at: (dueMs, run) => this.after(dueMs - this.#nowMs, run),
    every: (ms, run) => {
      let cancel = () => {};
      const next = () => {
        cancel = this.after(ms, () => {
          next();
          run();
        });
      };
      next();
      return () => cancel();
    },
  };

  readonly clock: Clock = {
    now: () => START_MS + this.#nowMs,
    monotonicMs: () => this.#nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const cancel = this.after(ms, () => {
          this.letOthersRun();
          resolve();
        });
        signal?.addEventListener('abort', () => {
          cancel();
          reject(signal.reason as Error);
        });
      }),
  };

  after(ms: number, run: () => void): () => void {
    const due: Due = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, run, cancelled: false };
    push(this.#queue, due);
    return () => {
      due.cancelled = true;
    };
  }

  /** Before the next timer fires, whatever waits for a promise goes on. */
  letOthersRun(): void {
    this.#mustYield = true;
  }

  /** Lets time pass until then, for what waits for timers alone. */
  passUntil(mostMs: number): void {
    for (let due = pop(this.#queue); due !== undefined; due = pop(this.#queue)) {
      if (due.cancelled) continue;
      if (due.atMs > mostMs) {
        push(this.#queue, due);
        break;
      }
      this.#nowMs = due.atMs;
      due.run();
    }
    this.#nowMs = Math.max(this.#nowMs, mostMs);
  }

  /** Lets time pass until the work is done. Rejects when nothing is left that could ever happen, or `mostMs` have passed. */
  async during<T>(work: Promise<T>, mostMs: number): Promise<T> {
    const state = { isDone: false };
    const settled = work.then(
      () => (state.isDone = true),
      () => (state.isDone = true),
    );
    await new Promise(setImmediate);
    while (!state.isDone) {
      const due = pop(this.#queue);
      if (due === undefined) throw new Error(`nothing can happen any more, after ${this.#nowMs} ms`);
      if (due.cancelled) continue;
      if (due.atMs > mostMs) throw new Error(`it did not end within ${mostMs} ms`);
      this.#nowMs = due.atMs;
      due.run();
      if (!this.#mustYield) continue;
      this.#mustYield = false;
      await new Promise(setImmediate);
    }
    await settled;
    return work;
  }
}

const isEarlier = (a: Due, b: Due) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

function push(heap: Due[], due: Due): void {
  heap.push(due);
  for (let at = heap.length - 1; at > 0; ) {
    const parent = (at - 1) >> 1;
    if (!isEarlier(heap[at]!, heap[parent]!)) break;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}

function pop(heap: Due[]): Due | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  heap[0] = last;
  for (let at = 0; ; ) {
    const children = [2 * at + 1, 2 * at + 2].filter((child) => child < heap.length);
    const least = children.reduce((best, child) => (isEarlier(heap[child]!, heap[best]!) ? child : best), at);
    if (least === at) return first;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}

/** What becomes of the k-th request to a URL: a code after some ms, or no answer, or a connection that is refused at once. */
export type VirtualService = (
  url: string,
  k: number,
) => { readonly latencyMs: number; readonly code: number | 'none' | 'refused' };

export interface VirtualWorkers {
  readonly startWorkers: StartWorkers;
  /** Requests that were sent, by URL. */
  readonly sent: ReadonlyMap<string, number>;
  /** The longest time in which nothing was under way, from the first request to now. */
  readonly longestPauseMs: () => number;
  /** The most requests to one URL at one time. */
  readonly mostAtOnce: () => number;
}

/** `delayMs`: how long a message takes from and to the n-th worker. `standstill`: from then until then no worker does anything. */
export function virtualWorkers(
  time: VirtualTime,
  service: VirtualService,
  {
    workers = 1,
    delayMs = () => 0,
    standstill,
  }: {
    readonly workers?: number;
    readonly delayMs?: (message: number) => number;
    readonly standstill?: { readonly fromMs: number; readonly untilMs: number } | undefined;
  } = {},
): VirtualWorkers {
  const awakeIn = (ms: number): number => {
    const atMs = time.nowMs + Math.max(0, ms);
    return standstill !== undefined && atMs >= standstill.fromMs && atMs < standstill.untilMs
      ? standstill.untilMs - time.nowMs
      : ms;
  };
  const timers: Timers = {
    now: () => time.nowMs,
    after: (ms, run) => time.after(awakeIn(ms), run),
    at: (dueMs, run) => time.after(awakeIn(dueMs - time.nowMs), run),
    every: (ms, run) => {
      let cancel = () => {};
      const next = () => {
        cancel = timers.after(ms, () => {
          next();
          run();
        });
      };
      next();
      return () => cancel();
    },
  };
  const atOnce = { ms: 0, urls: new Map<string, number>(), most: 0 };
  const sent = new Map<string, number>();
  let open = 0;
  let pausedSinceMs: number | undefined;
  let longestMs = 0;
  const pauseMs = () => (pausedSinceMs === undefined ? 0 : time.nowMs - pausedSinceMs);
  const begin = (url: string): number => {
    longestMs = Math.max(longestMs, pauseMs());
    pausedSinceMs = undefined;
    open += 1;
    const k = sent.get(url) ?? 0;
    sent.set(url, k + 1);
    if (atOnce.ms !== time.nowMs) atOnce.urls.clear();
    atOnce.ms = time.nowMs;
    atOnce.urls.set(url, (atOnce.urls.get(url) ?? 0) + 1);
    atOnce.most = Math.max(atOnce.most, atOnce.urls.get(url)!);
    return k;
  };
  const end = () => {
    open -= 1;
    if (open === 0) pausedSinceMs = time.nowMs;
  };
  const connect = ({ url }: LoadEndpoint): Transport => ({
    destroy: () => Promise.resolve(),
    send: (events) => {
      const { latencyMs, code } = service(url, begin(url));
      let isOpen = true;
      const once = (run: () => void) => {
        if (!isOpen) return;
        isOpen = false;
        end();
        run();
      };
      if (code === 'refused') {
        const error = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
        time.after(TURN_MS, () => once(() => events.failed(error)));
      } else {
        events.sent();
        if (code !== 'none')
          timers.after(latencyMs, () =>
            once(() => {
              events.answered(code);
              events.done(time.nowMs);
            }),
          );
      }
      const lease: Lease = { idleMs: 0, reused: false, abort: (error) => once(() => events.failed(error)) };
      return lease;
    },
  });
  let messages = 0;
  /** In order, as a port gives them. */
  const channel = () => {
    let lastMs = 0;
    return (run: () => void) => {
      lastMs = Math.max(lastMs, time.nowMs + delayMs(messages++));
      time.after(awakeIn(lastMs - time.nowMs), run);
    };
  };
  const startWorkers: StartWorkers = (plan, events) => {
    let isClosed = false;
    const senders = Array.from({ length: workers }, (_, index) => {
      const up = channel();
      const down = channel();
      const sender = new Sender(
        { plan, index, count: workers },
        {
          timers,
          connect,
          post: (report) =>
            up(() => {
              if (isClosed) return;
              time.letOthersRun();
              events.report(index, structuredClone(report));
            }),
        },
      );
      return (message: Parameters<Sender['receive']>[0]) => down(() => sender.receive(message));
    });
    events.ready();
    return {
      size: workers,
      now: () => time.nowMs,
      post: (message) => senders.forEach((send) => send(message)),
      close: () => {
        isClosed = true;
        senders.forEach((send) => send({ kind: 'kill' }));
        return Promise.resolve();
      },
    };
  };
  return { startWorkers, sent, longestPauseMs: () => Math.max(longestMs, pauseMs()), mostAtOnce: () => atOnce.most };
}
