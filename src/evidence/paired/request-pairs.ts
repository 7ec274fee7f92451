/**
 * Requests of a candidate and of the baseline that were due in the same tick of one schedule: what a relative limit on error
 * rates, means and percentiles is judged on (docs/method.md 0.5). Requests without a partner are not compared: the
 * baseline may be loaded on its own for a while, when everything is faster or slower than before.
 *
 * Two claims are made of them, each in the views in which our own lateness can only harm it (docs/method.md 0.2):
 * "below" takes the candidate's response and the baseline's service times, "above" the other way round. What was never
 * sent, or is not resolved when a run is killed, takes nothing of either, or the timeout and an error, by the same
 * rule.
 */
import type { Comparison } from '../two-versions/comparison.ts';
import { addMeanPairs, emptyMeanPairs, type MeanPairs, type ValuePair } from './paired-means.ts';
import {
  addPercentilePairs,
  addPercentileTallies,
  emptyPercentilePairs,
  type PercentileLimit,
  type PercentilePairs,
} from './paired-percentiles.ts';
import { addSharePairs, EMPTY_SHARE_PAIRS, type SharePairs } from './paired-rates.ts';

/** One request in both views: latencies in ms, errors as 0 or 1. */
export type PairedSide = readonly [responseMs: number, serviceMs: number, responseError: number, serviceError: number];

/** Baseline, candidate. */
export type RequestPair = readonly [baseline: PairedSide, candidate: PairedSide];

/** What two claims rest on. */
export interface BothClaims<T> {
  readonly below: T;
  readonly above: T;
}

/** What the claims about a mean rest on, and what is shown of it. */
export interface PairedMean extends BothClaims<MeanPairs> {
  /** Of the pairs of which both requests were sent and resolved: response times up to the cap. */
  readonly shown?: { readonly n: number; readonly sumA: number; readonly sumB: number } | undefined;
}

/** Everything that is kept of the pairs of one candidate. Plain data that adds up. */
export interface PairTally {
  readonly n: number;
  readonly errors: BothClaims<SharePairs>;
  /** By limit: see `comparisonKey`. */
  readonly means: Readonly<Record<string, PairedMean>>;
  /** By limit: see `percentileKey`. */
  readonly percentiles?: Readonly<Record<string, PercentilePairs>> | undefined;
}

export const EMPTY_PAIR_TALLY: PairTally = {
  n: 0,
  errors: { below: EMPTY_SHARE_PAIRS, above: EMPTY_SHARE_PAIRS },
  means: {},
};

export function comparisonKey({ ratio, plus, cap }: Comparison): string {
  return `${ratio} ${plus} ${cap}`;
}

export function percentileKey({ percent, ratio, plus }: PercentileLimit): string {
  return `${percent} ${ratio} ${plus}`;
}

/**
 * The tally after some more pairs; means and percentiles are followed at these limits, each once, however many ask for it: relative
 * limits of two endpoints, or one and the margin of a reward, may be the same.
 */
export function addPairs(
  tally: PairTally,
  pairs: readonly RequestPair[],
  limits: readonly Comparison[],
  percentileLimits: readonly PercentileLimit[] = [],
): PairTally {
  if (pairs.length === 0) return tally;
  const below = pairs.map(([a, b]): ValuePair => [a[1], b[0]]);
  const above = pairs.map(([a, b]): ValuePair => [a[0], b[1]]);
  const means: Record<string, PairedMean> = { ...tally.means };
  for (const [key, limit] of byKey(limits, comparisonKey)) {
    const present: PairedMean = means[key] ?? { below: emptyMeanPairs(limit), above: emptyMeanPairs(limit) };
    means[key] = {
      below: addMeanPairs(present.below, below),
      above: addMeanPairs(present.above, above),
      shown: addShown(present.shown, shownOf(pairs, limit.cap)),
    };
  }
  const percentiles: Record<string, PercentilePairs> = { ...tally.percentiles };
  for (const [key, limit] of byKey(percentileLimits, percentileKey)) {
    percentiles[key] = addPercentilePairs(percentiles[key] ?? emptyPercentilePairs(limit), { below, above });
  }
  return {
    n: tally.n + pairs.length,
    errors: {
      below: addSharePairs(tally.errors.below, hits(pairs.map(([a, b]) => [a[3], b[2]]))),
      above: addSharePairs(tally.errors.above, hits(pairs.map(([a, b]) => [a[2], b[3]]))),
    },
    means,
    ...(Object.keys(percentiles).length === 0 ? {} : { percentiles }),
  };
}

const byKey = <T>(limits: readonly T[], keyOf: (limit: T) => string): ReadonlyMap<string, T> =>
  new Map(limits.map((limit) => [keyOf(limit), limit]));

function hits(pairs: readonly ValuePair[]): SharePairs {
  const count = (a: number, b: number) => pairs.filter((pair) => pair[0] === a && pair[1] === b).length;
  return { neither: count(0, 0), onlyA: count(1, 0), onlyB: count(0, 1), both: count(1, 1) };
}

/** The union of two disjoint sets of pairs. A limit that only one of them followed is left out: it knows not all. */
export function addPairTally(one: PairTally, other: PairTally): PairTally {
  if (one.n === 0) return other;
  if (other.n === 0) return one;
  const percentiles = inBoth(one.percentiles ?? {}, other.percentiles ?? {}, addPercentileTallies);
  return {
    n: one.n + other.n,
    errors: {
      below: addSharePairs(one.errors.below, other.errors.below),
      above: addSharePairs(one.errors.above, other.errors.above),
    },
    means: inBoth(one.means, other.means, (x, y) => ({
      below: joined(x.below, y.below),
      above: joined(x.above, y.above),
      shown: addShown(x.shown, y.shown),
    })),
    ...(Object.keys(percentiles).length === 0 ? {} : { percentiles }),
  };
}

type Shown = NonNullable<PairedMean['shown']>;

/** A request that was not sent, or not resolved when a run was killed, has no service time. */
function shownOf(pairs: readonly RequestPair[], cap: number): Shown {
  const resolved = pairs.filter(([a, b]) => a[1] > 0 && b[1] > 0);
  const sum = (side: 0 | 1) => resolved.reduce((total, pair) => total + Math.min(pair[side][0], cap), 0);
  return { n: resolved.length, sumA: sum(0), sumB: sum(1) };
}

function addShown(one: Shown = NOTHING_SHOWN, other: Shown = NOTHING_SHOWN): Shown {
  return { n: one.n + other.n, sumA: one.sumA + other.sumA, sumB: one.sumB + other.sumB };
}

const NOTHING_SHOWN: Shown = { n: 0, sumA: 0, sumB: 0 };

function inBoth<T>(
  one: Readonly<Record<string, T>>,
  other: Readonly<Record<string, T>>,
  add: (x: T, y: T) => T,
): Record<string, T> {
  const keys = Object.keys(one).filter((key) => Object.hasOwn(other, key));
  return Object.fromEntries(keys.map((key) => [key, add(one[key]!, other[key]!)]));
}

/** Log wealth adds up: it is a sum over pairs. */
function joined(one: MeanPairs, other: MeanPairs): MeanPairs {
  const sum = (a: readonly number[], b: readonly number[]) => a.map((value, index) => value + b[index]!);
  return {
    comparison: one.comparison,
    n: one.n + other.n,
    sumA: one.sumA + other.sumA,
    sumB: one.sumB + other.sumB,
    lnBelow: sum(one.lnBelow, other.lnBelow),
    lnAbove: sum(one.lnAbove, other.lnAbove),
  };
}
