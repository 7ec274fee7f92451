/**
 * Means of two versions (latency, a reward with a cap), from randomised pairs of one schedule: bets on
 * D = x_B - ratio x_A - plus, which lies in [-(ratio cap + plus), cap - plus].
 *
 * Values above the cap count as the cap: the claim is about the mean of min(x, cap), as in `mean-bounds.ts`. The bets are constant,
 * so the order of the pairs does not matter, and drift cannot fool them (docs/method.md 1.0).
 *
 * There are no bounds: they would need the pairs themselves, not the wealth at one limit, and the document gives none.
 * Source: docs/method.md 0.5, 1.4.
 */
import type { Comparison, TwoSidedEvidence } from '../two-versions/comparison.ts';
import { DIFFERENCE_BETS, lnOfBets, NODES } from '../betting-grid.ts';

/** Log wealth of each bet at one limit. Plain data: stored and resumed. */
export interface MeanPairs {
  readonly comparison: Comparison;
  /** Pairs, and the sums of their values (capped), for point estimates. */
  readonly n: number;
  readonly sumA: number;
  readonly sumB: number;
  readonly lnBelow: readonly number[];
  readonly lnAbove: readonly number[];
}

export function emptyMeanPairs(comparison: Comparison): MeanPairs {
  const nothing = Array.from({ length: NODES }, () => 0);
  return { comparison, n: 0, sumA: 0, sumB: 0, lnBelow: nothing, lnAbove: nothing };
}

/** One pair: values of A and of B, 0 or more, in the unit of the cap. */
export type ValuePair = readonly [a: number, b: number];

/** The state after some more pairs, each resolved on both sides. */
export function addMeanPairs(state: MeanPairs, pairs: readonly ValuePair[]): MeanPairs {
  const { ratio, plus, cap } = state.comparison;
  const lnBelow = Float64Array.from(state.lnBelow);
  const lnAbove = Float64Array.from(state.lnAbove);
  let { sumA, sumB } = state;
  for (const [writtenA, writtenB] of pairs) {
    const a = Math.min(writtenA, cap);
    const b = Math.min(writtenB, cap);
    sumA += a;
    sumB += b;
    const difference = b - ratio * a - plus;
    for (let j = 0; j < NODES; j++) {
      const bet = DIFFERENCE_BETS[j]! * difference;
      lnBelow[j]! += Math.log1p(-bet / (cap - plus));
      lnAbove[j]! += Math.log1p(bet / (ratio * cap + plus));
    }
  }
  return { ...state, n: state.n + pairs.length, sumA, sumB, lnBelow: [...lnBelow], lnAbove: [...lnAbove] };
}

/** ln of the evidence that B's mean is below ratio * A's + plus, and above it. */
export function lnMeanPairs(state: MeanPairs): TwoSidedEvidence {
  return lnOfBets(state);
}
