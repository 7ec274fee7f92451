/**
 * What it means that version B is not worse than version A: the limit that every two-version e-process judges.
 *
 * The claims are about means mu_A and mu_B of values in [0, cap] (a share is the mean of zeros and ones, cap 1) and the limit
 * ratio * mu_A + plus. They are made elsewhere, by what is known:
 *
 * - `rates-by-block.ts`: counts per block of both versions, ratio 1 only. The sharpest; for winners.
 * - `means-by-block.ts`: number and sum per block of both versions, any limit. For traffic that nobody paired.
 * - `paired-rates.ts`, `paired-means.ts`: randomised pairs of one load schedule, any limit.
 * - `paired-percentiles.ts`: latencies of paired requests, in cells.
 *
 * In each the versions are compared within a block or a pair and never pooled before, so that neither a drift that both
 * share nor weights that change between blocks can fool them (Simpson's paradox: docs/method.md 1.4).
 *
 * A latency is compared twice (docs/method.md 0.2): a state fed with response times decides "not worse", one fed with
 * service times "worse". Source: docs/method.md 0.5, 1.4.
 */

/** B is at most ratio * A + plus, for values in [0, cap]. */
export interface Comparison {
  /** 1.1 is "at most 10 % more". Above 0. */
  readonly ratio: number;
  /** In the unit of the values: 0.005 of a share is half a point. */
  readonly plus: number;
  /** Largest value that counts: 1 for shares, the timeout or a declared cap for means. */
  readonly cap: number;
}

/** B is not worse than A, nor better. */
export function equality(cap: number): Comparison {
  return { ratio: 1, plus: 0, cap };
}

/** The limit of a relative objective: percent of the baseline's value, or an increase in the metric's own unit. */
export function relativeComparison(
  limit: { readonly maxIncreasePercent?: number | undefined; readonly maxIncrease?: number | undefined },
  cap: number,
): Comparison {
  return { ratio: 1 + (limit.maxIncreasePercent ?? 0) / 100, plus: limit.maxIncrease ?? 0, cap };
}

/**
 * Whether the limit can be judged at all: otherwise every B, or none, would keep it. To be refused before the start
 * (docs/method.md 0.3); the e-processes take it for granted.
 */
export function isComparable({ ratio, plus, cap }: Comparison): boolean {
  const finite = Number.isFinite(ratio) && Number.isFinite(plus) && Number.isFinite(cap);
  return finite && ratio > 0 && cap > 0 && plus < cap && ratio * cap + plus > 0;
}

/** Natural logs of the evidence for two opposite claims; 0 without data. */
export interface TwoSidedEvidence {
  /** B is below the limit. */
  readonly lnBelow: number;
  /** B is above the limit. */
  readonly lnAbove: number;
}

/** With the confidence of the threshold, the value lies between these; undefined when nothing bounds it. */
export interface Bounds {
  readonly lower?: number;
  readonly upper?: number;
}
