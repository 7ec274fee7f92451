/** What is kept of a sample of counters: a short row of numbers, its parts, each of which only grows. */
import type { CounterKind, CounterSample } from './counter-samples.ts';

/** Which parts there are. */
export interface PartsLayout {
  readonly kind: CounterKind;
  /** Limits at which a histogram is counted exactly, as far as its bounds allow. */
  readonly limits: readonly number[];
  /** Bounds at which a histogram is counted to be shown. */
  readonly bounds: readonly number[];
}

/**
 * shares: hits, others. sums: sum, count. counts: count. histograms: count, and for each limit how many are surely below, and how
 * many perhaps; then for each bound how many are below.
 */
export function partsOf(sample: CounterSample, { limits, bounds }: Omit<PartsLayout, 'kind'>): number[] {
  switch (sample.kind) {
    case 'shares':
      return [sample.hits, sample.others];
    case 'sums':
      return [sample.sum, sample.count];
    case 'counts':
      return [sample.count];
    case 'histograms': {
      const { buckets, count } = sample;
      const surelyBelow = (bound: number) => buckets.reduce((sum, [, upper, n]) => (upper <= bound ? sum + n : sum), 0);
      const perhapsBelow = (bound: number) => buckets.reduce((sum, [lower, , n]) => (lower < bound ? sum + n : sum), 0);
      return [
        count,
        ...limits.flatMap((limit) => [surelyBelow(limit), perhapsBelow(limit)]),
        ...bounds.map(surelyBelow),
      ];
    }
  }
}

/** The parts that claims need; the others are only shown. */
export const claimed = (parts: readonly number[], { limits, kind }: PartsLayout): readonly number[] =>
  kind === 'histograms' ? parts.slice(0, 1 + 2 * limits.length) : parts;

/** Part by part; a shorter row counts as zeros there. */
export function sumOf(rows: Iterable<readonly number[]>): number[] {
  const sum: number[] = [];
  for (const row of rows) for (const [index, part] of row.entries()) sum[index] = (sum[index] ?? 0) + part;
  return sum;
}

const MOST_BOUNDS = 24;

/** Those of a classic histogram; doublings of one of a native histogram, whose other bounds come and go. */
export function boundsOf(samples: readonly CounterSample[]): number[] {
  const buckets = samples.flatMap((sample) => (sample.kind === 'histograms' ? sample.buckets : []));
  const uppers = new Set(buckets.map(([, upper]) => upper).filter((upper) => Number.isFinite(upper) && upper > 0));
  const classic = buckets.some(([lower]) => lower === Number.NEGATIVE_INFINITY);
  const sorted = [...uppers].toSorted((a, b) => a - b);
  if (classic && sorted.length <= MOST_BOUNDS) return sorted;
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) return [];
  if (!classic) return Array.from({ length: MOST_BOUNDS }, (_, k) => middle * 2 ** (k - MOST_BOUNDS / 2));
  const step = Math.ceil(sorted.length / MOST_BOUNDS);
  return sorted.filter((_, index) => index % step === 0);
}
