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
 * About odds ratio 1 only: an odds ratio of 1.05 is not a rate ratio of 1.05 (docs/method.md 0.5).
 * Source: docs/method.md 1.4; for counts Lindon and Malek 2022 (arXiv 2011.03567), for strata Turner and Gruenwald 2023
 * (arXiv 2302.11401).
 */
import type { TwoSidedEvidence } from './comparison.ts';
import { firstWhere } from '../bisection.ts';
import { lnOfBets } from '../betting-grid.ts';
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
 * @throws when a count is not a whole number: shares that were only estimated are compared as means (`means-by-block.ts`).
 */
export function addOddsBlock(odds: Odds, { a, b }: CountBlock): Odds {
  if (![a.n, a.bad, b.n, b.bad].every((count) => Number.isSafeInteger(count)))
    throw new Error('internal error: a block of counts has a count that is not whole');
  const hits = a.bad + b.bad;
  if (a.n === 0 || b.n === 0 || hits === 0 || hits === a.n + b.n) return odds;
  const plain = lnHypergeometricSum({ a, b }, 0);
  // Moments about what was observed: of the hits of B for "above", of those that it lacks for "below".
  const gain = (slope: number) => slope * b.bad - (lnHypergeometricSum({ a, b }, slope) - plain);
  return {
    lnAbove: odds.lnAbove.map((wealth, i) => wealth + gain(SHIFTS[i]!)),
    lnBelow: odds.lnBelow.map((wealth, i) => wealth + gain(-SHIFTS[i]!)),
  };
}

/** ln of the evidence that B's share is below A's, and above it. */
export function lnOdds(odds: Odds): TwoSidedEvidence {
  return lnOfBets(odds);
}

/** Terms below this part of the largest are let go. */
const NEGLIGIBLE = 1e-18;

/**
 * ln of the sum over k of C(nB, k) C(nA, hits - k) e^(slope k): the terms rise to one place and then fall, so that only those around
 * it count, some ten standard deviations of millions.
 */
function lnHypergeometricSum({ a, b }: CountBlock, slope: number): number {
  const hits = a.bad + b.bad;
  const [first, last] = [Math.max(0, hits - a.n), Math.min(b.n, hits)];
  const tilt = Math.exp(slope);
  /** The term at k + 1 over that at k. */
  const ratio = (k: number) => (((b.n - k) * (hits - k)) / ((k + 1) * (a.n - hits + k + 1))) * tilt;
  const mode = first + firstWhere(last - first, (at) => ratio(first + at) <= 1);
  let sum = 1;
  for (let k = mode, term = 1; k < last && term > NEGLIGIBLE; k++) sum += term *= ratio(k);
  for (let k = mode, term = 1; k > first && term > NEGLIGIBLE; k--) sum += term /= ratio(k - 1);
  return Math.log(sum) + lnChoose(b.n, mode) + lnChoose(a.n, hits - mode) + slope * mode;
}

const lnChoose = (n: number, k: number): number => lnFactorial(n) - lnFactorial(k) - lnFactorial(n - k);

/** Factorials up to here are exact; beyond, Stirling's series is, to the last digits. */
const TABLE = 256;
const LN_FACTORIALS = new Float64Array(TABLE);
for (let n = 2; n < TABLE; n++) LN_FACTORIALS[n] = LN_FACTORIALS[n - 1]! + Math.log(n);

function lnFactorial(n: number): number {
  if (n < TABLE) return LN_FACTORIALS[n]!;
  const inverse = 1 / n;
  return (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + inverse / 12 - inverse ** 3 / 360;
}
