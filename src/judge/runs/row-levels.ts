/** What one run says about the quantity of one row: a value, its interval, the evidence at each level; or why nothing can be said. */
import { meanLevels } from '../../evidence/two-runs/mean-levels.ts';
import { NO_STEPS, type LevelEvidence } from '../../evidence/two-runs/levels.ts';
import { percentileLevels } from '../../evidence/two-runs/percentile-levels.ts';
import { goodShareLevels, scaledLevels, shareLevels } from '../../evidence/two-runs/share-levels.ts';
import { lowerBound, upperBound } from '../../evidence/one-sample/rate-bounds.ts';
import { meanLowerBound, meanUpperBound } from '../../evidence/one-sample/mean-bounds.ts';
import { percentile, quantileLowerBound, quantileUpperBound } from '../../evidence/one-sample/percentile-bounds.ts';
import { isAllUnderWay, meanCounts, shareCounts } from '../../evidence/counters/counter-growth.ts';
import { rowsOf } from '../../evidence/latency-histogram.ts';
import type { Bounds } from '../../evidence/two-versions/comparison.ts';
import { othersOf, type Tally } from '../../evidence/request-tally.ts';
import type { DisplayUnit } from '../../text/units.ts';
import { isExactCounter, isStale, type MeasuredMetric } from '../limits/custom-metric.ts';
import { hitsOf, largestValueOf } from '../share-or-mean.ts';
import { complementOf, errorCount, shareOf, type TwoCounts } from '../limits/rate.ts';
import { meanOf } from '../limits/mean.ts';
import { isMilliseconds } from '../unit-names.ts';
import { ASSUMED_TIMEOUT_MS, type MeasuredRun } from './measured-run.ts';

/** What a row is about. */
export type RowQuantity =
  | { readonly kind: 'error-rate'; readonly endpoint?: string | undefined }
  | { readonly kind: 'mean-latency'; readonly endpoint?: string | undefined }
  | { readonly kind: 'percentile'; readonly percent: number; readonly endpoint?: string | undefined }
  | { readonly kind: 'custom'; readonly metric: string; readonly cap?: number | undefined };

/** What a run knows of it. */
export interface RunSide extends Bounds {
  readonly n: number;
  readonly estimate?: number | undefined;
}

export interface SideLevels {
  readonly side: RunSide;
  readonly unit: DisplayUnit;
  /** Absent: nothing can be claimed about it. */
  readonly levels?: LevelEvidence | undefined;
  /** Data points that the evidence is made of, where there is some. */
  readonly counted?: number | undefined;
  /** Why not, or why not everything. */
  readonly reason?: string | undefined;
}

export interface LevelsAsked {
  /** Of a difference. */
  readonly lnNeeded: number;
  /** Of the interval of one run. */
  readonly lnSide: number;
  /** What latencies of both runs are known below, ms: the shorter of the two timeouts, for means. */
  readonly capMs?: number | undefined;
  /** Hits of a share are good, as its objective says. */
  readonly isGood?: boolean | undefined;
  /** What the other run's latencies count from. */
  readonly otherLatency: MeasuredRun['latency'];
}

export function sideLevels(run: MeasuredRun, quantity: RowQuantity, asked: LevelsAsked): SideLevels {
  const found = measuredLevels(run, quantity, asked);
  if (run.changed === undefined) return found;
  const { n, estimate } = found.side;
  return { side: { n, ...(estimate === undefined ? {} : { estimate }) }, unit: found.unit, reason: run.changed };
}

function measuredLevels(run: MeasuredRun, quantity: RowQuantity, asked: LevelsAsked): SideLevels {
  if (quantity.kind === 'custom') return customLevels(run.measured[quantity.metric], quantity, asked);
  const tally = run.tallyOf(quantity.endpoint);
  const unit = quantity.kind === 'error-rate' ? 'share' : 'ms';
  if (tally.response.n === 0) return { side: { n: 0 }, unit, reason: 'no requests' };
  const found =
    quantity.kind === 'error-rate'
      ? errorLevels(tally, asked)
      : quantity.kind === 'mean-latency'
        ? latencyMean(tally, asked)
        : latencyPercentile(run, tally, { ...asked, percent: quantity.percent });
  return doubted(run, found, asked);
}

/** What may be missing could only have been bad: nothing is claimed to be small that it could have made large. */
function doubted(run: MeasuredRun, found: SideLevels, { otherLatency }: LevelsAsked): SideLevels {
  const { levels, side, unit } = found;
  if (levels === undefined) return found;
  const isLatency = unit === 'ms';
  // Two that count from the sending measure the same; one of them measures less than one that counts from when it was due.
  const hidesWaits = isLatency && run.latency !== 'due' && otherLatency === 'due';
  const reason =
    run.missing !== undefined
      ? MISSING[run.missing]
      : hidesWaits
        ? 'its latencies leave out how long requests waited to be sent'
        : undefined;
  const isLate = isLatency && run.isSaturated;
  if (reason === undefined && !isLate) return found;
  const { upper: _, lower: __, ...value } = side;
  return {
    ...found,
    side: {
      ...value,
      ...(reason !== undefined || side.upper === undefined ? {} : { upper: side.upper }),
      ...(isLate || side.lower === undefined ? {} : { lower: side.lower }),
    },
    levels: { ...levels, ...(reason === undefined ? {} : { below: NO_STEPS }), ...(isLate ? { above: NO_STEPS } : {}) },
    reason: reason ?? 'the load generator could not keep up: that a latency is long may be its own fault',
  };
}

const MISSING = {
  'failures-missing': 'requests that failed without an answer are not in it',
  'unfinished-missing': 'requests that had not ended may be missing in it',
} as const;

