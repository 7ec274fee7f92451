/** Relative limits, from strength.relative: what a candidate may be worse by than the baseline. Pure. */
import { parseMetricName, type MetricQuantity } from '../../experiment/metric-names.ts';
import type { StrengthSettings } from '../../experiment/strength-settings.ts';
import type { PercentileLimit } from '../../evidence/paired/paired-percentiles.ts';
import { isComparable, relativeComparison, type Comparison } from '../../evidence/two-versions/comparison.ts';
import type { Unit } from '../assessment.ts';
import { unitOf, type MetricSettings } from './limits.ts';

/** At most `comparison.ratio` times the baseline, and `plus` more. */
export interface RelativeLimit {
  /** Behind those of spec.criteria.objectives. */
  readonly objective: number;
  readonly metric: string;
  readonly quantity: MetricQuantity;
  readonly endpoint?: string | undefined;
  readonly unit: Unit;
  readonly comparison: Omit<Comparison, 'cap'>;
  /** The largest value that counts: 1 for shares; undefined where it is not known. */
  readonly cap: number | undefined;
  /** False where every value, or none, would keep the limit. */
  readonly isComparable: boolean;
  /** What it means that there is no data, once no more can come. */
  readonly noData: StrengthSettings['noData'];
  /** As it was written: one of them. */
  readonly percent?: number | undefined;
  readonly increase?: number | undefined;
}

/** What its blocks of live counters are stored by: the same, whatever other objectives there are. */
export const blocksKey = ({
  metric,
  comparison: { ratio, plus },
}: Pick<RelativeLimit, 'metric' | 'comparison'>): string => `${metric} ${ratio} ${plus}`;

/** None is left out: what cannot be compared stays undecided, and says why. */
export function relativeLimits(
  strength: StrengthSettings,
  how: {
    readonly namespace: string;
    /** Position of the first of them. */
    readonly first: number;
  } & MetricSettings,
): RelativeLimit[] {
  return strength.relative.map((written, index) => {
    const { quantity, endpoint } = parseMetricName(written.metric, how.namespace);
    const cap = quantity.kind === 'error-rate' ? 1 : how.capOf(written.metric);
    const comparison = relativeComparison(written, cap ?? Number.MAX_VALUE);
    const isCount = quantity.kind === 'request-count' || quantity.kind === 'error-count';
    return {
      objective: how.first + index,
      metric: written.metric,
      quantity,
      ...(endpoint === undefined ? {} : { endpoint }),
      unit: unitOf(quantity),
      comparison: { ratio: comparison.ratio, plus: comparison.plus },
      cap,
      noData: how.noDataOf(written.metric),
      isComparable: !isCount && isComparable(comparison),
      ...(written.maxIncreasePercent === undefined ? {} : { percent: written.maxIncreasePercent }),
      ...(written.maxIncrease === undefined ? {} : { increase: written.maxIncrease }),
    };
  });
}

/** Limits at which means of pairs must be followed while they are counted. */
export function pairedMeanLimits(limits: readonly RelativeLimit[]): Comparison[] {
  return limits.flatMap(({ quantity, comparison, cap }) =>
    quantity.kind === 'mean-latency' && cap !== undefined ? [{ ...comparison, cap }] : [],
  );
}

/** Limits at which percentiles of pairs must be followed. */
export function pairedPercentileLimits(limits: readonly RelativeLimit[]): PercentileLimit[] {
  return limits.flatMap(({ quantity, comparison }) =>
    quantity.kind === 'percentile' ? [{ ...comparison, percent: quantity.percent }] : [],
  );
}

/** Whether pairs of requests must be kept. */
export function needsPairs(limits: readonly RelativeLimit[]): boolean {
  return limits.some(
    ({ quantity: { kind } }) => kind === 'error-rate' || kind === 'mean-latency' || kind === 'percentile',
  );
}
