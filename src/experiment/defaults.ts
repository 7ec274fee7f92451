/** Defaults of the resources, each declared once. Those of task inputs are in `tasks`, of evidence in `strength-settings.ts`. */
import { isConditionTrue } from './conditions.ts';
import type { DeploymentPattern, Experiment, ExperimentStatus, WrittenExperiment } from './experiment.ts';
import type { Metric, WrittenMetric } from './metric.ts';

/** Source: docs/contract.md 1. */
export const EXPERIMENT_DEFAULTS = {
  deploymentPattern: 'Progressive',
  weights: { maxCandidateWeight: 100, maxCandidateWeightIncrement: 10 },
  duration: { intervalSeconds: 20, iterationsPerLoop: 15, maxLoops: 1 },
} as const;

/** Source: docs/contract.md 1. */
export const METRIC_DEFAULTS = { type: 'Gauge', method: 'GET' } as const;

/** An objective that is violated rolls back only under BlueGreen, unless it says otherwise. */
function defaultRollback(pattern: DeploymentPattern): boolean {
  return pattern === 'BlueGreen';
}

/** Where an object goes that does not say so itself. */
export interface Placement {
  readonly namespace: string;
  readonly name?: string | undefined;
}

/**
 * The experiment with all defaults. What is written wins, also over `placement`; unknown fields stay. An object that has only
 * `generateName` gets that as its name, to be shown: a store makes the real one.
 */
export function withDefaults(written: WrittenExperiment, placement: Placement): Experiment {
  const { spec } = written;
  const { strategy, criteria, duration } = spec;
  const { weights } = strategy;
  const deploymentPattern = strategy.deploymentPattern ?? EXPERIMENT_DEFAULTS.deploymentPattern;
  return {
    ...written,
    metadata: placed(written.metadata, placement),
    ...withStage(written.status),
    spec: {
      ...spec,
      strategy: {
        ...strategy,
        deploymentPattern,
        actions: strategy.actions ?? {},
        weights: {
          ...weights,
          maxCandidateWeight: weights?.maxCandidateWeight ?? EXPERIMENT_DEFAULTS.weights.maxCandidateWeight,
          maxCandidateWeightIncrement:
            weights?.maxCandidateWeightIncrement ?? EXPERIMENT_DEFAULTS.weights.maxCandidateWeightIncrement,
        },
      },
      criteria: {
        ...criteria,
        objectives: (criteria?.objectives ?? []).map((objective) => ({
          ...objective,
          rollback_on_failure: objective.rollback_on_failure ?? defaultRollback(deploymentPattern),
        })),
        indicators: criteria?.indicators ?? [],
        rewards: criteria?.rewards ?? [],
      },
      duration: {
        ...duration,
        intervalSeconds: duration?.intervalSeconds ?? EXPERIMENT_DEFAULTS.duration.intervalSeconds,
        iterationsPerLoop: duration?.iterationsPerLoop ?? EXPERIMENT_DEFAULTS.duration.iterationsPerLoop,
        maxLoops: duration?.maxLoops ?? EXPERIMENT_DEFAULTS.duration.maxLoops,
      },
    },
  };
}

/** Early versions of Iter8 wrote no stage: it follows from what they did write. One that has not begun has none. */
function withStage(status: ExperimentStatus | undefined): Pick<WrittenExperiment, 'status'> {
  if (status === undefined || status.stage !== undefined) return status === undefined ? {} : { status };
  if (isConditionTrue(status, 'Completed')) return { status: { ...status, stage: 'Completed' } };
  return { status: status.startTime === undefined ? status : { ...status, stage: 'Running' } };
}

/** The metric with all defaults. What is written wins, also over `placement`; unknown fields stay. */
export function metricWithDefaults(written: WrittenMetric, placement: Placement): Metric {
  return {
    ...written,
    metadata: placed(written.metadata, placement),
    spec: {
      ...written.spec,
      type: written.spec.type ?? METRIC_DEFAULTS.type,
      method: written.spec.method ?? METRIC_DEFAULTS.method,
    },
  };
}

function placed<
  T extends {
    readonly name?: string | undefined;
    readonly namespace?: string | undefined;
    readonly generateName?: string | undefined;
  },
>(metadata: T, placement: Placement): T & { readonly name: string; readonly namespace: string } {
  return {
    ...metadata,
    name: metadata.name ?? placement.name ?? metadata.generateName ?? '',
    namespace: metadata.namespace ?? placement.namespace,
  };
}