function errorLevels({ response, service }: Tally, { lnNeeded, lnSide }: LevelsAsked): SideLevels {
  return countedShare({ response: errorCount(response), service: errorCount(service) }, { lnNeeded, lnSide });
}

function countedShare(
  counts: TwoCounts,
  { lnNeeded, lnSide, isGood = false }: Pick<LevelsAsked, 'lnNeeded' | 'lnSide' | 'isGood'>,
): SideLevels {
  const { response } = counts;
  const { n } = response;
  return {
    side: {
      n,
      estimate: shareOf(response),
      ...(isGood ? complementOf(boundsOf(othersOf(counts), lnSide)) : boundsOf(counts, lnSide)),
    },
    unit: 'share',
    levels: (isGood ? goodShareLevels : shareLevels)(counts, lnNeeded),
    counted: n,
  };
}

const boundsOf = ({ response, service }: TwoCounts, lnSide: number): Bounds => ({
  lower: lowerBound(service, lnSide),
  upper: upperBound(response, lnSide),
});

function latencyMean({ response, service }: Tally, { lnNeeded, lnSide, capMs }: LevelsAsked): SideLevels {
  const side = { n: response.n, estimate: meanOf(response, capMs) };
  const lower = { lower: meanLowerBound(rowsOf(service.histogram), { capMs, lnThreshold: lnSide }) };
  if (capMs === undefined)
    return {
      side: { ...side, ...lower },
      unit: 'ms',
      reason: 'how long was waited for an answer is not known (--timeout)',
    };
  const views = { response: response.histogram, service: service.histogram };
  return {
    side: { ...side, ...lower, upper: meanUpperBound(rowsOf(response.histogram), { capMs, lnThreshold: lnSide }) },
    unit: 'ms',
    levels: meanLevels(views, { capMs, lnNeeded }),
    counted: response.n,
  };
}

function latencyPercentile(
  run: MeasuredRun,
  { response, service, answers }: Tally,
  { percent, lnNeeded, lnSide }: LevelsAsked & { readonly percent: number },
): SideLevels {
  const views = { response: response.histogram, service: service.histogram };
  const knownBelowMs = run.timeoutMs ?? (answers === undefined ? undefined : ASSUMED_TIMEOUT_MS);
  const bound = { percent, lnThreshold: lnSide };
  const upper = quantileUpperBound(response.histogram, bound);
  const lower = quantileLowerBound(service.histogram, bound);
  const isKnown = upper !== undefined && (knownBelowMs === undefined || upper < knownBelowMs);
  return {
    side: {
      n: response.n,
      estimate: percentile(response.histogram, percent),
      ...(lower === undefined ? {} : { lower }),
      ...(isKnown ? { upper } : {}),
    },
    unit: 'ms',
    levels: percentileLevels(views, { percent, lnNeeded, knownBelowMs }),
    counted: response.n,
  };
}

/** By what is known beside a value of a backend: docs/method.md 1.6. */
function customLevels(
  measured: MeasuredMetric | undefined,
  { cap }: Extract<RowQuantity, { kind: 'custom' }>,
  asked: LevelsAsked,
): SideLevels {
  const { value, n = 0, units = '' } = measured ?? {};
  const unit = measured?.counters?.kind === 'shares' ? 'share' : isMilliseconds(units) ? 'ms' : 'plain';
  const shown = { n, ...(value === undefined ? {} : { estimate: value }) };
  const none = (reason: string): SideLevels => ({ side: shown, unit, reason });
  if (measured === undefined || value === undefined) return none('it was not measured');
  if (isStale(measured)) return none('the last measurements failed');
  if (isExactCounter(measured)) return none('a count depends on how much was sent');
  if (measured.windowsDiffer === true) return none('its value and its number of data points are of different times');
  const { counters, growth } = measured;
  const share = (counts: TwoCounts, most: number): SideLevels => {
    const found = countedShare(counts, asked);
    const { lower = 0, upper = 1 } = found.side;
    return {
      side: { ...shown, lower: lower * most, upper: upper * most },
      unit,
      levels: most === 1 ? found.levels : scaledLevels(found.levels!, most),
      counted: counts.response.n,
    };
  };
  if (counters !== undefined) {
    if (isAllUnderWay(counters)) return none('its requests may all be under way');
    if (counters.kind === 'shares') return share(shareCounts(counters), 1);
    if (counters.kind !== 'sums') return none('it is known at the limit of its objective alone');
    if (cap === undefined || value > cap) return none('a mean needs its largest value (strength.cap)');
    return share(meanCounts(counters, cap), cap);
  }
  if (n === 0) return none('its number of data points is not known (sampleSize)');
  const most = largestValueOf(measured, cap);
  if (most === undefined) return none('it is no share, and no mean whose largest value is known');
  if (growth !== undefined && growth.cap <= most) {
    if (isAllUnderWay(growth.ledger)) return none('its requests may all be under way');
    return share(ofLargerCap(shareCounts(growth.ledger), growth.cap / most), most);
  }
  const count = { n, bad: hitsOf({ value, n }, most) };
  return share({ response: count, service: count }, most);
}

/** The same sums as shares of a larger cap, of which theirs is that part: what is no longer of a hit is of the rest. */
function ofLargerCap({ response, service }: TwoCounts, part: number): TwoCounts {
  const scaled = (hits: number, { others, hitsOfThem }: { readonly others: number; readonly hitsOfThem: number }) => ({
    bad: part * hits,
    n: part * hits + others + (1 - part) * hitsOfThem,
  });
  return {
    response: scaled(response.bad, { others: response.n - response.bad, hitsOfThem: service.bad }),
    service: scaled(service.bad, { others: service.n - service.bad, hitsOfThem: response.bad }),
  };
}
