/**
 * Evidence about a mean of min(latency, cap), from a histogram. Source: docs/method.md 0.1, 1.3.
 *
 * A level costs 128 logarithms a row, and there are many levels: rows that are near to one another are therefore written as two,
 * at the ends of what they span, with the same number and the same sum. A logarithm of wealth is concave in the value, so that this
 * can only make the evidence smaller; it is smaller by as much as the values vary within one span, which is next to nothing.
 */
import { rowsOf } from '../latency-histogram.ts';
import { lnMeanAbove, lnMeanBelow, type MeanRow } from '../one-sample/mean-bounds.ts';
import type { SparseHistogram } from '../request-tally.ts';
import { NO_STEPS, tabulated, type LevelEvidence } from './levels.ts';

/** `response` for "below", at the upper edges of its bins; `service` for "above", at the lower ones (docs/method.md 0.2). */
export function meanLevels(
  { response, service }: { readonly response: SparseHistogram; readonly service: SparseHistogram },
  { capMs, lnNeeded }: { readonly capMs: number; readonly lnNeeded: number },
): LevelEvidence {
  const range = { most: capMs, lnNeeded };
  const [high, low] = [upperRows(response, capMs), lowerRows(service, capMs)];
  return {
    below:
      high.length === 0
        ? NO_STEPS
        : tabulated((limitMs) => lnMeanBelow(high, { limitMs, capMs }), { side: 'below', ...range }),
    above:
      low.length === 0
        ? NO_STEPS
        : tabulated((limitMs) => lnMeanAbove(low, { limitMs, capMs }), { side: 'above', ...range }),
    least: 0,
    most: capMs,
  };
}

/** Rows of values at the upper edges of their bins: for "below". */
export function upperRows(histogram: SparseHistogram, capMs: number): MeanRow[] {
  return condensed(rowsOf(histogram).map(({ highMs, count }) => [Math.min(highMs, capMs), count]));
}

/** At the lower edges: for "above". */
export function lowerRows(histogram: SparseHistogram, capMs: number): MeanRow[] {
  return condensed(rowsOf(histogram).map(({ lowMs, count }) => [Math.min(lowMs, capMs), count]));
}

/** Width of a span, relative to its beginning. */
const SPAN = 1.1;

/** The same number and sum of values at fewer places: the ends of spans. Values in increasing order. */
export function condensed(values: readonly (readonly [value: number, count: number])[]): MeanRow[] {
  const rows: MeanRow[] = [];
  const end = (from: number, to: number, n: number, sum: number) => {
    const atEnd = to > from ? Math.min(n, Math.max(0, (sum - n * from) / (to - from))) : 0;
    for (const [value, count] of [
      [from, n - atEnd],
      [to, atEnd],
    ] as const)
      if (count > 0) rows.push({ lowMs: value, highMs: value, count });
  };
  let [first, last, n, sum] = [0, 0, 0, 0];
  for (const [value, count] of values) {
    if (n > 0 && value > first * SPAN) {
      end(first, last, n, sum);
      n = 0;
      sum = 0;
    }
    if (n === 0) first = value;
    last = value;
    n += count;
    sum += value * count;
  }
  if (n > 0) end(first, last, n, sum);
  return rows;
}
