/**
 * What one run says about one of its quantities (a share, a mean, a percentile): for each level the evidence that the quantity is
 * below it, and that it is above. Two of these are compared by `difference.ts`.
 *
 * Evidence is kept in steps: levels that the data, or a grid, gives. Between two of them the weaker one counts, so that a claim can
 * only lose by it.
 */
/** `ln[i]` is the evidence at every level beyond `at[i]` as far as the next step: above it for `below`, under it for `above`. */
export interface Steps {
  /** Increasing. */
  readonly at: readonly number[];
  /** Increasing with the level for `below`, decreasing for `above`. */
  readonly ln: readonly number[];
}

export interface LevelEvidence {
  /** That the quantity is below. */
  readonly below: Steps;
  readonly above: Steps;
  /** The quantity cannot be smaller. */
  readonly least: number;
  /** Nor larger; Infinity where that is not known. */
  readonly most: number;
}

/** Nothing is known on that side. */
export const NO_STEPS: Steps = { at: [], ln: [] };

/**
 * A part of the capital is never bet, so that the evidence at no level is less than this: what is far from one of two quantities
 * needs no second look, and costs the other at most this (docs/method.md 1.9).
 */
const RESERVE = 1 / 16;
export const LN_RESERVE = Math.log(RESERVE);

/** The evidence with the reserve: (1 - w) E + w. */
export function withReserve(ln: number): number {
  const bet = ln + Math.log1p(-RESERVE);
  const most = Math.max(bet, LN_RESERVE);
  return most + Math.log(Math.exp(bet - most) + Math.exp(LN_RESERVE - most));
}

/** Where the evidence of one side matters: from no more than the reserve to what is enough whatever the other side says. */
export function window(lnNeeded: number): { readonly from: number; readonly to: number } {
  return { from: LN_RESERVE - 1, to: lnNeeded - 2 * LN_RESERVE };
}

const STEPS = 32;
/** Of the logarithm of the level, between the most and this part of it. */
const SMALLEST = 1e-9;
const HALVINGS = 40;
/** An end of the window may be so much too far out. */
const NEAR = 1;

/** Steps of evidence that is a continuous function of the level, from 0 to `most`: `below` rises with it, `above` falls. */
export function tabulated(
  lnAt: (level: number) => number,
  { side, most, lnNeeded }: { readonly side: 'below' | 'above'; readonly most: number; readonly lnNeeded: number },
): Steps {
  const { from, to } = window(lnNeeded);
  /** A level at which the evidence is beyond this one, and hardly more: as far out as there is. */
  const place = (beyond: (ln: number) => number, end: 'low' | 'high') => {
    let [low, high] = [Math.log(SMALLEST), 0];
    for (let halving = 0; halving < HALVINGS; halving++) {
      const middle = (low + high) / 2;
      const excess = beyond(lnAt(most * Math.exp(middle)));
      if (excess >= 0 && excess <= NEAR) return most * Math.exp(middle);
      if (excess >= 0 === (end === 'high')) high = middle;
      else low = middle;
    }
    return most * Math.exp(end === 'high' ? high : low);
  };
  const isRising = side === 'below';
  const start = isRising ? place((ln) => from - ln, 'low') : place((ln) => ln - to, 'low');
  const end = isRising ? place((ln) => ln - to, 'high') : place((ln) => from - ln, 'high');
  const at: number[] = [];
  const ln: number[] = [];
  for (let step = 0; step <= STEPS; step++) {
    const level = start + ((end - start) * step) / STEPS;
    if (level >= most || level === at.at(-1)) continue;
    at.push(level);
    ln.push(lnAt(level));
  }
  return { at, ln };
}
