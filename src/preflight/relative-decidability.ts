/** What it takes to decide relative limits, if the candidate is just as good as the baseline: for `plan`. Pure. */
import { exponential, meanOf, type Distribution } from '../evidence/planning/distribution.ts';
import { cheaperCap, pairsForMean, shareOf } from '../evidence/planning/mean-passage.ts';
import { exponentialSpread, pairsForPercentile, type LatencySpread } from '../evidence/planning/percentile-passage.ts';
import { NEVER, type NeededRequests } from '../evidence/planning/quantiles.ts';
import type { Question } from '../judge/question/question.ts';
import type { RelativeLimit } from '../judge/question/relative-limits.ts';
import { formatCount, formatLimit } from '../text/units.ts';
import {
  leastSent,
  lnSatisfiedNeeded,
  reachable,
  unloadedText,
  unloadedVersions,
  type AssumedTruth,
  type PowerRow,
  type Seen,
} from './power-row.ts';

/** Where no objective says what to expect of both versions, and no earlier run showed it. */
const ASSUMED_ERRORS = 0.01;
const ASSUMED_MS = 100;

export function relativeDecidability(question: Question, seen: Seen): PowerRow[] {
  const { load, alpha, baseline } = question;
  const beside = baseline === undefined ? [] : [baseline.name];
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
    const unloaded = unloadedVersions(question, question.versions, relative.endpoint);
    if (unloaded.length > 0) return { ...base, decided: 'no', remark: unloadedText(unloaded, relative.endpoint) };
    if (alpha === undefined) return { ...base, decided: 'yes', remark: 'compared when the plan is done' };
    if (load.closedLoop) return { ...base, decided: 'no', remark: 'with qps 0 requests are not paired' };
    const { needed, assumed, cheaper } = needs(relative, assumptions(question, seen), lnSatisfiedNeeded(question));
    if (!Number.isFinite(needed.average))
      return { ...base, decided: 'no', remark: 'versions that are alike cannot be distinguished from the limit' };
    const { decided, remark } = reachable({ needed }, leastSent(question, { endpoint: relative.endpoint, beside }));
    const remarks = [remark, cheaper].filter((text) => text !== undefined);
    const isMeasured = seen.latencies !== undefined && relative.unit === 'ms';
    return {
      ...base,
      needed,
      assumed,
      ...(isMeasured ? { isMeasured } : {}),
      decided,
      ...(remarks.length === 0 ? {} : { remark: remarks.join('; ') }),
    };
  });
}

export interface Assumed extends LatencySpread {
  readonly errors: number;
  readonly latencies: Distribution;
}

/** What is taken for true where nothing was measured. */
export function assumptions({ limits }: Question, seen: Seen): Assumed {
  const upper = limits.filter(({ side, limit }) => side === 'upper' && limit > 0);
  const errors = upper.find(({ quantity }) => quantity.kind === 'error-rate')?.limit;
  const mean = upper.find(({ quantity }) => quantity.kind === 'mean-latency')?.limit;
  const ms = mean === undefined ? ASSUMED_MS : mean / 2;
  return {
    errors: errors === undefined ? ASSUMED_ERRORS : errors / 10,
    latencies: seen.latencies ?? exponential(ms),
    ...(seen.spread ?? exponentialSpread(ms)),
  };
}

interface RelativeNeeds {
  readonly needed: NeededRequests;
  /** Of both versions. */
  readonly assumed: AssumedTruth;
  /** A sentence about a setting that takes fewer pairs. */
  readonly cheaper?: string | undefined;
}

function needs(
  { quantity, comparison, metric, cap = Number.MAX_VALUE }: RelativeLimit,
  { errors, latencies, above, exceededBy }: Assumed,
  lnThreshold: number,
): RelativeNeeds {
  switch (quantity.kind) {
    case 'error-rate': {
      const share = shareOf(errors);
      const question = { a: share, b: share, comparison: { ...comparison, cap: 1 }, lnThreshold };
      return { needed: pairsForMean(question), assumed: { kind: 'errors', value: errors } };
    }
    case 'mean-latency': {
      const question = { a: latencies, b: latencies, comparison: { ...comparison, cap }, lnThreshold };
      const needed = pairsForMean(question);
      const found = cheaperCap(question, needed);
      return {
        needed,
        assumed: { kind: 'value', value: meanOf(latencies) },
        ...(found === undefined
          ? {}
          : {
              cheaper: `with strength.cap {metric: ${metric}, max: ${found.cap}} (values above ${formatLimit(found.cap, 'ms')} count as that) it takes ${formatCount(Math.ceil(found.pairs.average))}`,
            }),
      };
    }
    case 'percentile': {
      const { percent } = quantity;
      return {
        needed: pairsForPercentile({ percent, comparison, lnThreshold, above, exceededBy }),
        assumed: { kind: 'value', value: exceededBy((100 - percent) / 100) },
      };
    }
    default:
      return { needed: NEVER, assumed: { kind: 'value', value: 0 } };
  }
}
