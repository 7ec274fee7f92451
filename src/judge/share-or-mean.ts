/**
 * Whether the values of a Gauge can be shares, or means of values up to a declared largest one. Only such values are bounded, so
 * that their number of data points says how sure they are (docs/method.md 1.3); of all others nothing can be concluded. Pure.
 */

/** What is known of a Gauge; as in `MeasuredMetric`. */
interface GaugeValue {
  readonly value?: number | undefined;
  /** Data points behind the value. */
  readonly n?: number | undefined;
  readonly units?: string | undefined;
  readonly query: string;
}

/** Values in these units are no shares, however small they are. */
const NO_SHARE = /^(s|ms|us|\u00b5s|ns|secs?|seconds?|milli-?seconds?|msecs?|micro-?seconds?|bytes?|[kmgt]i?b)\b/i;
const PERCENTILE = /quantile|percentile/i;
/** Rounding by a backend is no reason to doubt a value. */
const ROUNDING = 1e-9;

export const isPercentile = ({ query }: Pick<GaugeValue, 'query'>): boolean => PERCENTILE.test(query);

/** By what the metric says of itself, before anything is measured. */
export const canBeShare = (metric: Pick<GaugeValue, 'units' | 'query'>): boolean =>
  !NO_SHARE.test((metric.units ?? '').trim()) && !isPercentile(metric);

/** Whether a value can be one between 0 and `cap`. */
export const isUpTo = (cap: number, value: number): boolean => value >= 0 && value <= cap * (1 + ROUNDING);

/** What n values had together, as a number of the largest one: of a share the hits. Never more than n. */
export const hitsOf = ({ value, n }: { readonly value: number; readonly n: number }, cap: number): number =>
  Math.min(n, (value * n) / cap);

export function isShareOf(measured: GaugeValue): boolean {
  const { value = Number.NaN, n = 0 } = measured;
  return n > 0 && isUpTo(1, value) && canBeShare(measured);
}

/** A mean whose largest value is declared is judged as a share of it; no percentile is one. */
export function isMeanBelow(cap: number, measured: GaugeValue): boolean {
  const { value = Number.NaN, n = 0 } = measured;
  return n > 0 && isUpTo(cap, value) && !isPercentile(measured);
}

/** What its values are parts of: 1 of a share, `cap` of a mean that declares one; undefined of what can be neither. */
export function largestValueOf(measured: GaugeValue, cap: number | undefined): number | undefined {
  if (cap === undefined) return isShareOf(measured) ? 1 : undefined;
  return isMeanBelow(cap, measured) ? cap : undefined;
}
