/**
 * How many pairs it takes to distinguish two versions: the information that a pair carries against a threshold.
 *
 * Source: docs/method.md 1.7.
 */
import { informationOfPairs } from './percentile-passage.ts';
import { fromInformation } from './quantiles.ts';

export interface PairsQuestion {
  /** The true shares that are assumed, 0 to 1. */
  readonly shareA: number;
  readonly shareB: number;
  /** ln(1/alpha); ln(K/alpha) for the best of K versions. */
  readonly lnThreshold: number;
}

/**
 * Pairs until it is shown which share is larger (`paired-rates.ts`). Infinity when they are equal.
 *
 * Simulated averages are 0.95 to 1.2 times this: 307 for 263 at 1 and 5 %, where the difference is large.
 */
export function pairsToDistinguish({ shareA, shareB, lnThreshold }: PairsQuestion): number {
  const onlyB = shareB * (1 - shareA);
  const onlyA = shareA * (1 - shareB);
  const information = informationOfPairs(Math.max(onlyA, onlyB), Math.min(onlyA, onlyB));
  return Math.ceil(fromInformation(lnThreshold, information).average);
}
