/** What it takes to decide relative limits, if the candidate is just as good as the baseline: for `plan`. Pure. */
import { pairsToKeepLimit, pairsToKeepMean, requestsToKeepPercentile } from '../evidence/planning/pairs-needed.ts';
import type { Question } from '../judge/question/question.ts';
import type { RelativeLimit } from '../judge/question/relative-limits.ts';
import { lnSatisfiedNeeded, reachable, type PowerRow } from './decidability.ts';

/** Where no objective says what to expect of both versions. */
const ASSUMED_ERRORS = 0.01;
const ASSUMED_MS = 100;

export function relativeDecidability(question: Question): PowerRow[] {
  const { load, alpha, baseline } = question;
  return question.relative.map((relative): PowerRow => {
    const base = {
      metric: relative.metric,
      side: 'upper' as const,
      limit: 0,
      unit: relative.unit,
      relative: {
        to: baseline?.name ?? 'the baseline',
        ...(relative.percent === undefined ? {} : { percent: relative.percent }),
        ...(relative.increase === undefined ? {} : { increase: relative.increase }),
      },
    };
    if (!relative.isComparable) return { ...base, decided: 'no', remark: 'no value could be beyond this limit' };
    if (relative.quantity.kind === 'custom') return { ...base, decided: 'depends' };
    if (alpha === undefined) return { ...base, decided: 'yes', remark: 'compared when the plan is done' };
    if (load.closedLoop) return { ...base, decided: 'no', remark: 'with qps 0 requests are not paired' };
    const { expected, assumed } = needs(relative, assumptions(question), lnSatisfiedNeeded(question));
    if (!Number.isFinite(expected))
      return { ...base, decided: 'no', remark: 'versions that are alike cannot be told from the limit' };
    return { ...base, expected, assumed, ...reachable({ expected }, load) };
  });
}

function assumptions({ limits }: Question): { readonly errors: number; readonly ms: number } {
  const upper = limits.filter(({ side, limit }) => side === 'upper' && limit > 0);
  const errors = upper.find(({ quantity }) => quantity.kind === 'error-rate')?.limit;
  const ms = upper.find(({ quantity }) => quantity.kind === 'mean-latency')?.limit;
  return {
    errors: errors === undefined ? ASSUMED_ERRORS : errors / 10,
    ms: ms === undefined ? ASSUMED_MS : ms / 2,
  };
}

function needs(
  { quantity, comparison, cap = Number.MAX_VALUE }: RelativeLimit,
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
