/** The fixed grid of bets. Source: statistics.md 0.1. */
export const NODES = 128;

/** c_j = 1 - ((j+1/2)/128)^2. */
export const BELOW_BETS: readonly number[] = Array.from({ length: NODES }, (_, j) => 1 - ((j + 0.5) / NODES) ** 2);

export function countAboveBets(p0: number): number[] {
  const k = 0.03 * Math.min(1, p0 / (1 - p0));
  return Array.from({ length: NODES }, (_, j) => (j === NODES - 1 ? 1 : k ** (1 - j / (NODES - 1))));
}

export function meanAboveBets(limitMs: number, capMs: number): number[] {
  const k = Math.min(1e-4, (0.01 * limitMs) / (capMs - limitMs));
  const half = NODES / 2;
  return [
    ...Array.from({ length: half }, (_, j) => Math.sin((Math.PI * (j + 0.5)) / NODES) ** 2),
    ...Array.from({ length: half }, (_, i) => k ** (1 - i / (half - 1))),
  ];
}

/** ln of the mean of e^x. */
export function lnMeanExp(values: ArrayLike<number>): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) if (values[i]! > max) max = values[i]!;
  if (max === Number.NEGATIVE_INFINITY) return max;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp(values[i]! - max);
  return max + Math.log(sum) - Math.log(values.length);
}
