/** Pairs up, within one worker, the requests of a tick: those of the baseline with those of every other version. */
import type { PairedSide, RequestPair } from '../../evidence/paired/request-pairs.ts';
import type { Outcome } from './slice-counts.ts';

interface Side {
  readonly endpoint: string | undefined;
  /** Undefined until resolved. */
  measured: PairedSide | undefined;
}

interface Tick {
  /** The latest of the slices of its requests. */
  slice: number;
  /** By target. */
  readonly sides: Map<number, Side>;
}

export interface TargetPairs {
  readonly target: number;
  readonly slice: number;
  /** Where both requests went to an endpoint of this name. */
  readonly endpoint?: string | undefined;
  readonly pairs: readonly RequestPair[];
}

export class TickBook {
  readonly #baseline: number;
  readonly #ticks = new Map<number, Tick>();

  constructor(baseline: number) {
    this.#baseline = baseline;
  }

  /** A request was due. */
  open(tick: number, target: number, where: { readonly slice: number; readonly endpoint?: string | undefined }): void {
    const side: Side = { endpoint: where.endpoint, measured: undefined };
    const present = this.#ticks.get(tick);
    if (present === undefined) this.#ticks.set(tick, { slice: where.slice, sides: new Map([[target, side]]) });
    else {
      present.slice = Math.max(present.slice, where.slice);
      present.sides.set(target, side);
    }
  }

  resolve(tick: number, target: number, outcome: Outcome): void {
    const side = this.#ticks.get(tick)?.sides.get(target);
    if (side === undefined) return;
    side.measured = [
      outcome.responseMs,
      outcome.sent ? outcome.serviceMs : 0,
      Number(outcome.responseError),
      Number(outcome.sent && outcome.serviceError),
    ];
  }

  /** It was never sent, since the load was stopped: it pairs with nothing. */
  forget(tick: number, target: number): void {
    this.#ticks.get(tick)?.sides.delete(target);
  }

  /** Takes out the ticks of closed slices; `frontier`: by target. A request without a partner pairs with nothing. */
  take(frontier: (target: number) => number): TargetPairs[] {
    const taken: { target: number; slice: number; endpoint?: string | undefined; pairs: RequestPair[] }[] = [];
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
        if (base?.measured === undefined || side.measured === undefined) continue;
        const endpoint = commonEndpoint(base, side);
        const pair: RequestPair = [base.measured, side.measured];
        const last = taken.findLast((one) => one.target === target && one.slice === slice && one.endpoint === endpoint);
        if (last === undefined) taken.push({ target, slice, ...named(endpoint), pairs: [pair] });
        else last.pairs.push(pair);
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
    const left: { target: number; endpoint?: string | undefined; pairs: RequestPair[] }[] = [];
    for (const { sides } of this.#ticks.values()) {
      const base = sides.get(this.#baseline);
      if (base === undefined) continue;
      for (const [target, side] of sides) {
        if (target === this.#baseline) continue;
        const endpoint = commonEndpoint(base, side);
        const pair: RequestPair = [base.measured ?? unresolved, side.measured ?? unresolved];
        const present = left.find((one) => one.target === target && one.endpoint === endpoint);
        if (present === undefined) left.push({ target, ...named(endpoint), pairs: [pair] });
        else present.pairs.push(pair);
      }
    }
    return left;
  }
}

function commonEndpoint(one: Side, other: Side): string | undefined {
  return one.endpoint === other.endpoint ? one.endpoint : undefined;
}

const named = (endpoint: string | undefined) => (endpoint === undefined ? {} : { endpoint });
