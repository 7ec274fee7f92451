/** From the criteria of an experiment to what the judge judges: one-sided limits, versions, settings. Pure. */
import { collectInputs } from '../experiment/task-inputs.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { parseMetricName, type MetricQuantity } from '../experiment/metric-names.ts';
import { toNumber } from '../experiment/quantity.ts';
import type { StrengthSettings } from '../experiment/strength-settings.ts';
import type { LatencyLimit } from '../evidence/request-tally.ts';
import type { Side, Unit } from './assessment.ts';

/** One side of an objective. `limit` in the unit of the metric: ms, share (0..1), count. */
export interface JudgedLimit {
  /** Position in spec.criteria.objectives. */
  readonly objective: number;
  /** As the user wrote it. */
  readonly metric: string;
  readonly quantity: MetricQuantity;
  readonly endpoint?: string | undefined;
  readonly side: Side;
  readonly limit: number;
  readonly unit: Unit;
}

export interface JudgedVersion {
  readonly name: string;
  readonly role: 'baseline' | 'candidate';
}

export interface JudgeSettings {
  /** Per side; `none` compares point values. */
  readonly confidence: number | 'none';
  readonly minRequests: number;
  readonly minSeconds: number;
  /** What no data at all says once the plan is done. */
  readonly noData: 'undecided' | 'violated';
  /** Largest value that counts for this limit, in its unit: the timeout, or a declared cap. Undefined when unknown. */
  capMs(limit: JudgedLimit): number | undefined;
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

/** The one-sided limits of all objectives, upper before lower. An objective whose name or limits cannot be read is left out. */
export function judgedLimits(experiment: Experiment): JudgedLimit[] {
  return experiment.spec.criteria.objectives.flatMap((objective, index) => {
    const name = parseMetricName(objective.metric, experiment.metadata.namespace);
    const common = {
      objective: index,
      metric: objective.metric,
      quantity: name.quantity,
      ...(name.endpoint === undefined ? {} : { endpoint: name.endpoint }),
      unit: unitOf(name.quantity),
    };
    const limits: JudgedLimit[] = [];
    if (objective.upperLimit !== undefined)
      limits.push({ ...common, side: 'upper', limit: toNumber(objective.upperLimit) });
    if (objective.lowerLimit !== undefined)
      limits.push({ ...common, side: 'lower', limit: toNumber(objective.lowerLimit) });
    return limits;
  });
}

/** Baseline first. Empty without versionInfo. */
export function judgedVersions(experiment: Experiment): JudgedVersion[] {
  const info = experiment.spec.versionInfo;
  if (info === undefined) return [];
  return [
    { name: info.baseline.name, role: 'baseline' },
    ...(info.candidates ?? []).map((candidate) => ({ name: candidate.name, role: 'candidate' }) as const),
  ];
}

/** Largest latency limit among the objectives, ms; undefined when no objective is about latency. */
export function largestLatencyLimitMs(experiment: Experiment): number | undefined {
  const limits = judgedLimits(experiment)
    .filter((limit) => limit.unit === 'ms')
    .map((limit) => limit.limit);
  return limits.length === 0 ? undefined : Math.max(...limits);
}

/** Default of a collect task's `timeout`: the larger of 10 s and twice the largest latency limit (behaviour.md 5). */
export function defaultTimeoutMs(experiment: Experiment): number {
  return Math.max(10_000, 2 * (largestLatencyLimitMs(experiment) ?? 0));
}

/** The largest timeout of any collect task: no latency is recorded above it. Undefined without a collect task. */
export function longestTimeoutMs(experiment: Experiment): number | undefined {
  const timeouts = Object.values(experiment.spec.strategy.actions)
    .flat()
    .filter((task) => task.task === 'metrics/collect')
    .map((task) => collectInputs(task).timeoutMs ?? defaultTimeoutMs(experiment));
  return timeouts.length === 0 ? undefined : Math.max(...timeouts);
}

/** A lower limit of 0 holds by itself, and takes no share of alpha. */
export function isTrivial(limit: JudgedLimit): boolean {
  return limit.side === 'lower' && limit.limit <= 0;
}

/** Settings of the judge for an experiment that we drive. */
export function judgeSettings(experiment: Experiment, strength: StrengthSettings): JudgeSettings {
  const timeoutMs = longestTimeoutMs(experiment);
  const caps = new Map(strength.cap.map((cap) => [cap.metric, toNumber(cap.max)]));
  return {
    confidence: strength.confidence,
    minRequests: strength.minRequests,
    minSeconds: strength.minSeconds,
    noData: strength.noData,
    capMs: (limit) => {
      const cap = caps.get(limit.metric);
      // What others measure has nothing to do with the timeout of our load.
      if (limit.quantity.kind === 'custom') return cap;
      if (timeoutMs === undefined) return cap;
      return cap === undefined ? timeoutMs : Math.min(cap, timeoutMs);
    },
  };
}

/** Limits at which latencies of a version (with one unnamed or these named endpoints) are counted exactly. */
export function latencyLimits(limits: readonly JudgedLimit[]): LatencyLimit[] {
  const seen = new Map<string, LatencyLimit>();
  for (const limit of limits) {
    if (limit.quantity.kind === 'percentile')
      seen.set(`${limit.side} ${limit.limit}`, { limitMs: limit.limit, side: limit.side });
  }
  return [...seen.values()];
}
