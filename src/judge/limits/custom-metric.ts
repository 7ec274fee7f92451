/**
 * Limits on metrics that somebody else counted, such as Prometheus. What may be said of a value depends on what is known
 * beside it: docs/method.md 1.6, docs/behavior.md 7.
 *
 * - Raw counters and buckets are judged as exactly as our own (`live-counters.ts`).
 * - A Counter is compared exactly, as our own counts are: above an upper limit at once, else at the end.
 * - A Gauge that is a share, with the number of data points behind it (`sampleSize`), is judged as share x n. Looking again
 *   and again is harmless only where each value holds all data since the start (`elapsedTime` in its query); a value of a fixed
 *   window is looked at once, at the end.
 * - A Gauge that is a mean, with its number of data points and a declared largest value (`strength.cap`), likewise.
 * - Any other Gauge is shown, and never "satisfied with confidence".
 */
import {
  beyondCounts,
  isAllUnderWay,
  shareCounts,
  type CounterLedger,
} from '../../evidence/counters/counter-growth.ts';
import type { UndecidedReason, Unit } from '../assessment.ts';
import type { NoValueReason } from '../no-value-reasons.ts';
import type { Asked, Finding, Shown } from '../finding.ts';
import { hitsOf, isPercentile, largestValueOf } from '../share-or-mean.ts';
import { isMilliseconds } from '../unit-names.ts';
import { liveCountersFinding, scaledClaims } from './live-counters.ts';
import { shareClaims } from './rate.ts';

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
  /** The value holds everything since the start and its sample size does not, or the other way round. */
  readonly windowsDiffer?: boolean | undefined;
  /** It comes from counters that the backend extrapolates (`increase`, `rate`). */
  readonly extrapolated: boolean;
  /** As it was asked, without secrets. */
  readonly query: string;
  /** Raw counters, from which value and n come. */
  readonly counters?: CounterLedger | undefined;
  /** What a value that holds everything since the start grew by, as a share of its cap (1 for a share): hits and others. */
  readonly growth?: { readonly cap: number; readonly ledger: CounterLedger } | undefined;
  /** The last measurements failed. `count` in a row; `reason` is absent in what older versions of ours recorded. */
  readonly failure?:
    | {
        readonly reason?: NoValueReason | undefined;
        readonly message: string;
        readonly since: string;
        readonly count: number;
      }
    | undefined;
  /** There is a value, but the number of data points behind it could not be measured. */
  readonly sizeFailure?:
    | { readonly reason: NoValueReason; readonly message: string; readonly query: string }
    | undefined;
  /** What the backend says beside the value, such as that a part of the data is missing. */
  readonly warnings?: readonly string[] | undefined;
}

/** One failure keeps the last value; more make it too old for a verdict (docs/contract.md 8, defect 7). */
const MOST_FAILURES = 1;

export const isStale = ({ failure }: Pick<MeasuredMetric, 'failure'>): boolean =>
  failure !== undefined && failure.count > MOST_FAILURES;

export function customFinding(asked: Asked, measured: MeasuredMetric | undefined): Finding {
  const open = (reason: Extract<Finding, { kind: 'open' }>['reason'], shown: Shown = { n: 0 }): Finding => ({
    kind: 'open',
    shown,
    reason,
  });
  // Raw counters may have observations beyond their last bound, and no value.
  const isCounted = measured?.counters !== undefined && (measured.n ?? 0) > 0;
  if (measured?.counters !== undefined && !isCounted && measured.failure === undefined) return open('no-traffic');
  if (measured === undefined || (measured.value === undefined && !isCounted)) {
    const { reason = 'metric-unavailable', message } = measured?.failure ?? {};
    return open(reason, { n: 0, ...(message === undefined ? {} : { detail: message }) });
  }
  const { value = Number.POSITIVE_INFINITY, n = 0 } = measured;
  const shown: Shown = {
    n,
    ...(measured.value === undefined ? {} : { estimate: value }),
    ...unitOf(measured),
    ...detailOf(measured),
  };
  if (isStale(measured)) return open('stale', shown);
  const points = { forSatisfied: value, forViolated: value };
  if (asked.question.alpha === undefined) {
    if (measured.value === undefined && !isSurelyBeyond(measured, asked.limit.limit))
      return open('limit-not-counted', shown);
    return { kind: 'evidence', shown, points, claims: () => ({ ...NO_CLAIM, nSatisfied: n, nViolated: n }) };
  }
  if (measured.counters !== undefined && measured.counters.kind !== 'counts')
    return liveCountersFinding(asked, measured.counters, shown);
  if (isExactCounter(measured)) return exactFinding(asked, shown, value);
  return gaugeFinding(asked, measured, shown);
}

