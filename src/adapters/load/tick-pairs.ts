/** Pairs up, within one worker, the requests of a tick: those of the baseline with those of every other version. */
import type { PairedSide, RequestPair } from '../../evidence/paired/request-pairs.ts';
import type { Outcome } from './slice-counts.ts';

interface Tick {
  /** The latest of the slices of its requests. */
  slice: number;
  /** By target; null until resolved. */
  readonly sides: Map<number, PairedSide | null>;
}

export interface TargetPairs {
  readonly target: number;
  readonly slice: number;
  readonly pairs: readonly RequestPair[];
}

export class TickBook {
  readonly #baseline: number;
  readonly #ticks = new Map<number, Tick>();

  constructor(baseline: number) {
    this.#baseline = baseline;
  }

  /** A request was due. */
  open(tick: number, target: number, slice: number): void {
    const present = this.#ticks.get(tick);
    if (present === undefined) this.#ticks.set(tick, { slice, sides: new Map([[target, null]]) });
    else {
      present.slice = Math.max(present.slice, slice);
      present.sides.set(target, null);
    }
  }

  resolve(tick: number, target: number, outcome: Outcome): void {
    this.#ticks
      .get(tick)
      ?.sides.set(target, [
        outcome.responseMs,
        outcome.sent ? outcome.serviceMs : 0,
        Number(outcome.responseError),
        Number(outcome.sent && outcome.serviceError),
      ]);
  }

  /** It was never sent, since the load was stopped: it pairs with nothing. */
  forget(tick: number, target: number): void {
    this.#ticks.get(tick)?.sides.delete(target);
  }

  /** Takes out the ticks of closed slices; `frontier`: by target. A request without a partner pairs with nothing. */
  take(frontier: (target: number) => number): TargetPairs[] {
    const taken: { target: number; slice: number; pairs: RequestPair[] }[] = [];
    for (const [number, { slice, sides }] of this.#ticks) {
      const base = sides.get(this.#baseline);
      let isLeft = false;
      for (const [target, side] of sides) {
        if (target === this.#baseline) continue;
        if (slice >= Math.min(frontier(target), frontier(this.#baseline))) {
          isLeft = true;
          continue;
        }
        sides.delete(target);
        if (base === undefined || base === null || side === null) continue;
        const last = taken.findLast((one) => one.target === target && one.slice === slice);
        if (last === undefined) taken.push({ target, slice, pairs: [[base, side]] });
        else last.pairs.push([base, side]);
      }
      if (!isLeft && slice < frontier(this.#baseline)) this.#ticks.delete(number);
    }
    return taken;
  }

  /**
   * All that is left, as if the worker died now: what is unresolved took until the timeout and failed where that speaks for a
   * claim's opposite, and took nothing elsewhere.
   */
  checkpoint(capMs: number): Omit<TargetPairs, 'slice'>[] {
    const unresolved: PairedSide = [capMs, 0, 1, 0];
    const left = new Map<number, RequestPair[]>();
    for (const { sides } of this.#ticks.values()) {
      const base = sides.get(this.#baseline);
      if (base === undefined) continue;
      for (const [target, side] of sides) {
        if (target === this.#baseline) continue;
        const pairs = left.get(target) ?? [];
        pairs.push([base ?? unresolved, side ?? unresolved]);
        left.set(target, pairs);
      }
    }
    return [...left].map(([target, pairs]) => ({ target, pairs }));
  }
}
