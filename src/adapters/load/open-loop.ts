/** Sends one worker's share of a schedule: every request when it is due, whatever became of those before it. */
import type { LoadPlan } from '../../drive/ports.ts';
import { firstCaps, type Fire, type Pacing, type Until } from './pacing.ts';
import { Schedule } from './schedule.ts';
import type { Timers } from './timers.ts';

/** Waiting for each slot pays only where they are far apart; beyond this rate plain timers do, a few requests at a time. */
const PRECISE_UP_TO_PER_SEC = 2_000;
/**
 * A thread that comes back after so long was stopped, suspended with its machine, or without a core. What was due meanwhile is left
 * out: sent at once, it would be a burst that nobody asked for, and what the service answers to that would count against it.
 */
const STANDSTILL_MS = 1_000;

export interface OpenLoopOptions {
  readonly plan: LoadPlan;
  readonly index: number;
  readonly count: number;
  readonly timers: Timers;
  readonly fire: Fire;
  /** A slice into which requests may still come begins no earlier than this, ms. */
  readonly openFromMs: () => number;
  /** A request of this target was due while we stood still: it is not sent. */
  readonly missed: (target: number) => void;
}

export class OpenLoop implements Pacing {
  readonly #options: OpenLoopOptions;
  readonly #schedule: Schedule;
  readonly #targets: number;
  readonly #isPrecise: boolean;
  #until: Until;
  #nextSlot = 0;
  #startMs = 0;
  #cancel: (() => void) | undefined;
  #started = false;
  #stopped = false;
  #exhausted = false;

  constructor(options: OpenLoopOptions) {
    const { plan, count } = options;
    this.#options = options;
    this.#targets = plan.targets.length;
    this.#schedule = new Schedule({ targets: this.#targets, ratePerSec: plan.ratePerSec, seed: plan.seed });
    this.#isPrecise = (plan.ratePerSec * this.#targets) / count <= PRECISE_UP_TO_PER_SEC;
    this.#until = firstCaps(plan);
  }

  get isExhausted(): boolean {
    return this.#exhausted || this.#stopped;
  }

  get countsFromMs(): number | undefined {
    return this.#started ? this.#startMs : undefined;
  }

  earliestMs(): number {
    return this.isExhausted ? Number.POSITIVE_INFINITY : this.#schedule.dueMs(this.#nextSlot);
  }

  start(_warmupMs: number, startMs: number): void {
    this.#startMs = startMs;
    this.#started = true;
    this.#schedule.startPiece(startMs, 0);
    this.#nextSlot = this.#firstOwnSlot(-(this.#options.plan.warmup?.requests ?? 0) * this.#targets);
    this.#arm();
  }

  setUntil(until: Until): void {
    // Ticks whose time has passed were never promised to anybody: they are left out, not caught up with.
    if (this.#exhausted) this.#skipPast();
    this.#until = until;
    if (this.#started) this.#arm();
  }

  startPiece({ startMs, firstTick, until }: Parameters<Pacing['startPiece']>[0]): void {
    this.#schedule.startPiece(startMs, firstTick);
    this.#nextSlot = this.#firstOwnSlot(firstTick * this.#targets);
    this.#skipPast(); // when this message comes late
    this.#until = until;
    this.#arm();
  }

  freed(): void {}

  stop(): void {
    this.#stopped = true;
    this.#disarm();
  }

  /** The first slot of the first tick of ours that begins at or after this slot. */
  #firstOwnSlot(from: number): number {
    const { index, count } = this.#options;
    const tick = Math.ceil(from / this.#targets);
    const over = (((tick - index) % count) + count) % count;
    return (over === 0 ? tick : tick + count - over) * this.#targets;
  }

  /** Nothing may come into a slice that was reported as closed. */
  #skipPast(): void {
    const from = Math.max(this.#options.timers.now(), this.#options.openFromMs());
    this.#nextSlot = Math.max(this.#nextSlot, this.#firstOwnSlot(this.#schedule.firstSlotFrom(from)));
  }

  #arm(): void {
    if (this.#stopped) return;
    this.#disarm();
    this.#exhausted = false;
    this.#tick();
  }

  /** Ticks as a whole: what is left out of one version is left out of those that it is paired with. */
  #leaveOutMissed(): void {
    const from = this.#nextSlot;
    if (this.#options.timers.now() - this.#schedule.dueMs(from) < STANDSTILL_MS) return;
    this.#skipPast();
    const end = Math.min(this.#nextSlot, this.#endSlot);
    for (let slot = from; slot < end; slot = this.#nextOwnSlot(slot)) {
      const { tick, target } = this.#schedule.slot(slot);
      if (tick < this.#until[target]! && this.#schedule.dueMs(slot) >= this.#startMs) this.#options.missed(target);
    }
  }

  get #endSlot(): number {
    return Math.max(...this.#until) * this.#targets;
  }

  #nextOwnSlot(slot: number): number {
    return (slot + 1) % this.#targets === 0 ? this.#firstOwnSlot(slot + 1) : slot + 1;
  }

  readonly #tick = (): void => {
    this.#cancel = undefined;
    if (this.#stopped) return;
    this.#leaveOutMissed();
    const end = this.#endSlot;
    for (;;) {
      if (this.#nextSlot >= end) {
        this.#exhausted = true;
        return;
      }
      const dueMs = this.#schedule.dueMs(this.#nextSlot);
      const nowMs = this.#options.timers.now();
      if (dueMs > nowMs) {
        this.#wait(dueMs, nowMs);
        return;
      }
      const { tick, target } = this.#schedule.slot(this.#nextSlot);
      this.#nextSlot = this.#nextOwnSlot(this.#nextSlot);
      if (tick < this.#until[target]!)
        this.#options.fire({ target, tick: Math.abs(tick), dueMs, nowMs, counted: dueMs >= this.#startMs });
    }
  };

  #wait(dueMs: number, nowMs: number): void {
    const { timers } = this.#options;
    this.#cancel = this.#isPrecise ? timers.at(dueMs, this.#tick) : timers.after(dueMs - nowMs, this.#tick);
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
