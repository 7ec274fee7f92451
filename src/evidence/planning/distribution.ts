/** What values are expected to be, for planning: assumed, or as a short probe or an earlier run showed them. */
import { binEdgesMs } from '../latency-histogram.ts';
import type { SparseHistogram } from '../request-tally.ts';

/** Values with their weights, which sum to 1, in increasing order. */
export type Distribution = readonly (readonly [value: number, weight: number])[];

/** Points at which a distribution stands for itself. */
const POINTS = 60;

/** Latencies that spread as widely as their mean, which is an assumption, not a measurement. */
export function exponential(mean: number): Distribution {
  // The means of slices of equal probability: so that the mean is exact.
  const edge = (i: number) => (i === POINTS ? 0 : (1 - i / POINTS) * (1 - Math.log(1 - i / POINTS)));
  return Array.from({ length: POINTS }, (_, i) => [mean * POINTS * (edge(i) - edge(i + 1)), 1 / POINTS]);
}

/** As they were measured; undefined without any. */
export function measured(histogram: SparseHistogram): Distribution | undefined {
  const n = histogram.reduce((sum, [, count]) => sum + count, 0);
  if (n === 0) return undefined;
  return joined(
    histogram.map(([index, count]) => {
      const { lowMs, highMs } = binEdgesMs(index);
      return [(lowMs + highMs) / 2, count / n];
    }),
    POINTS,
  );
}

/** At most about so many points: neighbours become their mean. Sorted before. */
export function joined(distribution: Distribution, points: number): Distribution {
  const found: (readonly [number, number])[] = [];
  let [sum, weight] = [0, 0];
  for (const [value, part] of distribution) {
    sum += value * part;
    weight += part;
    if (weight < 1 / points) continue;
    found.push([sum / weight, weight]);
    [sum, weight] = [0, 0];
  }
  return weight > 0 ? [...found, [sum / weight, weight]] : found;
}

export const meanOf = (distribution: Distribution): number =>
  distribution.reduce((sum, [value, weight]) => sum + value * weight, 0);

/** The value that this part of the values does not exceed. */
export function quantileOf(distribution: Distribution, part: number): number {
  let sum = 0;
  return (distribution.find(([, weight]) => (sum += weight) >= part - 1e-9) ?? distribution.at(-1)!)[0];
}
