/**
 * A candidate against the baseline (statistics.md 0.5).
 *
 * Error rates and means of our own load: by pairs of requests of the same tick. Percentiles, and whatever was not paired (live
 * counters, single endpoints, closed loops): a bound of the one against a bound of the other, each with half of alpha, which
 * needs more requests. Both versions must have been seen at the same times.
 */
import { lowerBound, upperBound } from '../../evidence/one-sample/rate.ts';
import { ledgerValue, meanCounts, shareCounts } from '../../evidence/counters/counter-growth.ts';
import { comparePercentiles } from '../../evidence/two-versions/percentile-comparison.ts';
import type { Bounds, TwoSidedEvidence } from '../../evidence/two-versions/comparison.ts';
import { meanLowerBound, meanUpperBound } from '../../evidence/one-sample/mean.ts';
import { lnMeanPairs } from '../../evidence/paired/paired-means.ts';
import { comparisonKey, type PairTally } from '../../evidence/paired/request-pairs.ts';
import { percentile } from '../../evidence/one-sample/percentile.ts';
import { lnSharePairs, shareDifferenceBounds, shareRatioBounds } from '../../evidence/paired/paired-rates.ts';
import type { Tally } from '../../evidence/request-tally.ts';
import { errorCount } from '../limits/exact-count.ts';
import type { MeasuredMetric } from '../limits/custom-metric.ts';
import { rowsOf } from '../limits/mean.ts';
import type { LimitAssessment } from '../assessment.ts';
import {
  agree,
  decide,
  decideByPoint,
  FEWEST_FOR_VIOLATED,
  row,
  tooSoon,
  type Facts,
  type Found,
} from '../limits/decide.ts';
import type { RelativeObjective } from './relative-objective.ts';

/** What is known of both versions. */
export interface RelativeFacts extends Omit<Facts, 'limit' | 'measured'> {
  readonly objective: RelativeObjective;
  readonly baseline: string;
  readonly tallies: { readonly baseline: Tally; readonly candidate: Tally };
  /** Absent: the requests were not paired. */
  readonly pairs?: PairTally | undefined;
  readonly measured: {
    readonly baseline?: MeasuredMetric | undefined;
    readonly candidate?: MeasuredMetric | undefined;
  };
}

/** Values of the candidate, in the unit of the metric. */
interface Compared {
  /** Of each version; undefined without data. */
  readonly estimate?: number | undefined;
  readonly base?: number | undefined;
  readonly n: number;
  readonly evidence?: TwoSidedEvidence | undefined;
  /** Bounds of each version with half of alpha. */
  readonly bounds?:
    | { readonly candidate: Bounds; readonly base: Bounds; readonly verdict?: 'below' | 'above' | 'undecided' }
    | undefined;
  readonly detail?: string | undefined;
  /** Of the candidate's value, from pairs. */
  readonly shown?: Bounds | undefined;
}

export function assessRelative(facts: RelativeFacts): LimitAssessment {
  const { objective, baseline } = facts;
  const { ratio, plus } = objective.comparison;
  const compared = compare(facts);
  const { estimate, base, n } = compared;
  const limit = base === undefined ? 0 : ratio * base + plus;
  const limitFacts: Facts = {
    ...facts,
    measured: { tally: facts.tallies.candidate, ahead: new Map(), means: new Map() },
    limit: { ...objective, side: 'upper', limit },
  };
  const found = {
    n,
    ...(estimate === undefined ? {} : { estimate }),
    ...(compared.detail === undefined ? {} : { detail: compared.detail }),
    ...(objective.quantity.kind === 'custom' ? { backend: true } : {}),
    relative: {
      to: baseline,
      ...(objective.percent === undefined ? {} : { percent: objective.percent }),
      ...(objective.increase === undefined ? {} : { increase: objective.increase }),
      ...(compared.evidence === undefined ? {} : { pairs: n }),
    },
  };
  const open = (reason: NonNullable<LimitAssessment['reason']>): LimitAssessment =>
    row(limitFacts, { ...found, method: 'evidence', verdict: 'undecided', reason });
  if (!objective.isComparable)
    return { ...open('unquantified'), detail: 'no value could be beyond this limit, or it is a count' };
  if (estimate === undefined || base === undefined || n === 0) return open('no-traffic');
  if (facts.settings.confidence === 'none')
    return row(limitFacts, { ...found, method: 'point', ...decideByPoint(limitFacts, n, estimate, estimate) });
  if (compared.evidence !== undefined) return byPairs(limitFacts, compared.evidence, { found, compared });
  if (compared.bounds === undefined) return open('unquantified');
  return byBounds(limitFacts, compared.bounds, { found, comparison: objective.comparison });
}

