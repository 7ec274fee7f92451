/** What the planned load can decide, and how many requests it would take: for `plan`, and for the warning of `run`. Pure. */
import type { CounterLedger } from '../evidence/counters/counter-growth.ts';
import { exponential, meanOf, type Distribution } from '../evidence/planning/distribution.ts';
import { requestsForMean } from '../evidence/planning/mean-passage.ts';
import { requestsForRate } from '../evidence/planning/rate-passage.ts';
import { fewestRequests } from '../evidence/planning/requests-needed.ts';
import { isTrivial, type Limit } from '../judge/question/limits.ts';
import type { Question } from '../judge/question/question.ts';
import { shortName } from '../experiment/metric-names.ts';
import {
  leastSent,
  lnSatisfiedNeeded,
  reachable,
  unloadedText,
  unloadedVersions,
  type AssumedTruth,
  type Needs,
  type PowerRow,
  type Seen,
} from './power-row.ts';
import { formatCounted } from '../text/units.ts';
import type { Trial } from './measured-outlook.ts';
import { relativeDecidability } from './relative-decidability.ts';

const CLOSED_LOOP = 'with qps 0 latency depends on the load itself';

/** One row for each side of each objective, for the version with the highest bar to clear. */
export function decidability(question: Question, seen: Seen = {}): PowerRow[] {
  const { load, alpha } = question;
  const lnThreshold = lnSatisfiedNeeded(question);
  const own = question.limits.map((limit): PowerRow => {
    const base = { metric: limit.metric, side: limit.side, limit: limit.limit, unit: limit.unit };
    // How much somebody else will have counted is not ours to say.
    if (limit.quantity.kind === 'custom') return { ...base, decided: 'depends' };
    const unloaded = unloadedVersions(question, question.answered, limit.endpoint);
    if (unloaded.length > 0) return { ...base, decided: 'no', remark: unloadedText(unloaded, limit.endpoint) };
    if (isTrivial(limit)) return { ...base, decided: 'yes', remark: 'no value is below 0' };
    if (limit.unit === 'ms' && load.closedLoop) return { ...base, decided: 'no', remark: CLOSED_LOOP };
    if (limit.unit === 'count' || (limit.quantity.kind === 'error-rate' && limit.limit === 0) || alpha === undefined)
      return { ...base, decided: 'yes', remark: comparedText(question, limit) };
    const needs = ownNeeds(limit, lnThreshold, seen);
    return { ...base, ...needs, ...reachable(needs, leastSent(question, limit)) };
  });
  return [...own, ...relativeDecidability(question, seen)];
}

/** Of a number of requests it is known before how it ends. */
function comparedText(question: Question, limit: Limit): string {
  const compared = 'compared when the plan is done';
  if (limit.quantity.kind !== 'request-count') return compared;
  const { plannedRequests, mostRequests } = leastSent(question, limit);
  const { side, limit: at } = limit;
  if (side === 'upper' && plannedRequests !== undefined && plannedRequests > at)
    return `${compared}, and violated: ${formatCounted(plannedRequests, 'request is', 'requests are')} planned`;
  if (side === 'lower' && mostRequests !== undefined && mostRequests < at)
    return `${compared}, and violated: at most ${formatCounted(mostRequests, 'request is', 'requests are')} sent`;
  return compared;
}

function ownNeeds(limit: Limit, lnThreshold: number, { latencies }: Seen): Needs {
  switch (limit.quantity.kind) {
    case 'mean-latency':
      return meanNeeds(limit, lnThreshold, latencies);
    case 'percentile':
      return percentileNeeds(limit, limit.quantity.percent, lnThreshold);
    default:
      return countNeeds(limit, limit.limit, 'errors', lnThreshold);
  }
}

