/**
 * How many pairs it takes to tell two versions apart: the information that a pair carries against a threshold.
 *
 * Source: statistics.md 1.7, with the factors k of the mixture over the best single bet (average, 80 % and 95 % of runs).
 */
import type { Comparison } from '../two-versions/comparison.ts';
import { pairsForPercentile } from './percentile-passage.ts';
import { DIFFERENCE_BETS } from '../betting-grid.ts';

/** How surely the number should do: on average, in 80 % or in 95 % of experiments. */
export type Certainty = 'average' | '80 %' | '95 %';

const FACTOR: Readonly<Record<Certainty, number>> = { average: 1.3, '80 %': 2, '95 %': 3 };

export interface PairsQuestion {
  /** The true shares that are assumed, 0 to 1. */
  readonly shareA: number;
  readonly shareB: number;
  /** ln(1/alpha); ln(K/alpha) for the best of K versions. */
  readonly lnThreshold: number;
  readonly certainty: Certainty;
}

/**
 * Pairs until it is shown which share is larger (`odds.ts`). Infinity when they are equal.
 *
 * Simulated averages are 0.95 to 1.2 times this: 307 for 263 at 1 and 5 %, where the difference is large.
 */
export function pairsToDistinguish({ shareA, shareB, lnThreshold, certainty }: PairsQuestion): number {
  const onlyB = shareB * (1 - shareA);
  const discordant = onlyB + shareA * (1 - shareB);
  if (shareA === shareB) return Number.POSITIVE_INFINITY;
  const part = onlyB / discordant;
  const information = discordant * (plogp(part) + plogp(1 - part));
  return Math.ceil((FACTOR[certainty] * lnThreshold) / information);
}

/** p ln(p / (1/2)); 0 at 0. */
const plogp = (p: number): number => (p === 0 ? 0 : p * Math.log(2 * p));

/**
 * Pairs until B's share is shown to be below ratio * A's + plus (`share-pairs.ts`). Infinity when it is not.
 *
 * The document gives no closed form for limits other than equality; this is its formula for means, the best growth that a
 * bet of the grid has, for independent hits.
 */
export function pairsToKeepLimit(question: PairsQuestion, { ratio, plus }: Omit<Comparison, 'cap'>): number {
  const { shareA, shareB, lnThreshold, certainty } = question;
  if (shareB >= ratio * shareA + plus) return Number.POSITIVE_INFINITY;
  let information = 0;
  for (const bet of DIFFERENCE_BETS) {
    const growth = (b: 0 | 1, a: 0 | 1) => Math.log1p((-bet * (b - ratio * a - plus)) / (1 - plus));
    const onA = (b: 0 | 1) => shareA * growth(b, 1) + (1 - shareA) * growth(b, 0);
    information = Math.max(information, shareB * onA(1) + (1 - shareB) * onA(0));
  }
  return information > 0 ? Math.ceil((FACTOR[certainty] * lnThreshold) / information) : Number.POSITIVE_INFINITY;
}

/** Latencies are taken to spread as an exponential distribution: as widely as their mean. */
export interface LatencyPairsQuestion {
  /** ln(1/alpha). */
  readonly lnThreshold: number;
  /** Mean of both versions, in ms; for percentiles only its ratio to `plus` matters. */
  readonly meanMs: number;
}

/** Points at which a distribution stands for itself. */
const QUANTILES = 40;

/** Pairs until the mean of B, which is that of A, is shown to be below ratio * A's + plus (`mean-pairs.ts`). */
export function pairsToKeepMean(
  { lnThreshold, meanMs }: LatencyPairsQuestion,
  { ratio, plus, cap }: Comparison,
): number {
  const values = Array.from({ length: QUANTILES }, (_, i) =>
    Math.min(cap, -meanMs * Math.log(1 - (i + 0.5) / QUANTILES)),
  );
  let information = 0;
  for (const bet of DIFFERENCE_BETS) {
    let growth = 0;
    for (const a of values)
      for (const b of values) growth += Math.log1p((-bet * (b - ratio * a - plus)) / (cap - plus));
    information = Math.max(information, growth / QUANTILES ** 2);
  }
  return information > 0 ? Math.ceil((FACTOR.average * lnThreshold) / information) : Number.POSITIVE_INFINITY;
}

/** Of latencies that spread as an exponential distribution. */
export function requestsToKeepPercentile(
  { lnThreshold, meanMs }: LatencyPairsQuestion,
  { percent, ratio, plus }: Omit<Comparison, 'cap'> & { readonly percent: number },
): number {
  const needed = pairsForPercentile({
    percent,
    comparison: { ratio, plus },
    lnThreshold,
    above: (ms) => Math.exp(-Math.max(0, ms) / meanMs),
    exceededBy: (part) => -meanMs * Math.log(part),
  });
  return Math.ceil(needed.average);
}