function byPairs(
  facts: Facts,
  evidence: TwoSidedEvidence,
  { found, compared }: { readonly found: Partial<LimitAssessment>; readonly compared: Compared },
): LimitAssessment {
  const { n } = compared;
  const decision = decide(facts, {
    lnSatisfied: evidence.lnBelow,
    lnViolated: evidence.lnAbove,
    nSatisfied: n,
    nViolated: n,
  });
  const needed = decision.reason === 'not-enough-evidence' ? stillNeeded(facts, evidence, n) : undefined;
  return row(facts, {
    ...(found as Found),
    method: 'evidence',
    ...decision,
    lnSatisfied: evidence.lnBelow,
    lnViolated: evidence.lnAbove,
    lnSatisfiedNeeded: facts.lnSatisfiedNeeded,
    lnViolatedNeeded: facts.lnViolatedNeeded,
    ...agree(facts, decision.verdict, compared.shown ?? {}),
    ...(needed === undefined ? {} : { requestsNeeded: needed }),
  });
}

/** Log wealth grows in proportion to the pairs; what the mixture of 128 bets pays first is ln 128. For people. */
function stillNeeded(facts: Facts, { lnBelow, lnAbove }: TwoSidedEvidence, n: number): number | undefined {
  const [have, need] =
    lnBelow / facts.lnSatisfiedNeeded >= lnAbove / facts.lnViolatedNeeded
      ? [lnBelow, facts.lnSatisfiedNeeded]
      : [lnAbove, facts.lnViolatedNeeded];
  if (have <= 0) return undefined;
  return Math.max(1, Math.ceil((need - have) / ((have + Math.log(128)) / n)));
}

function byBounds(
  facts: Facts,
  bounds: NonNullable<Compared['bounds']>,
  {
    found,
    comparison: { ratio, plus },
  }: {
    readonly found: Partial<LimitAssessment>;
    readonly comparison: { readonly ratio: number; readonly plus: number };
  },
): LimitAssessment {
  const { candidate, base } = bounds;
  const isBelow =
    bounds.verdict === undefined
      ? candidate.upper !== undefined && base.lower !== undefined && candidate.upper <= ratio * base.lower + plus
      : bounds.verdict === 'below';
  const isAbove =
    bounds.verdict === undefined
      ? candidate.lower !== undefined && base.upper !== undefined && candidate.lower > ratio * base.upper + plus
      : bounds.verdict === 'above';
  const n = found.n ?? 0;
  const soon = tooSoon(facts, n);
  const verdict =
    soon !== undefined || isBelow === isAbove
      ? ({ verdict: 'undecided', reason: soon ?? 'not-enough-evidence' } as const)
      : isBelow
        ? facts.limit.unit === 'ms' && facts.look.closedLoop === true
          ? ({ verdict: 'undecided', reason: 'closed-loop' } as const)
          : ({ verdict: 'satisfied' } as const)
        : n < FEWEST_FOR_VIOLATED
          ? ({ verdict: 'undecided', reason: 'too-few-requests' } as const)
          : facts.limit.unit === 'ms' && facts.look.saturated
            ? ({ verdict: 'undecided', reason: 'load-too-slow' } as const)
            : ({ verdict: 'violated' } as const);
  return row(facts, {
    ...(found as Found),
    method: 'evidence',
    ...verdict,
    ...agree(facts, verdict.verdict, candidate),
  });
}

