/** How long load waits for an answer where its task does not say it. Pure. Source: docs/behavior.md 5. */
import type { Experiment } from './experiment.ts';
import { isLatency, parseMetricName } from './metric-names.ts';
import { isQuantity, toNumber } from './quantity.ts';

const LEAST_MS = 10_000;

/** The larger of 10 s and twice the largest latency limit. */
export function defaultTimeoutMs({ spec, metadata }: Experiment): number {
  const limits = spec.criteria.objectives
    .filter(({ metric }) => isLatency(parseMetricName(metric, metadata.namespace).quantity))
    .flatMap(({ upperLimit, lowerLimit }) =>
      [upperLimit, lowerLimit].filter((limit) => limit !== undefined && isQuantity(limit)),
    );
  return Math.max(LEAST_MS, ...limits.map((limit) => 2 * toNumber(limit)).filter(Number.isFinite));
}
