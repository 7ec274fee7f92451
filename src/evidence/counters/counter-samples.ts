/**
 * Raw counters of a live service: samples of series, each a counter that only grows until its process restarts. Series are never
 * summed before: a restart can be seen in a single one only. Source: docs/method.md 1.6.
 */

export type CounterKind = 'shares' | 'sums' | 'histograms' | 'counts';

/** Separate buckets: `[lower, upper, count]`, values above `lower` and up to `upper`. */
export type Bucket = readonly [lower: number, upper: number, count: number];

export type CounterSample = {
  readonly series: string;
  readonly atMs: number;
  /** What the series was read from, where its labels say it: series of one process restart together. */
  readonly source?: string | undefined;
} & (
  | { readonly kind: 'shares'; readonly hits: number; readonly others: number }
  | { readonly kind: 'sums'; readonly sum: number; readonly count: number }
  | { readonly kind: 'histograms'; readonly count: number; readonly buckets: readonly Bucket[] }
  | { readonly kind: 'counts'; readonly count: number }
);

export interface CounterAnswer {
  readonly kind: CounterKind;
  /** Of histograms. */
  readonly percentile?: number | undefined;
  /** By series, then by time. */
  readonly samples: readonly CounterSample[];
}