function compare(facts: RelativeFacts): Compared {
  const { objective, tallies, pairs } = facts;
  const { baseline, candidate } = tallies;
  const n = Math.min(baseline.response.n, candidate.response.n);
  switch (objective.quantity.kind) {
    case 'error-rate':
      return pairs === undefined || objective.endpoint !== undefined
        ? { n, ...errorsByBounds(facts) }
        : errorPairs(facts, pairs);
    case 'mean-latency': {
      const state =
        objective.cap === undefined || objective.endpoint !== undefined
          ? undefined
          : pairs?.means[comparisonKey({ ...objective.comparison, cap: objective.cap })];
      if (state === undefined) return { n, ...meansByBounds(facts) };
      const { below, above } = state;
      return {
        n: below.n,
        ...(below.n === 0 ? {} : { estimate: below.sumB / below.n, base: above.sumA / above.n }),
        evidence: { lnBelow: lnMeanPairs(below).lnBelow, lnAbove: lnMeanPairs(above).lnAbove },
      };
    }
    case 'percentile': {
      const { percent } = objective.quantity;
      if (n === 0) return { n };
      const question = {
        percent,
        comparison: objective.comparison,
        lnBelowNeeded: facts.lnSatisfiedNeeded,
        lnAboveNeeded: facts.lnViolatedNeeded,
      };
      // Each claim in the views in which our own lateness can only harm it.
      const below = comparePercentiles({
        ...question,
        a: baseline.service.histogram,
        b: candidate.response.histogram,
      });
      const above = comparePercentiles({
        ...question,
        a: baseline.response.histogram,
        b: candidate.service.histogram,
      });
      const verdict = below.verdict === 'below' ? 'below' : above.verdict === 'above' ? 'above' : 'undecided';
      const base = percentile(baseline.response.histogram, percent);
      const times = (bound: number | undefined) => (bound === undefined ? undefined : bound * base);
      return {
        n,
        estimate: percentile(candidate.response.histogram, percent),
        base,
        bounds: {
          candidate: defined({ lower: times(above.ratio.lower), upper: times(below.ratio.upper) }),
          base: {},
          verdict,
        },
      };
    }
    default:
      return live(facts);
  }
}

function errorPairs(
  { objective, lnSatisfiedNeeded, lnViolatedNeeded, look }: RelativeFacts,
  pairs: PairTally,
): Compared {
  const { below, above } = pairs.errors;
  const { comparison } = objective;
  const { n } = pairs;
  if (n === 0) return { n };
  const estimate = (below.onlyB + below.both) / n;
  const base = (above.onlyA + above.both) / n;
  const evidence = {
    lnBelow: lnSharePairs(below, comparison).lnBelow,
    lnAbove: lnSharePairs(above, comparison).lnAbove,
  };
  if (!look.bounds) return { n, estimate, base, evidence };
  const at = (claim: typeof below, lnThreshold: number) =>
    comparison.plus > 0 ? shareDifferenceBounds(claim, lnThreshold) : shareRatioBounds(claim, lnThreshold);
  const times = (bound: number | undefined) =>
    bound === undefined ? undefined : Math.max(0, comparison.plus > 0 ? base + bound : base * bound);
  const shown = defined({
    upper: times(at(below, lnSatisfiedNeeded).upper),
    lower: times(at(above, lnViolatedNeeded).lower),
  });
  return { n, estimate, base, evidence, shown };
}

function errorsByBounds({ tallies, lnSatisfiedNeeded, lnViolatedNeeded }: RelativeFacts): Partial<Compared> {
  const { baseline, candidate } = tallies;
  if (baseline.response.n === 0 || candidate.response.n === 0) return {};
  const share = ({ errors, n }: Tally['response']) => errors / n;
  return {
    estimate: share(candidate.response),
    base: share(baseline.response),
    bounds: boundsOf(
      { response: errorCount(baseline.response), service: errorCount(baseline.service) },
      { response: errorCount(candidate.response), service: errorCount(candidate.service) },
      { lnSatisfiedNeeded, lnViolatedNeeded },
    ),
  };
}