/** The rows with what they need, for metrics whose raw counters were seen: how many of them there will be is not ours to say. */
export function withBackendNeeds(
  rows: readonly PowerRow[],
  measured: Trial['measured'],
  question: Question,
): PowerRow[] {
  if (question.alpha === undefined) return [...rows];
  const lnThreshold = lnSatisfiedNeeded(question);
  return rows.map((row) => {
    const counters = Object.values(measured[row.metric] ?? {}).find((one) => one.counters !== undefined)?.counters;
    const limit = question.limits.find(
      (one) => one.metric === row.metric && one.side === row.side && one.limit === row.limit,
    );
    if (row.decided !== 'depends' || counters === undefined || limit === undefined) return row;
    const needs = backendNeeds(limit, counters, lnThreshold);
    return typeof needs === 'string'
      ? { ...row, decided: 'no', remark: needs }
      : { ...row, ...(counters.kind === 'shares' ? { unit: 'share' } : {}), ...needs };
  });
}

/** A text says why it can never be decided. */
function backendNeeds(
  limit: Limit,
  { kind, percentile }: Pick<CounterLedger, 'kind' | 'percentile'>,
  lnThreshold: number,
): Needs | string {
  switch (kind) {
    case 'counts':
      return {};
    case 'shares':
      return limit.limit > 0 && limit.limit < 1 ? shareNeeds(limit, lnThreshold) : {};
    case 'histograms':
      return percentileNeeds(limit, percentile ?? 50, lnThreshold);
    case 'sums':
      if (limit.cap === undefined) return 'a mean needs its largest value: declare it (strength.cap)';
      return limit.limit > 0 && limit.limit < limit.cap ? meanNeeds(limit, lnThreshold) : {};
  }
}

/** Of a backend. At a tenth of what may be beyond the limit: of a lower one at twice the limit, where that is nearer. */
function shareNeeds({ side, limit }: Limit, lnThreshold: number): Needs {
  const kind = 'value';
  if (side === 'upper') return countNeeds({ side }, limit, kind, lnThreshold);
  const truth = Math.min(2 * limit, 1 - (1 - limit) / 10);
  return { ...belowNeeds(1 - limit, 1 - truth, lnThreshold), assumed: { kind, value: truth } };
}

function belowNeeds(p0: number, truth: number, lnThreshold: number): Needs {
  return {
    needed: requestsForRate({ p0, truth, lnThreshold, side: 'satisfied' }),
    fewest: fewestRequests(p0, lnThreshold),
  };
}

const percentileNeeds = (limit: Limit, percent: number, lnThreshold: number): Needs =>
  countNeeds(limit, (100 - percent) / 100, 'slower', lnThreshold);

/** Of requests that are counted, at most or at least this part. */
function countNeeds({ side }: Pick<Limit, 'side'>, p0: number, kind: AssumedTruth['kind'], lnThreshold: number): Needs {
  const value = side === 'upper' ? p0 / 10 : Math.min(1, 2 * p0);
  const assumed = { kind, value };
  if (side === 'upper') return { ...belowNeeds(p0, value, lnThreshold), assumed };
  // To be above a lower limit is what is asked for: it condemns nobody, and waits for no number of requests.
  return { needed: requestsForRate({ p0, truth: value, lnThreshold, side: 'violated', fewest: 0 }), assumed };
}

/** As an earlier run showed it, where that keeps the limit; otherwise half the limit, or for a lower one twice the limit, as far as the cap allows. */
function meanNeeds({ limit, side, cap }: Limit, lnThreshold: number, seen?: Distribution): Needs {
  if (cap === undefined) return {};
  const assumed = side === 'upper' ? limit / 2 : Math.min(2 * limit, (limit + cap) / 2);
  const latencies = seen !== undefined && meanOf(seen) < limit === (side === 'upper') ? seen : undefined;
  const values = latencies ?? exponential(assumed);
  return {
    needed: requestsForMean({ values, limit, cap, side, lnThreshold }),
    assumed: { kind: 'value', value: meanOf(values) },
    ...(latencies === undefined ? {} : { isMeasured: true }),
  };
}

/** Sentences for the start of a run: objectives that plan and maximum cannot decide, with the number that could. */
export function decidabilityWarnings(question: Question): string[] {
  return decidability(question)
    .filter(({ decided }) => decided === 'no' || decided === 'seldom')
    .map(decidabilityText);
}

/** Of one that may stay open. */
export function decidabilityText({ metric, decided, remark = 'too few requests' }: PowerRow): string {
  const what = decided === 'no' ? 'cannot be decided by this plan' : 'may end undecided';
  return `${shortName(metric)} ${what}: ${remark}`;
}
