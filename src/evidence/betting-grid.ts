/**
 * The fixed grid of bets that every e-process here mixes over, with equal weights, and the sum of logs that mixes them.
 *
 * Source: docs/method.md 0.1; a mixture over constant bets is a universal portfolio (Cover and Ordentlich 1996), valid
 * as a test by Ville's inequality (Howard, Ramdas, McAuliffe, Sekhon 2021, arXiv 1810.08240; Waudby-Smith and Ramdas
 * 2024, arXiv 2010.09686).
 */

/** Number of nodes, J. */
export const NODES = 128;

/** Bets that the value is below the limit: c_j = 1 - ((j+1/2)/128)^2, from nearly all to nearly nothing. */
export const BELOW_BETS: Float64Array = Float64Array.from({ length: NODES }, (_, j) => 1 - ((j + 0.5) / NODES) ** 2);

/**
 * The arcsine nodes, sin^2(pi (j+1/2)/256): the bets on differences of two versions, both ways (docs/method.md 0.5).
 */
export const DIFFERENCE_BETS: Float64Array = Float64Array.from(
  { length: NODES },
  (_, j) => Math.sin((Math.PI * (j + 0.5)) / (2 * NODES)) ** 2,
);

/** ln(1 + value / unit), also where the ratio is more than a number can hold: for limits next to 0. */
export function lnOnePlusRatio(value: number, unit: number): number {
  const ratio = value / unit;
  return Number.isFinite(ratio) ? Math.log1p(ratio) : Math.log(value) - Math.log(unit);
}

/** Bets that a rate is above p0: geometric from 0.03 min(1, odds) to exactly 1. */
export function aboveBetsForRate(p0: number): Float64Array {
  const smallest = Math.max(Number.MIN_VALUE, 0.03 * Math.min(1, p0 / (1 - p0)));
  // A loop: bounds are found by asking for many limits, and `from` takes several times as long as the powers.
  const bets = new Float64Array(NODES).fill(1);
  for (let j = 0; j < NODES - 1; j++) bets[j] = smallest ** (1 - j / (NODES - 1));
  return bets;
}

/** Bets that a mean is above `limitMs`, for values in [0, capMs]: half arcsine nodes, half log-spaced ones up to 1. */
export function aboveBetsForMean(limitMs: number, capMs: number): Float64Array {
  const half = NODES / 2;
  const smallest = Math.max(Number.MIN_VALUE, Math.min(1e-4, (0.01 * limitMs) / (capMs - limitMs)));
  return Float64Array.from({ length: NODES }, (_, j) => {
    if (j < half) return Math.sin((Math.PI * (j + 0.5)) / NODES) ** 2;
    return smallest ** (1 - (j - half) / (half - 1));
  });
}

/** ln of the evidence of both claims, from the log wealth of each bet on them. */
export function lnOfBets({
  lnBelow,
  lnAbove,
}: {
  readonly lnBelow: readonly number[];
  readonly lnAbove: readonly number[];
}): { readonly lnBelow: number; readonly lnAbove: number } {
  return { lnBelow: lnMeanExp(lnBelow), lnAbove: lnMeanExp(lnAbove) };
}

/** Nodes that are further below the largest add nothing that a double of the sum can hold. */
const LN_NEGLIGIBLE = -45;

/** ln of the mean of e^x over the nodes. @throws when a value is NaN: that is a bug of ours. */
export function lnMeanExp(values: Float64Array | readonly number[]): number {
  // By index: this is the innermost loop of all evidence, and an iterator takes longer than the sum.
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) throw new Error('internal error: evidence is not a number');
    if (value > largest) largest = value;
  }
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const below = values[i]! - largest;
    if (below > LN_NEGLIGIBLE) sum += Math.exp(below);
  }
  return largest + Math.log(sum / values.length);
}
