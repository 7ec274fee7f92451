/**
 * Requests, or pairs of requests, until a mean is decided: the rule itself, played some hundred times with values of an
 * assumed or measured distribution (seeded: the same question has the same answer). What takes very long is worked out from the
 * information in one request. Source: docs/method.md 0.5, 0.10, 1.7.
 */
import { aboveBetsForMean, BELOW_BETS, DIFFERENCE_BETS, lnMeanExp, NODES } from '../betting-grid.ts';
import type { Comparison } from '../two-versions/comparison.ts';
import { joined, quantileOf, type Distribution } from './distribution.ts';
import { plannedUniform } from './planned-uniform.ts';
import { fromInformation, fromRuns, NEVER, NONE, type NeededRequests } from './quantiles.ts';

export interface MeanQuestion {
  readonly values: Distribution;
  readonly limit: number;
  /** Values above it count as it. */
  readonly cap: number;
  /** Of the limit: "at most" is shown by values below it. */
  readonly side: 'upper' | 'lower';
  readonly lnThreshold: number;
}

/** Requests until the limit on a mean is satisfied. A lower limit of 0 holds by itself. */
export function requestsForMean({ values, limit, cap, side, lnThreshold }: MeanQuestion): NeededRequests {
  if (limit <= 0) return side === 'lower' ? NONE : NEVER;
  if (limit >= cap) return side === 'lower' ? NEVER : NONE;
  const gains = values.map(([value, weight]) => {
    const x = Math.min(value, cap);
    return [side === 'upper' ? (limit - x) / (cap - limit) : (x - limit) / limit, weight] as const;
  });
  return passage(gains, side === 'upper' ? BELOW_BETS : aboveBetsForMean(limit, cap), lnThreshold);
}

export interface PairsQuestion {
  /** Of both versions; they are independent of one another. */
  readonly a: Distribution;
  readonly b: Distribution;
  readonly comparison: Comparison;
  readonly lnThreshold: number;
}

/** Values at which the difference of two versions stands for itself. */
const DIFFERENCES = 200;

/** Pairs until the mean of B is shown to be below ratio * A's + plus. A share is a mean of zeros and ones, with a cap of 1. */
export function pairsForMean({ a, b, comparison, lnThreshold }: PairsQuestion): NeededRequests {
  const { ratio, plus, cap } = comparison;
  const gains = a.flatMap(([x, weightA]) =>
    b.map(([y, weightB]): readonly [number, number] => [
      -(Math.min(y, cap) - ratio * Math.min(x, cap) - plus) / (cap - plus),
      weightA * weightB,
    ]),
  );
  const sorted = gains.toSorted(([x], [y]) => x - y);
  return passage(sorted.length > DIFFERENCES ? joined(sorted, DIFFERENCES) : sorted, DIFFERENCE_BETS, lnThreshold);
}

/** A share as a distribution of zeros and ones. */
export const shareOf = (share: number): Distribution => [
  [0, 1 - share],
  [1, share],
];

/** Pairs of means cost in proportion to the cap: beyond this part of the requests values say little. */
const CAPPED_PART = 0.999;
/** A cap is proposed when it makes the comparison so much cheaper. */
const WORTH = 2;

/**
 * A cap (1, 2 or 5 times a power of ten, at least what nearly all values are) with which the comparison takes at most half as
 * many pairs as with the present one, which takes `instead`; undefined when there is none.
 */
export function cheaperCap(
  question: PairsQuestion,
  instead: NeededRequests,
): { readonly cap: number; readonly pairs: NeededRequests } | undefined {
  const { a, b, comparison } = question;
  const cap = roundUp(Math.max(quantileOf(a, CAPPED_PART), quantileOf(b, CAPPED_PART)));
  if (!(cap < comparison.cap) || comparison.plus >= cap) return undefined;
  const pairs = pairsForMean({ ...question, comparison: { ...comparison, cap } });
  return Number.isFinite(pairs.average) && WORTH * pairs.average <= instead.average ? { cap, pairs } : undefined;
}

/** 1, 2 or 5 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return (([1, 2, 5, 10] as const).find((digit) => digit * power >= value * (1 - 1e-9)) ?? 10) * power;
}

const RUNS = 200;
/** Values that are drawn at most: about a tenth of a second. */
const MOST_DRAWS = 4e6;
/** A look after each so many percent more. */
const LOOKS = 0.02;

/** `gains`: what a bet of 1 would gain or lose, with the probability of each. */
function passage(gains: Distribution, bets: Float64Array, lnThreshold: number): NeededRequests {
  const logs = new Float64Array(gains.length * NODES);
  for (const [k, [gain]] of gains.entries())
    for (let j = 0; j < NODES; j++) logs[k * NODES + j] = Math.log1p(bets[j]! * gain);
  let information = 0;
  for (let j = 0; j < NODES; j++)
    information = Math.max(
      information,
      gains.reduce((sum, [, weight], k) => sum + weight * logs[k * NODES + j]!, 0),
    );
  const estimate = fromInformation(lnThreshold, information);
  if (!(RUNS * estimate.average < MOST_DRAWS)) return estimate;
  const random = plannedUniform(1);
  const most = Math.ceil(20 * estimate.average) + 1000;
  const sums = new Float64Array(gains.length);
  let sum = 0;
  for (const [k, [, weight]] of gains.entries()) sums[k] = sum += weight;
  return fromRuns(Array.from({ length: RUNS }, () => oneRun({ logs, sums, random, lnThreshold, most })));
}

/** `logs`: what each gain adds to the wealth of each bet, one gain after another; `sums`: the cumulated weights of gains. */
function oneRun({
  logs,
  sums,
  random,
  lnThreshold,
  most,
}: {
  readonly logs: Float64Array;
  readonly sums: Float64Array;
  readonly random: () => number;
  readonly lnThreshold: number;
  readonly most: number;
}): number {
  const wealth = new Float64Array(NODES);
  const counts = new Int32Array(sums.length);
  const all = sums.at(-1)!;
  for (let n = 0; n < most; ) {
    const more = Math.max(1, Math.floor(LOOKS * n));
    for (let i = 0; i < more; i++) counts[drawn(sums, random() * all)]! += 1;
    n += more;
    for (let k = 0; k < counts.length; k++) {
      const count = counts[k]!;
      if (count === 0) continue;
      for (let j = 0, at = k * NODES; j < NODES; j++, at++) wealth[j]! += count * logs[at]!;
      counts[k] = 0;
    }
    // A mean is at most what is largest, which takes no exponentials.
    if (wealth.some((value) => value >= lnThreshold) && lnMeanExp(wealth) >= lnThreshold) return n;
  }
  return Number.POSITIVE_INFINITY;
}

function drawn(sums: Float64Array, place: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sums[middle]! > place) high = middle;
    else low = middle + 1;
  }
  return low;
}
