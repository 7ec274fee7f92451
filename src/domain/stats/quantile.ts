/** Percentiles and their bounds from a histogram. Source: statistics.md 1.2. */
import { lnSatisfied, lnViolated } from './counts.ts';
import { binEdgesMs } from './histogram.ts';
import type { SparseHistogram } from './tally.ts';

export function percentile(histogram: SparseHistogram, percent: number): number {
  const n = histogram.reduce((sum, [, count]) => sum + count, 0);
  if (n === 0) return Number.NaN;
  const rank = Math.max(1, Math.ceil((percent / 100) * n));
  let seen = 0;
  for (const [index, count] of histogram) {
    seen += count;
    if (seen >= rank) {
      const { lowMs, highMs } = binEdgesMs(index);
      return (lowMs + highMs) / 2;
    }
  }
  return Number.NaN;
}

export function quantileBounds(
  histogram: SparseHistogram,
  {
    percent,
    lnThreshold,
    capMs,
  }: { readonly percent: number; readonly lnThreshold: number; readonly capMs: number | undefined },
): { readonly lower?: number; readonly upper?: number } {
  const n = histogram.reduce((sum, [, count]) => sum + count, 0);
  const p0 = (100 - percent) / 100;
  let above = n;
  let lower: number | undefined;
  let upper: number | undefined;
  for (const [index, count] of histogram) {
    const edges = binEdgesMs(index);
    if (lnViolated({ n, bad: above }, p0) >= lnThreshold) lower = edges.lowMs;
    above -= count;
    if (upper === undefined && lnSatisfied({ n, bad: above }, p0) >= lnThreshold) upper = edges.highMs;
  }
  if (upper !== undefined && capMs !== undefined) upper = Math.min(upper, capMs);
  return { ...(lower === undefined ? {} : { lower }), ...(upper === undefined ? {} : { upper }) };
}