type Views = { readonly response: { n: number; bad: number }; readonly service: { n: number; bad: number } };

/** Each bound with half of alpha; `scale` turns shares into values. */
function boundsOf(
  base: Readonly<Views>,
  candidate: Readonly<Views>,
  { lnSatisfiedNeeded, lnViolatedNeeded }: { readonly lnSatisfiedNeeded: number; readonly lnViolatedNeeded: number },
  scale = 1,
): NonNullable<Compared['bounds']> {
  const below = lnSatisfiedNeeded + Math.LN2;
  const above = lnViolatedNeeded + Math.LN2;
  return {
    candidate: {
      upper: scale * upperBound(candidate.response, below),
      lower: scale * lowerBound(candidate.service, above),
    },
    base: { lower: scale * lowerBound(base.service, below), upper: scale * upperBound(base.response, above) },
  };
}

function meansByBounds({ objective, tallies, lnSatisfiedNeeded, lnViolatedNeeded }: RelativeFacts): Partial<Compared> {
  const { baseline, candidate } = tallies;
  const { cap } = objective;
  if (baseline.response.n === 0 || candidate.response.n === 0) return {};
  const mean = ({ sumMs, n }: Tally['response']) => sumMs / n;
  const values = { estimate: mean(candidate.response), base: mean(baseline.response) };
  if (cap === undefined) return values;
  const below = lnSatisfiedNeeded + Math.LN2;
  const above = lnViolatedNeeded + Math.LN2;
  const upper = (view: Tally['response'], lnThreshold: number) =>
    meanUpperBound(rowsOf(view.histogram), { capMs: cap, lnThreshold });
  const lower = (view: Tally['response'], lnThreshold: number) =>
    meanLowerBound(rowsOf(view.histogram), { capMs: cap, lnThreshold });
  return {
    ...values,
    bounds: {
      candidate: { upper: upper(candidate.response, below), lower: lower(candidate.service, above) },
      base: { lower: lower(baseline.service, below), upper: upper(baseline.response, above) },
    },
  };
}

/** Of live counters only: nothing else says how many requests are behind it. */
function live({ objective, measured, lnSatisfiedNeeded, lnViolatedNeeded }: RelativeFacts): Compared {
  const [base, candidate] = [measured.baseline?.counters, measured.candidate?.counters];
  if (base === undefined || candidate === undefined) {
    const [estimate, other] = [measured.candidate?.value, measured.baseline?.value];
    const detail = 'only raw counters can be compared';
    return { n: estimate === undefined || other === undefined ? 0 : 1, estimate, base: other, detail };
  }
  const values = { base: ledgerValue(base), candidate: ledgerValue(candidate) };
  const n = Math.min(values.base.n, values.candidate.n);
  const compared = { n, estimate: values.candidate.value, base: values.base.value };
  const needed = { lnSatisfiedNeeded, lnViolatedNeeded };
  switch (candidate.kind) {
    case 'shares':
      return { ...compared, bounds: boundsOf(shareCounts(base), shareCounts(candidate), needed) };
    case 'sums': {
      const { cap } = objective;
      if (cap === undefined)
        return { ...compared, detail: 'a mean needs its largest value: declare it (strength.cap)' };
      return { ...compared, bounds: boundsOf(meanCounts(base, cap), meanCounts(candidate, cap), needed, cap) };
    }
    case 'histograms':
      return { ...compared, detail: 'buckets are exact at a limit only: compare a share or a mean' };
    case 'counts':
      return { ...compared, detail: 'a count says nothing per request' };
  }
}

function defined({ lower, upper }: { lower?: number | undefined; upper?: number | undefined }): Bounds {
  return { ...(lower === undefined ? {} : { lower }), ...(upper === undefined ? {} : { upper }) };
}
