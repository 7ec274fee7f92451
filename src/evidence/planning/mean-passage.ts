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
import { memoize } from './memoize.ts';

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
export const requestsForMean: (question: MeanQuestion) => NeededRequests = memoize(requestsFor);

function requestsFor({ values, limit, cap, side, lnThreshold }: MeanQuestion): NeededRequests {
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
export const pairsForMean: (question: PairsQuestion) => NeededRequests = memoize(pairsFor);

function pairsFor({ a, b, comparison, lnThreshold }: PairsQuestion): NeededRequests {
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
  const logs = logsOf(gains, bets.toSorted());
  const weights = Float64Array.from(gains, ([, weight]) => weight);
  let information = 0;
  for (let node = 0; node < NODES; node++) information = Math.max(information, wealthOf(weights, logs, node));
  const estimate = fromInformation(lnThreshold, information);
  if (!(RUNS * estimate.average < MOST_DRAWS)) return estimate;
  const draw = drawer(gains);
  const most = Math.ceil(20 * estimate.average) + 1000;
  const mostByOne = logs.byBet.reduce((largest, one) => Math.max(largest, one), 0);
  return fromRuns(Array.from({ length: RUNS }, () => oneRun({ logs, mostByOne, draw, lnThreshold, most })));
}

/** Ruin: a finite number, so that what was never drawn adds 0 to it. */
const RUINED = -1e300;

/** What each gain adds to the wealth of each bet, of bets in ascending order. */
interface Logs {
  /** One bet after another. */
  readonly byBet: Float64Array;
  /** One gain after another. */
  readonly byGain: Float64Array;
}

function logsOf(gains: Distribution, bets: Float64Array): Logs {
  const [byBet, byGain] = [new Float64Array(gains.length * NODES), new Float64Array(gains.length * NODES)];
  for (const [k, [gain]] of gains.entries())
    for (let j = 0; j < NODES; j++)
      byBet[j * gains.length + k] = byGain[k * NODES + j] = Math.max(RUINED, Math.log1p(bets[j]! * gain));
  return { byBet, byGain };
}

interface Game {
  readonly logs: Logs;
  /** What one request can add to the wealth of a bet. */
  readonly mostByOne: number;
  /** Which gain comes next. */
  readonly draw: () => number;
  readonly lnThreshold: number;
  readonly most: number;
}

/** Sums are rounded: a look may be due a little before they say so. */
const ROUNDED = 1 - 1e-6;

/**
 * Requests until the mean wealth of all bets reaches the threshold. It cannot before the largest wealth does: that is found by few
 * steps from where it was last, since as a sum of ln(1 + bet * gain) the wealth is concave in the bet. Nor is it looked at before so
 * many requests have come as would lift it to the threshold if each added the most that one can.
 */
function oneRun({ logs, mostByOne, draw, lnThreshold, most }: Game): number {
  const values = logs.byGain.length / NODES;
  const counts = new Float64Array(values);
  // What `wealth`, that of each bet, knows of them.
  const counted = new Float64Array(values);
  const wealth = new Float64Array(NODES);
  let best = NODES / 2;
  const largest = (): number => {
    let found = wealthOf(counts, logs, best);
    for (const step of [1, -1])
      for (let next = best + step; next >= 0 && next < NODES; next += step) {
        const there = wealthOf(counts, logs, next);
        if (there <= found) break;
        [found, best] = [there, next];
      }
    return found;
  };
  let earliest = 0;
  /** Whether the threshold is reached by what is at most this wealth; otherwise it is not before `earliest`. */
  const isReached = (n: number, atMost: number): boolean => {
    const missing = lnThreshold - atMost;
    earliest = n + (ROUNDED * missing) / mostByOne;
    return missing <= 0;
  };
  isReached(0, 0);
  for (let n = 0; n < most; ) {
    const more = Math.max(1, Math.floor(LOOKS * n));
    for (let i = 0; i < more; i++) counts[draw()]! += 1;
    n += more;
    if (n < earliest) continue;
    if (!isReached(n, largest())) continue;
    for (let k = 0; k < values; k++) {
      const count = counts[k]! - counted[k]!;
      if (count === 0) continue;
      for (let j = 0, at = k * NODES; j < NODES; j++, at++) wealth[j]! += count * logs.byGain[at]!;
      counted[k] = counts[k]!;
    }
    if (isReached(n, lnMeanExp(wealth))) return n;
  }
  return Number.POSITIVE_INFINITY;
}

/** Of one bet, when each gain has come so many times. Two sums, since an addition waits for the one before. */
function wealthOf(counts: Float64Array, { byBet }: Logs, node: number): number {
  const [values, from] = [counts.length, node * counts.length];
  let [even, odd] = [0, 0];
  let k = 0;
  for (; k + 1 < values; k += 2) {
    even += counts[k]! * byBet[from + k]!;
    odd += counts[k + 1]! * byBet[from + k + 1]!;
  }
  return even + odd + (k < values ? counts[k]! * byBet[from + k]! : 0);
}

/** Parts of the interval from 0 to 1; a power of two, so that they are exact. */
const PARTS = 256;

/** Draws places of the distribution, as often as their weights say. */
function drawer(distribution: Distribution): () => number {
  const random = plannedUniform(1);
  const sums = new Float64Array(distribution.length);
  let all = 0;
  for (const [k, [, weight]] of distribution.entries()) sums[k] = all += weight;
  const last = sums.length - 1;
  const upFrom = (from: number, place: number): number => {
    let k = from;
    while (k < last && sums[k]! <= place) k++;
    return k;
  };
  // Of each part where it begins: from there it is not far.
  const starts = Int32Array.from({ length: PARTS }, (_, part) => upFrom(0, (part / PARTS) * all));
  return () => {
    const share = random();
    return upFrom(starts[Math.floor(share * PARTS)]!, share * all);
  };
}
