/** Sends one worker's share of a closed loop: a connection that is free sends the next request. */
import type { LoadPlan } from '../../drive/ports.ts';
import { firstCaps, type Fire, type Pacing, type Until } from './pacing.ts';
import type { Timers } from './timers.ts';

export interface ClosedLoopOptions {
  readonly plan: LoadPlan;
  readonly index: number;
  readonly count: number;
  readonly timers: Timers;
  readonly fire: Fire;
  /** Whether one more request of this target may be under way. */
  readonly hasRoom: (target: number) => boolean;
  /** A slice into which requests may still come begins no earlier than this, ms. */
  readonly openFromMs: () => number;
}

export class ClosedLoop implements Pacing {
  readonly #options: ClosedLoopOptions;
  readonly #fired: { warmup: number; counted: number }[];
  readonly #warmup: number;
  #until: Until;
  #countsFromMs: number | undefined;
  #endAtMs = Number.POSITIVE_INFINITY;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #open = false;
  #stopped = false;
  #filling = false;

  constructor(options: ClosedLoopOptions) {
    const { plan, index, count } = options;
    this.#options = options;
    this.#warmup = share(plan.warmup?.requests ?? 0, index, count);
    this.#fired = plan.targets.map(() => ({ warmup: 0, counted: 0 }));
    this.#until = firstCaps(plan);
  }

  /** Its time is over, or every target has sent its share. */
  get isExhausted(): boolean {
    if (this.#stopped) return true;
    const nowMs = this.#options.timers.now();
    return this.#open && this.#fired.every((_, target) => !this.#wants(target, nowMs));
  }

  get countsFromMs(): number | undefined {
    return this.#countsFromMs;
  }

  earliestMs(): number {
    return Math.max(this.#options.timers.now(), this.#notEarlierMs);
  }

  get #notEarlierMs(): number {
    return Math.max(this.#options.openFromMs(), this.#notBeforeMs);
  }

  start(warmupMs: number, startMs: number): void {
    if (this.#warmup === 0) this.#countFrom(startMs);
    this.#fillAt(warmupMs);
  }

  setUntil(until: Until): void {
    this.#until = until;
    this.#fill();
  }

  startPiece({ startMs, until }: Parameters<Pacing['startPiece']>[0]): void {
    this.#notBeforeMs = startMs;
    this.setUntil(until);
  }

  freed(): void {
    this.#fill();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  /** The time of the load is that of what is counted: it begins when all are warm. */
  #countFrom(ms: number): void {
    const { plannedSeconds } = this.#options.plan;
    this.#countsFromMs = ms;
    if (plannedSeconds !== undefined) this.#endAtMs = ms + plannedSeconds * 1000;
  }

  #wants(target: number, nowMs: number): boolean {
    const { index, count } = this.#options;
    const { warmup, counted } = this.#fired[target]!;
    return (
      !this.#stopped &&
      nowMs < this.#endAtMs &&
      (warmup < this.#warmup || counted < share(this.#until[target]!, index, count))
    );
  }

  #fillAt(ms: number): void {
    const { timers } = this.#options;
    this.#cancel?.();
    this.#cancel = timers.after(Math.max(0, ms - timers.now()), () => {
      this.#cancel = undefined;
      this.#open = true;
      this.#fill();
    });
  }

  #fill(): void {
    // A request that fails at once frees its place while it is being sent.
    if (!this.#open || this.#filling || this.#stopped) return;
    const { plan, timers, fire, hasRoom } = this.#options;
    // After a pause: the slice of the last answer is reported as closed.
    let nowMs = timers.now();
    if (this.#notEarlierMs > nowMs) {
      this.#fillAt(this.#notEarlierMs);
      return;
    }
    this.#filling = true;
    for (let target = 0; target < plan.targets.length; target++) {
      const fired = this.#fired[target]!;
      // The clock is read once for each request: reading it costs as much as parsing an answer.
      for (let isRead = true; hasRoom(target); isRead = false) {
        if (!isRead) nowMs = timers.now();
        if (!this.#wants(target, nowMs)) break;
        const counted = fired.warmup >= this.#warmup;
        const tick = fired.warmup + fired.counted;
        if (counted) fired.counted += 1;
        else fired.warmup += 1;
        if (!counted && this.#fired.every((one) => one.warmup >= this.#warmup)) this.#countFrom(nowMs);
        fire({ target, tick, dueMs: nowMs, nowMs, counted });
      }
    }
    this.#filling = false;
  }
}

/** Of so many requests, those of this worker. */
function share(requests: number, index: number, count: number): number {
  return Math.max(0, Math.ceil((requests - index) / count));
}