/** A plain count, which is compared as it is. */
export const isExactCounter = ({ type, counters }: MeasuredMetric): boolean =>
  counters === undefined ? type === 'Counter' : counters.kind === 'counts' && type === 'Counter';

/** A percentile above the last bound of its buckets is above each limit below that bound; of a limit above it nothing is known. */
function isSurelyBeyond({ counters }: MeasuredMetric, limit: number): boolean {
  const { bad, n } = (counters === undefined ? undefined : beyondCounts(counters, limit))?.service ?? { bad: 0, n: 0 };
  return bad > ((100 - (counters?.percentile ?? 50)) / 100) * n;
}

const NO_CLAIM = { isSatisfied: false, isViolated: false };

function gaugeFinding(asked: Asked, measured: MeasuredMetric, shown: Shown): Finding {
  const { limit, cap, side } = asked.limit;
  const { value = Number.NaN, n, sizeFailure } = measured;
  const most = largestValueOf(measured, cap);
  // Neither a share nor a mean of values from 0 to a cap is below 0.
  if (most !== undefined && side === 'lower' && limit <= 0)
    return { kind: 'exact', shown, now: 'satisfied', atEnd: 'satisfied' };
  if (sizeFailure !== undefined)
    return { kind: 'open', shown: { ...shown, detail: sizeFailure.message }, reason: sizeFailure.reason };
  if (n === undefined) return { kind: 'open', shown, reason: 'unquantified' };
  if (n === 0) return { kind: 'open', shown, reason: 'no-traffic' };
  if (most === undefined) return { kind: 'open', ...withoutCap(measured, cap, shown) };
  if (limit <= 0 || limit >= most)
    return cap === undefined
      ? { kind: 'open', shown, reason: 'limit-not-a-share' }
      : { kind: 'open', shown: { ...shown, cap }, reason: 'limit-outside-cap' };
  if (measured.windowsDiffer === true) return { kind: 'open', shown, reason: 'windows-differ' };
  if (!measured.cumulative && asked.look.measuringDone === false)
    return { kind: 'open', shown, reason: 'measuring-not-done' };
  const { growth } = measured;
  const isFollowed = measured.cumulative && growth !== undefined && growth.cap === most;
  if (isFollowed && isAllUnderWay(growth.ledger)) return { kind: 'open', shown, reason: 'all-under-way' };
  const count = { n, bad: hitsOf({ value, n }, most) };
  const counts = isFollowed ? shareCounts(growth.ledger) : { response: count, service: count };
  return {
    kind: 'evidence',
    shown,
    points: { forSatisfied: value, forViolated: value },
    claims: () =>
      cap === undefined
        ? shareClaims(asked, counts, limit)
        : scaledClaims(asked, counts, { cap, estimate: shown.estimate }),
  };
}

/** Its number of data points is known; what is missing is a largest value. No percentile has one that would help. */
function withoutCap(
  measured: MeasuredMetric,
  cap: number | undefined,
  shown: Shown,
): { readonly shown: Shown; readonly reason: UndecidedReason } {
  if (isPercentile(measured)) return { shown, reason: 'percentile-value' };
  return cap !== undefined && (measured.value ?? 0) > cap
    ? { shown: { ...shown, cap }, reason: 'above-cap' }
    : { shown, reason: 'needs-cap' };
}

/** Known only where the metric says it. */
function unitOf({ counters, units = '' }: MeasuredMetric): { readonly unit?: Unit } {
  if (counters?.kind === 'shares') return { unit: 'share' };
  if (counters === undefined || !isMilliseconds(units)) return {};
  return { unit: 'ms' };
}

/** A counter only grows: above its limit it stays, and a lower limit that is reached stays reached. */
function exactFinding({ limit: { side, limit } }: Asked, shown: Shown, value: number): Finding {
  const isBeyond = side === 'upper' ? value > limit : value < limit;
  if (side === 'upper')
    return isBeyond
      ? { kind: 'exact', shown, now: 'violated', atEnd: 'violated' }
      : { kind: 'exact', shown, atEnd: 'satisfied' };
  return isBeyond
    ? { kind: 'exact', shown, atEnd: 'violated' }
    : { kind: 'exact', shown, now: 'satisfied', atEnd: 'satisfied' };
}

function detailOf({ failure, at, extrapolated, n }: MeasuredMetric): { readonly detail?: string } {
  if (failure !== undefined) return { detail: `${failure.message} (kept the value of ${at ?? 'before'})` };
  return extrapolated && n !== undefined ? { detail: 'approximate: extrapolated counters' } : {};
}
