/**
 * Means of two versions over traffic that nobody paired: number and sum of each per block, values in [0, cap]. Rewards from
 * a metrics backend, and shares whose limit is not simply "as good as the other" (cap 1).
 *
 * In a block every value x of A is a factor 1 + a (x - m), every value of B a factor 1 - b (x - ratio m - plus), with
 * nA a = ratio nB b. At the limit the means are mu and ratio mu + plus for *some* mu, and by the inequality of arithmetic and
 * geometric means the expected product is at most 1 for every mu: nothing needs to be known of the common level, and it may
 * drift from block to block. (The other claim has the signs reversed.) m and the bets are fixed before the block is seen: m
 * is the level of the blocks before it, and the very first block only teaches the level and is not bet on.
 *
 * As in `rates-by-block.ts`, what is refuted is that B keeps beyond the limit in *every* block.
 *
 * Only sums are known, so each factor counts as if all values were 0 or cap, the least that it can be (the logarithm is
 * concave; "sub-Bernoulli", docs/method.md 1.3): valid, and exact for shares.
 *
 * The document gives only the outline ("valid by one line of AM-GM", "unpaired traffic: inf over mu_A"); this is its
 * blockwise reading, which pooling and weights that change cannot fool. Source: docs/method.md 1.3, 1.4; Turner, Ly and
 * Gruenwald (arXiv 2106.02693), Turner and Gruenwald 2023 (arXiv 2302.11401).
 */
import type { Comparison, TwoSidedEvidence } from './comparison.ts';
import { lnOfBets } from '../betting-grid.ts';

/** Number of values and their sum. */
export interface Amount {
  readonly n: number;
  readonly sum: number;
}

export interface AmountBlock {
  readonly a: Amount;
  readonly b: Amount;
}

/** Shares of the largest possible bet: geometric from 0.002 to 0.98. */
const BETS = Array.from({ length: 24 }, (_, i) => 0.002 * (0.98 / 0.002) ** (i / 23));

/** Log wealth of each bet at one limit, and what came before. Plain data: stored and resumed. */
export interface BlockMeans {
  readonly comparison: Comparison;
  readonly a: Amount;
  readonly b: Amount;
  readonly lnBelow: readonly number[];
  readonly lnAbove: readonly number[];
}

export function emptyBlockMeans(comparison: Comparison): BlockMeans {
  const nothing = BETS.map(() => 0);
  return { comparison, a: { n: 0, sum: 0 }, b: { n: 0, sum: 0 }, lnBelow: nothing, lnAbove: nothing };
}

/** The state after one more block. A block in which one version has nothing says nothing. */
export function addMeansBlock(state: BlockMeans, block: AmountBlock): BlockMeans {
  const { cap } = state.comparison;
  const { a, b } = { a: within(block.a, cap), b: within(block.b, cap) };
  if (a.n === 0 || b.n === 0) return state;
  const level = levelOf(state);
  const next = {
    ...state,
    a: { n: state.a.n + a.n, sum: state.a.sum + a.sum },
    b: { n: state.b.n + b.n, sum: state.b.sum + b.sum },
  };
  if (level === undefined) return next;
  const { ratio } = state.comparison;
  const { m, limit } = level;
  const each = ratio * (b.n / a.n);
  const mostBelow = Math.min(1 / (cap - limit), 1 / (each * m));
  const mostAbove = Math.min(1 / limit, 1 / (each * (cap - m)));
  const gain = (bet: number) =>
    lnFactors({ amount: a, center: m, cap }, bet * each) + lnFactors({ amount: b, center: limit, cap }, -bet);
  return {
    ...next,
    lnBelow: state.lnBelow.map((wealth, i) => wealth + gain(BETS[i]! * mostBelow)),
    lnAbove: state.lnAbove.map((wealth, i) => wealth + gain(-BETS[i]! * mostAbove)),
  };
}

/** ln of the evidence that B's mean is below ratio * A's + plus, and above it. */
export function lnBlockMeans(state: BlockMeans): TwoSidedEvidence {
  return lnOfBets(state);
}

/** A sum above what the cap allows counts as the cap allows; rounding must not make a factor negative. */
function within({ n, sum }: Amount, cap: number): Amount {
  return { n, sum: Math.min(Math.max(sum, 0), n * cap) };
}

/** Nearer to 0 or to the cap than this share of it, a level leaves no room for bets. */
const ROOM = 1e-4;

/** A's level as the blocks before show it, and the limit on B there. Undefined before the first, and without room. */
function levelOf({ a, b, comparison }: BlockMeans): { readonly m: number; readonly limit: number } | undefined {
  if (a.n === 0) return undefined;
  const { ratio, plus, cap } = comparison;
  const fromB = Math.min(Math.max((b.sum / b.n - plus) / ratio, 0), cap);
  const seen = (a.sum + b.n * fromB + cap / 2) / (a.n + b.n + 1);
  const least = Math.max(ROOM * cap, (ROOM * cap - plus) / ratio);
  const most = Math.min((1 - ROOM) * cap, ((1 - ROOM) * cap - plus) / ratio);
  if (least > most) return undefined;
  const m = Math.min(Math.max(seen, least), most);
  return { m, limit: ratio * m + plus };
}

/** The least that the sum of ln(1 + slope (x - center)) can be, given how many x there are and their sum. */
function lnFactors(
  { amount, center, cap }: { readonly amount: Amount; readonly center: number; readonly cap: number },
  slope: number,
): number {
  const full = amount.sum / cap;
  return full * Math.log1p(slope * (cap - center)) + (amount.n - full) * Math.log1p(-slope * center);
}
