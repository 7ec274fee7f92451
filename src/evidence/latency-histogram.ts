/**
 * Latency histograms in HDR layout: whole microseconds, bins of a relative width of at most 2^-10.
 *
 * Up to 2,047 us every microsecond has a bin of its own; beyond it, each doubling is divided into 1,024 bins. Merging is
 * adding. Source: docs/method.md 5.4; the layout is G. Tene's HdrHistogram.
 */
import type { MeanRow } from './one-sample/mean-bounds.ts';
import type { SparseHistogram, TallyView } from './request-tally.ts';

const SUB_BITS = 11;
const SUB = 1 << SUB_BITS;
const HALF = SUB / 2;

/** The bin of a whole number of microseconds, 0 or more, below 2^32 (71 minutes; more counts as that). */
export function binIndex(us: number): number {
  if (us < SUB) return us;
  const value = us > 0xffffffff ? 0xffffffff : us;
  const shift = 32 - Math.clz32(value) - SUB_BITS;
  return HALF * shift + (value >>> shift);
}

/** First microsecond of a bin, and first of the next. */
function edgesUs(index: number): readonly [number, number] {
  if (index < SUB) return [index, index + 1];
  const shift = Math.floor(index / HALF) - 1;
  const mantissa = index - HALF * shift;
  return [mantissa * 2 ** shift, (mantissa + 1) * 2 ** shift];
}

/**
 * Edges of the latencies that a bin holds, in ms. A latency is rounded to the nearest microsecond when it is recorded, so
 * the edges lie half a microsecond lower than those of the whole numbers: no recorded latency is outside them.
 */
export function binEdgesMs(index: number): { readonly lowMs: number; readonly highMs: number } {
  const [low, high] = edgesUs(index);
  return { lowMs: Math.max(0, low - 0.5) / 1000, highMs: (high - 0.5) / 1000 };
}

/** Bins as rows for the evidence about a mean. */
export function rowsOf(histogram: SparseHistogram): MeanRow[] {
  return histogram.map(([index, count]) => ({ ...binEdgesMs(index), count }));
}

/**
 * The sum of min(latency, cap) in ms: exact where no latency is above the cap, otherwise from the middle of each bin (0.05 %
 * off at most).
 */
export function cappedSumMs(view: TallyView, cap: number | undefined): number {
  if (cap === undefined || view.maxMs <= cap) return view.sumMs;
  return view.histogram.reduce((sum, [index, count]) => {
    const { lowMs, highMs } = binEdgesMs(index);
    return sum + count * Math.min(cap, (lowMs + highMs) / 2);
  }, 0);
}
