/** Pairs up, within one worker, the requests of a tick: those of one version with those of another, for each couple. */
import type { PairedSide, RequestPair } from '../../evidence/paired/request-pairs.ts';
import type { Outcome } from '../../evidence/slice-counts.ts';

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
  /** Couples whose pair is not taken out yet. */
  open: readonly number[];
}

/** Two targets; A is the first of their pairs. */
export interface TargetCouple {
  readonly a: number;
  readonly b: number;
}

export interface CouplePairs {
  /** Its position. */
  readonly couple: number;
  readonly slice: number;
  /** Where both requests went to an endpoint of this name. */
  readonly endpoint?: string | undefined;
  readonly pairs: readonly RequestPair[];
}

export class TickBook {
  readonly #couples: readonly TargetCouple[];
  readonly #ticks = new Map<number, Tick>();
  /** Ticks are begun in order: none below gets another request. */
  #newest = Number.NEGATIVE_INFINITY;

  constructor(couples: readonly TargetCouple[]) {
    this.#couples = couples;
  }

  /** A request was due. */
  open(tick: number, target: number, where: { readonly slice: number; readonly endpoint?: string | undefined }): void {
    const side: Side = { endpoint: where.endpoint, measured: undefined };
    this.#newest = Math.max(this.#newest, tick);
    const present = this.#ticks.get(tick);
    if (present === undefined) {
      const open = this.#couples.map((_, couple) => couple);
      this.#ticks.set(tick, { slice: where.slice, sides: new Map([[target, side]]), open });
    } else {
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

  /**
   * Takes out the pairs of closed slices; `frontier`: by target. A request whose partner never came pairs with nothing. It is waited
   * for while it may come: at a low rate a slice is closed before the other request of a tick is due.
   */
  take(frontier: (target: number) => number): CouplePairs[] {
    const taken: { couple: number; slice: number; endpoint?: string | undefined; pairs: RequestPair[] }[] = [];
    for (const [number, tick] of this.#ticks) {
      const { slice, sides } = tick;
      const isClosed = (target: number) => slice < frontier(target);
      const left: number[] = [];
      for (const couple of tick.open) {
        const { a, b } = this.#couples[couple]!;
        if (!isClosed(a) || !isClosed(b)) {
          left.push(couple);
          continue;
        }
        const [one, other] = [sides.get(a), sides.get(b)];
        if (one?.measured === undefined || other?.measured === undefined) {
          if (number === this.#newest) left.push(couple);
          continue;
        }
        const endpoint = commonEndpoint(one, other);
        const pair: RequestPair = [one.measured, other.measured];
        const last = taken.findLast((has) => has.couple === couple && has.slice === slice && has.endpoint === endpoint);
        if (last === undefined) taken.push({ couple, slice, ...named(endpoint), pairs: [pair] });
        else last.pairs.push(pair);
      }
      tick.open = left;
      if (left.length === 0) this.#ticks.delete(number);
    }
    return taken;
  }

  /**
   * All that is left, as if the worker died now: what is unresolved took until the timeout and failed where that speaks for a
   * claim's opposite, and took nothing elsewhere.
   */
  checkpoint(capMs: number): Omit<CouplePairs, 'slice'>[] {
    const unresolved: PairedSide = [capMs, 0, 1, 0];
    const left: { couple: number; endpoint?: string | undefined; pairs: RequestPair[] }[] = [];
    for (const { sides, open } of this.#ticks.values()) {
      for (const couple of open) {
        const { a, b } = this.#couples[couple]!;
        const [one, other] = [sides.get(a), sides.get(b)];
        if (one === undefined || other === undefined) continue;
        const endpoint = commonEndpoint(one, other);
        const pair: RequestPair = [one.measured ?? unresolved, other.measured ?? unresolved];
        const present = left.find((has) => has.couple === couple && has.endpoint === endpoint);
        if (present === undefined) left.push({ couple, ...named(endpoint), pairs: [pair] });
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
