/** What it takes to decide relative objectives, if the candidate is just as good as the baseline: for `plan`. Pure. */
import type { Experiment } from '../experiment/experiment.ts';
import type { StrengthSettings } from '../experiment/strength-settings.ts';
import { pairsToKeepLimit, pairsToKeepMean, requestsToKeepPercentile } from '../evidence/planning/pairs-needed.ts';
import { judgedLimits, judgedVersions } from '../judge/question.ts';
import type { PlannedLoad, PowerRow } from './decidability.ts';
import { relativeObjectives, type RelativeObjective } from '../judge/relative/relative-objective.ts';

/** Where no objective says what to expect of both versions. */
const ASSUMED_ERRORS = 0.01;
const ASSUMED_MS = 100;

export function relativePower(experiment: Experiment, strength: StrengthSettings, load: PlannedLoad): PowerRow[] {
  const versions = judgedVersions(experiment);
  const baseline = versions.find(({ role }) => role === 'baseline')?.name ?? 'the baseline';
  const candidates = versions.filter(({ role }) => role === 'candidate').length;
  return relativeObjectives(experiment, strength).map((objective): PowerRow => {
    const base = {
      metric: objective.metric,
      side: 'upper' as const,
      limit: 0,
      unit: objective.unit,
      relative: {
        to: baseline,
        ...(objective.percent === undefined ? {} : { percent: objective.percent }),
        ...(objective.increase === undefined ? {} : { increase: objective.increase }),
      },
    };
    if (!objective.isComparable) return { ...base, decided: 'no', remark: 'no value could be beyond this limit' };
    if (objective.quantity.kind === 'custom') return { ...base, decided: 'depends' };
    if (strength.confidence === 'none') return { ...base, decided: 'yes', remark: 'compared when the plan is done' };
    if (objective.unit === 'ms' && load.closedLoop)
      return { ...base, decided: 'no', remark: 'with qps 0 latency depends on the load itself' };
    const lnThreshold = Math.log(Math.max(1, candidates) / (1 - strength.confidence));
    const { expected, assumed } = needs(objective, assumptions(experiment), lnThreshold);
    if (!Number.isFinite(expected))
      return { ...base, decided: 'no', remark: 'versions that are alike cannot be told from the limit' };
    return {
      ...base,
      expected,
      assumed,
      ...(expected <= load.plannedRequests
        ? { decided: 'yes' }
        : expected <= load.mostRequests
          ? { decided: 'extending' }
          : { decided: 'no', remark: `at most ${load.mostRequests} requests are sent` }),
    };
  });
}

function assumptions(experiment: Experiment): { readonly errors: number; readonly ms: number } {
  const limits = judgedLimits(experiment).filter(({ side, limit }) => side === 'upper' && limit > 0);
  const errors = limits.find(({ quantity }) => quantity.kind === 'error-rate')?.limit;
  const ms = limits.find(({ quantity }) => quantity.kind === 'mean-latency')?.limit;
  return {
    errors: errors === undefined ? ASSUMED_ERRORS : errors / 10,
    ms: ms === undefined ? ASSUMED_MS : ms / 2,
  };
}

function needs(
  { quantity, comparison, cap = Number.MAX_VALUE }: RelativeObjective,
  { errors, ms }: { readonly errors: number; readonly ms: number },
  lnThreshold: number,
): { readonly expected: number; readonly assumed: number } {
  switch (quantity.kind) {
    case 'error-rate': {
      const question = { shareA: errors, shareB: errors, lnThreshold, certainty: 'average' as const };
      return { expected: pairsToKeepLimit(question, comparison), assumed: errors };
    }
    case 'mean-latency':
      return { expected: pairsToKeepMean({ lnThreshold, meanMs: ms }, { ...comparison, cap }), assumed: ms };
    case 'percentile': {
      const { percent } = quantity;
      const expected = requestsToKeepPercentile({ lnThreshold, meanMs: ms }, { ...comparison, percent });
      return { expected, assumed: -ms * Math.log((100 - percent) / 100) };
    }
    default:
      return { expected: Number.POSITIVE_INFINITY, assumed: 0 };
  }
}
