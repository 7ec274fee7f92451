/**
 * Which of two versions has the larger share (errors, conversions, requests above a latency limit), from counts per block.
 *
 * Given the totals of a block the number of hits in B is hypergeometric when the shares are equal, whatever they are: the
 * evidence is exact for any split, and neither a common drift nor weights that change between blocks matter. A block should
 * be short relative to the drift: an iteration, a loop or a scrape.
 *
 * What is refuted is that B is at least as good (or as bad) as A in *every* block; where the better one changes from block to
 * block, that says less than a comparison of averages would.
 *
 * About odds ratio 1 only: an odds ratio of 1.05 is not a rate ratio of 1.05 (statistics.md 0.5).
 * Source: statistics.md 1.4; for counts Lindon and Malek 2022 (arXiv 2011.03567), for strata Turner and Gruenwald 2023
 * (arXiv 2302.11401).
 */
import type { TwoSidedEvidence } from './comparison.ts';
import { lnMeanExp } from '../betting-grid.ts';
import type { Count } from '../request-tally.ts';

/** The log odds ratios that are bet on: geometric from 0.03 to 2. */
const SHIFTS = Array.from({ length: 16 }, (_, i) => 0.03 * (2 / 0.03) ** (i / 15));

/** Log wealth of each bet. Plain data: stored and resumed. */
export interface Odds {
  readonly lnBelow: readonly number[];
  readonly lnAbove: readonly number[];
}

export const EMPTY_ODDS: Odds = { lnBelow: SHIFTS.map(() => 0), lnAbove: SHIFTS.map(() => 0) };

/** What was counted of both versions in one block; `bad` are the hits, good or bad. */
export interface CountBlock {
  readonly a: Count;
  readonly b: Count;
}

/**
 * The state after one more block. A block in which one version has nothing, or in which all or none were hits, says nothing.
 *
 * @throws when a count is not a whole number: shares that were only estimated are compared as means (`block-means.ts`).
 */
export function addOddsBlock(odds: Odds, { a, b }: CountBlock): Odds {
  if (![a.n, a.bad, b.n, b.bad].every((count) => Number.isSafeInteger(count)))
    throw new Error('internal error: a block of counts has a count that is not whole');
  const hits = a.bad + b.bad;
  if (a.n === 0 || b.n === 0 || hits === 0 || hits === a.n + b.n) return odds;
  const first = Math.max(0, hits - a.n);
  const weights = lnWeights({ a, b }, first);
  // Moments about what was observed: of the hits of B for "above", of those that it lacks for "below".
  const at = first - b.bad;
  return {
    lnAbove: odds.lnAbove.map((wealth, i) => wealth - lnMoment(weights, { at, slope: SHIFTS[i]! })),
    lnBelow: odds.lnBelow.map((wealth, i) => wealth - lnMoment(weights, { at, slope: -SHIFTS[i]! })),
  };
}

/** ln of the evidence that B's share is below A's, and above it. */
export function lnOdds(odds: Odds): TwoSidedEvidence {
  return { lnBelow: lnMeanExp(odds.lnBelow), lnAbove: lnMeanExp(odds.lnAbove) };
}

/** ln of the hypergeometric probability of each possible number of hits in B, from `first` on. */
function lnWeights({ a, b }: CountBlock, first: number): Float64Array {
  const hits = a.bad + b.bad;
  const last = Math.min(b.n, hits);
  const weights = new Float64Array(last - first + 1);
  for (let k = first; k < last; k++) {
    // C(nB,k+1) C(nA,s-k-1) over C(nB,k) C(nA,s-k)
    const ratio = ((b.n - k) * (hits - k)) / ((k + 1) * (a.n - hits + k + 1));
    weights[k - first + 1] = weights[k - first]! + Math.log(ratio);
  }
  const total = lnMoment(weights, { at: 0, slope: 0 });
  return weights.map((weight) => weight - total);
}

/** ln of the sum of e^(weight + slope (at + index)). */
function lnMoment(weights: Float64Array, { at, slope }: { readonly at: number; readonly slope: number }): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < weights.length; i++) largest = Math.max(largest, weights[i]! + slope * (at + i));
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += Math.exp(weights[i]! + slope * (at + i) - largest);
  return largest + Math.log(sum);
}
