/** The documented, versioned view for machines: `-o json` and `-o yaml`. Numbers are numbers; units are named. See docs/output.md. */
import type { LimitAssessment, Unit } from '../judge/assessment.ts';
import type { ExperimentView } from '../view/experiment-view.ts';
import { OUTPUT_VERSION } from './json-text.ts';

export const UNITS: Readonly<Record<Unit, string>> = {
  ms: 'milliseconds',
  share: 'ratio',
  count: 'count',
  plain: 'value',
};

export function jsonView(view: ExperimentView) {
  return { apiVersion: OUTPUT_VERSION, kind: 'ExperimentView', ...body(view) };
}

export function jsonList(views: readonly ExperimentView[]) {
  return { apiVersion: OUTPUT_VERSION, kind: 'ExperimentViewList', items: views.map(body) };
}

function body(view: ExperimentView) {
  return {
    experiment: {
      name: view.name,
      namespace: view.namespace,
      target: view.target,
      pattern: view.testingPattern,
      deploymentPattern: view.deploymentPattern,
      stage: view.stage ?? null,
      completed: view.ended,
      // Absent when it has ended, or when that is not known.
      ...(view.driven === undefined ? {} : { drivenBy: view.driven.by ?? null }),
      completedIterations: view.iterations.completed,
      totalIterations: view.iterations.total,
      createdAt: view.createdAt ?? null,
      startedAt: view.startedAt ?? null,
      changedAt: view.changedAt ?? null,
    },
    recommendation: {
      verdict: view.recommendation.verdict,
      version: view.recommendation.version ?? null,
      reason: view.recommendation.reasons[0] ?? '',
      reasons: view.recommendation.reasons,
      headline: view.headline,
      ...(view.judgedAgain === undefined ? {} : { judgedAnew: view.judgedAgain }),
    },
    objectives: view.objectives.map(objective),
    observations: view.observations.map(({ latencyMs, endpoint, ...rest }) => ({
      ...rest,
      ...(endpoint === undefined ? {} : { endpoint }),
      latency:
        latencyMs === undefined
          ? null
          : {
              unit: 'milliseconds',
              answers: latencyMs.answers,
              mean: latencyMs.mean,
              min: latencyMs.min,
              max: latencyMs.max,
              percentiles: Object.fromEntries(
                latencyMs.percentiles.map(({ percent, value }) => [String(percent), value]),
              ),
            },
    })),
    ...(view.recorded.length === 0
      ? {}
      : { recorded: view.recorded.map(({ unit, ...rest }) => ({ ...rest, unit: UNITS[unit] })) }),
    ...(view.measured.length === 0 ? {} : { measured: view.measured }),
    rewards: view.reward === undefined ? [] : [view.reward],
    weights: view.weights,
    ...(view.waiting === undefined ? {} : { waiting: view.waiting }),
    warnings: view.warnings,
    failures: view.failure === undefined ? [] : [view.failure],
  };
}

function objective(one: LimitAssessment) {
  return {
    metric: one.metric,
    version: one.version,
    limit: one.limit,
    side: one.side,
    unit: UNITS[one.unit],
    estimate: one.estimate ?? null,
    lower: one.lower ?? null,
    upper: one.upper ?? null,
    n: one.n,
    evidence: {
      method: one.method,
      lnSatisfied: one.lnSatisfied ?? null,
      lnSatisfiedNeeded: one.lnSatisfiedNeeded ?? null,
      lnViolated: one.lnViolated ?? null,
      lnViolatedNeeded: one.lnViolatedNeeded ?? null,
    },
    verdict: one.verdict,
    reason: one.reason ?? null,
    ...(one.detail === undefined ? {} : { detail: one.detail }),
    ...(one.relative === undefined ? {} : { relative: one.relative }),
    ...(one.requestsNeeded === undefined ? {} : { requestsNeeded: one.requestsNeeded }),
  };
}
