/** Percentiles of a histogram, and what bounds them (docs/method.md 1.2: P(X > L) is a rate, judged as one). */
import { firstWhere } from '../bisection.ts';
import { lnSatisfied, lnViolated } from './rate-bounds.ts';
import { binEdgesMs } from '../latency-histogram.ts';
import type { Count, SparseHistogram } from '../request-tally.ts';

/** Requests up to each bin, including it. */
function cumulative(histogram: SparseHistogram): number[] {
  let sum = 0;
  return histogram.map(([, count]) => (sum += count));
}

/** What is known exactly about the same latencies: how many of them are beyond `limitMs` (or, for lower limits, at it). */
export interface CountedBeyond {
  readonly limitMs: number;
  readonly count: Count;
}

/**
 * The value in ms that `percent` % of the latencies do not exceed: the middle of the bin of the ceil(percent n)-th, so at most
 * 0.05 % off. Where a limit lies in that bin and its exact count is known, the middle of the part on the side where the count
 * has it: what is shown, and compared without evidence, never contradicts the count. NaN without data.
 */
export function percentile(histogram: SparseHistogram, percent: number, beyond?: CountedBeyond): number {
  const sums = cumulative(histogram);
  const n = sums.at(-1) ?? 0;
  if (n === 0) return Number.NaN;
  const rank = rankOf(percent, n);
  let { lowMs, highMs } = binEdgesMs(histogram[firstWhere(sums.length, (at) => sums[at]! >= rank)]![0]);
  if (beyond !== undefined && beyond.count.n === n && lowMs <= beyond.limitMs && beyond.limitMs <= highMs) {
    if (n - beyond.count.bad >= rank) highMs = beyond.limitMs;
    else lowMs = beyond.limitMs;
  }
  return (lowMs + highMs) / 2;
}

/** Which of n latencies, from the fastest on, is the percentile. */
export const rankOf = (percent: number, n: number): number => Math.max(1, Math.ceil((percent / 100) * n - 1e-9));

export interface QuantileBoundOptions {
  readonly percent: number;
  readonly lnThreshold: number;
}

/** With the confidence of the threshold the percentile is at most this, in ms; undefined when no recorded latency bounds it. */
export function quantileUpperBound(
  histogram: SparseHistogram,
  { percent, lnThreshold }: QuantileBoundOptions,
): number | undefined {
  const sums = cumulative(histogram);
  const n = sums.at(-1) ?? 0;
  const p0 = (100 - percent) / 100;
  const at = firstWhere(sums.length, (index) => lnSatisfied({ n, bad: n - sums[index]! }, p0) >= lnThreshold);
  return at === sums.length ? undefined : binEdgesMs(histogram[at]![0]).highMs;
}

/** With the confidence of the threshold the percentile is at least this; undefined when nothing bounds it from below. */
export function quantileLowerBound(
  histogram: SparseHistogram,
  { percent, lnThreshold }: QuantileBoundOptions,
): number | undefined {
  const sums = cumulative(histogram);
  const n = sums.at(-1) ?? 0;
  const p0 = (100 - percent) / 100;
  // Everything from a bin on is at least its lower edge.
  const from = (index: number) => n - (index === 0 ? 0 : sums[index - 1]!);
  const at = firstWhere(sums.length, (index) => lnViolated({ n, bad: from(index) }, p0) < lnThreshold);
  return at === 0 ? undefined : binEdgesMs(histogram[at - 1]![0]).lowMs;
}
