/**
 * Objectives on metrics that somebody else counted, such as Prometheus. What may be said of a value depends on what is known
 * beside it: statistics.md 1.6, behaviour.md 7.
 *
 * - Raw counters and buckets are judged as exactly as our own (`assess-counters.ts`).
 * - A Counter is compared exactly, as our own counts are: above an upper limit at once, else at the end.
 * - A Gauge that is a share, with the number of data points behind it (`sampleSize`), is judged as share x n. Looking again
 *   and again is harmless only where each value holds all data since the start (`elapsedTime` in its query); a value of a fixed
 *   window is looked at once, at the end.
 * - A Gauge that is a mean, with its number of data points and a declared largest value (`strength.cap`), likewise.
 * - Any other Gauge is shown, and never "satisfied with confidence".
 */
import type { CounterLedger } from '../../evidence/counters/counter-growth.ts';
import type { LimitAssessment, Unit } from '../assessment.ts';
import { assessCounters, assessScaled } from './live-counters.ts';
import { assessShare } from './share.ts';
import { decideByPoint, row, type Facts } from './decide.ts';

/** What was measured of a metric for one version; the last value is kept over failures. Plain data: stored. */
export interface MeasuredMetric {
  readonly type: 'Counter' | 'Gauge';
  readonly units?: string | undefined;
  /** Absent until a measurement succeeded. `at`: RFC 3339. */
  readonly value?: number | undefined;
  readonly at?: string | undefined;
  /** Data points behind the value. */
  readonly n?: number | undefined;
  /** Each value holds everything since the start. */
  readonly cumulative: boolean;
  /** It comes from counters that the backend extrapolates (`increase`, `rate`). */
  readonly extrapolated: boolean;
  /** As it was asked, without secrets. */
  readonly query: string;
  /** Raw counters, from which value and n come. */
  readonly counters?: CounterLedger | undefined;
  /** The last measurements failed. `count` in a row. */
  readonly failure?: { readonly message: string; readonly since: string; readonly count: number } | undefined;
}

/** One failure keeps the last value; more make it too old for a verdict (iter8.md 8, defect 7). */
const MOST_FAILURES = 1;
/** Values of these are no shares, however small they are. */
const NO_SHARE = /^(s|ms|us|µs|ns|secs?|seconds?|milli-?seconds?|msecs?|micro-?seconds?|bytes?|[kmgt]i?b)\b/i;

export function assessCustom(facts: Facts, measured: MeasuredMetric | undefined): LimitAssessment {
  const { limit, settings, look } = facts;
  // Raw counters may have observations beyond their last bound, and no value.
  const counted = measured?.counters !== undefined && (measured.n ?? 0) > 0;
  if (measured?.counters !== undefined && !counted && measured.failure === undefined)
    return row(facts, { n: 0, method: 'evidence', verdict: 'undecided', reason: 'no-traffic' });
  if (measured === undefined || (measured.value === undefined && !counted)) {
    const detail = measured?.failure?.message;
    return row(facts, {
      n: 0,
      method: 'evidence',
      verdict: 'undecided',
      reason: 'metric-unavailable',
      ...(detail === undefined ? {} : { detail }),
    });
  }
  const { value = Number.POSITIVE_INFINITY, n = 0, failure } = measured;
  const shown = {
    n,
    ...(measured.value === undefined ? {} : { estimate: value }),
    ...unitOf(measured),
    ...detailOf(measured),
  };
  if (failure !== undefined && failure.count > MOST_FAILURES)
    return row(facts, { ...shown, method: 'evidence', verdict: 'undecided', reason: 'stale' });
  if (settings.confidence === 'none') {
    const points = { ...facts, look: { ...look, planDone: look.measuringDone !== false } };
    return row(facts, { ...shown, method: 'point', ...decideByPoint(points, Math.max(1, n), value, value) });
  }
  if (measured.counters !== undefined && measured.counters.kind !== 'counts')
    return assessCounters(facts, measured.counters, shown);
  if (measured.type === 'Counter') return row(facts, { ...shown, method: 'exact', ...exactly(facts, value) });
  const cap = settings.capMs(limit);
  const isMean = cap !== undefined && isMeanBelow(cap, measured, limit.limit);
  if (!isMean && !isShare(measured, limit.limit))
    return row(facts, { ...shown, method: 'evidence', verdict: 'undecided', reason: 'unquantified' });
  if (!measured.cumulative && look.measuringDone === false)
    return row(facts, { ...shown, method: 'evidence', verdict: 'undecided', reason: 'plan-not-done' });
  if (isMean) {
    const count = { n, bad: (value * n) / cap };
    return assessScaled(facts, { response: count, service: count }, { cap, shown });
  }
  const count = { n, bad: value * n };
  const { count: _, ...assessed } = assessShare(facts, { response: count, service: count }, limit.limit);
  return { ...assessed, ...shown };
}

/** Known only where the metric says it. */
function unitOf({ counters, units = '' }: MeasuredMetric): { readonly unit?: Unit } {
  if (counters?.kind === 'shares') return { unit: 'share' };
  if (counters === undefined || !/^(ms|msecs?|milli-?seconds?)$/i.test(units.trim())) return {};
  return { unit: 'ms' };
}

function isShare({ value = Number.NaN, n = 0, units = '' }: MeasuredMetric, limit: number): boolean {
  return n > 0 && value >= 0 && value <= 1 && limit > 0 && limit < 1 && !NO_SHARE.test(units.trim());
}

/** A mean whose largest value is declared is judged as a share of it (statistics.md 1.3); no percentile is one. */
function isMeanBelow(cap: number, { value = Number.NaN, n = 0, query }: MeasuredMetric, limit: number): boolean {
  return n > 0 && value >= 0 && value <= cap && limit > 0 && limit < cap && !/quantile|percentile/i.test(query);
}

function exactly({ limit, look }: Facts, value: number): Pick<LimitAssessment, 'verdict' | 'reason'> {
  const beyond = limit.side === 'upper' ? value > limit.limit : value < limit.limit;
  // A counter only grows: above its limit it stays, and a lower limit that is reached stays reached.
  if (limit.side === 'upper' && beyond) return { verdict: 'violated' };
  if (limit.side === 'lower' && !beyond) return { verdict: 'satisfied' };
  if (look.measuringDone === false) return { verdict: 'undecided', reason: 'plan-not-done' };
  return { verdict: beyond ? 'violated' : 'satisfied' };
}

function detailOf({ failure, at, extrapolated, n }: MeasuredMetric): { readonly detail?: string } {
  if (failure !== undefined) return { detail: `${failure.message} (kept the value of ${at ?? 'before'})` };
  return extrapolated && n !== undefined ? { detail: 'approximate: extrapolated counters' } : {};
}
