/**
 * How many pairs it takes to tell two versions apart: the information that a pair carries against a threshold.
 *
 * Source: docs/method.md 1.7, with the factors k of the mixture over the best single bet (average, 80 % and 95 % of
 * runs).
 */
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
