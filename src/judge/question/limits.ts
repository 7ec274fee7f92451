/** The one-sided limits of the objectives. Pure. */
import { UsageError } from '../../errors.ts';
import type { Experiment } from '../../experiment/experiment.ts';
import { isLatency, parseMetricName, type MetricQuantity } from '../../experiment/metric-names.ts';
import { isQuantity, toNumber } from '../../experiment/quantity.ts';
import type { StrengthSettings } from '../../experiment/strength-settings.ts';
import type { LatencyLimit } from '../../evidence/request-tally.ts';
import { formatLimit } from '../../text/units.ts';
import type { Side, Unit } from '../assessment.ts';

/** One side of an objective. `limit` and `cap` in the unit of the metric: ms, share (0..1), count. */
export interface Limit {
  /** Position in spec.criteria.objectives. */
  readonly objective: number;
  /** As the user wrote it. */
  readonly metric: string;
  readonly quantity: MetricQuantity;
  readonly endpoint?: string | undefined;
  readonly side: Side;
  readonly limit: number;
  readonly unit: Unit;
  /** The largest value that counts: the timeout, or what strength.cap declares. Undefined when it is not known. */
  readonly cap?: number | undefined;
  /** What it means that there is no data, once no more can come. */
  readonly noData: StrengthSettings['noData'];
}

/** Settings of one metric. */
export interface MetricSettings {
  readonly capOf: (metric: string) => number | undefined;
  readonly noDataOf: (metric: string) => StrengthSettings['noData'];
}

export function unitOf(quantity: MetricQuantity): Unit {
  switch (quantity.kind) {
    case 'mean-latency':
    case 'percentile':
      return 'ms';
    case 'error-rate':
      return 'share';
    case 'error-count':
    case 'request-count':
      return 'count';
    case 'custom':
      return 'plain';
  }
}

/**
 * The limits of all objectives, upper before lower. An objective whose limits are no numbers is left out.
 *
 * @param settings by the metric as it is written; absent where limits are only counted at, and nothing is judged
 */
export function limitsOf(
  { spec: { criteria }, metadata: { namespace } }: Experiment,
  { capOf, noDataOf }: MetricSettings = { capOf: () => undefined, noDataOf: () => 'undecided' },
): Limit[] {
  return criteria.objectives.flatMap(({ metric, upperLimit, lowerLimit }, objective) => {
    const { quantity, endpoint } = parseMetricName(metric, namespace);
    const cap = capOf(metric);
    const common = {
      objective,
      metric,
      quantity,
      ...(endpoint === undefined ? {} : { endpoint }),
      unit: unitOf(quantity),
      noData: noDataOf(metric),
      ...(cap === undefined ? {} : { cap }),
    };
    const sides = [
      { side: 'upper', written: upperLimit },
      { side: 'lower', written: lowerLimit },
    ] as const;
    return sides
      .flatMap(({ side, written }): Limit[] =>
        written === undefined || !isQuantity(written) ? [] : [{ ...common, side, limit: toNumber(written) }],
      )
      .filter(({ limit }) => Number.isFinite(limit));
  });
}

/** A lower limit of 0 holds by itself, and takes no share of alpha. A custom metric may be below 0. */
export function isTrivial({ side, limit, quantity }: Limit): boolean {
  return side === 'lower' && limit <= 0 && quantity.kind !== 'custom';
}

/** Limits at which latencies are counted exactly, each once. */
export function latencyLimits(limits: readonly Limit[]): LatencyLimit[] {
  const seen = new Map<string, LatencyLimit>();
  for (const { quantity, side, limit } of limits)
    if (quantity.kind === 'percentile') seen.set(`${side} ${limit}`, { limitMs: limit, side });
  return [...seen.values()];
}

/**
 * Latencies, and so their mean, count up to the timeout: at a limit that is not below it all would be well (docs/method.md 0.3).
 *
 * @param timeout undefined where it is not known. `name` and `hint` are of whoever asks: a flag, or what was measured
 * @throws UsageError
 */
export function refuseLimitsBeyond(
  timeout: { readonly ms: number | undefined; readonly name: string; readonly hint: string },
  limits: readonly Limit[],
): void {
  const { ms, name, hint } = timeout;
  if (ms === undefined) return;
  const beyond = limits.find(({ quantity, limit }) => isLatency(quantity) && limit >= ms);
  if (beyond === undefined) return;
  throw new UsageError(
    `the limit of ${formatLimit(beyond.limit, 'ms')} is not below ${name} (${formatLimit(ms, 'ms')}): no latency could be seen beyond it`,
    { hint },
  );
}
