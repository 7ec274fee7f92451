/**
 * A candidate against the baseline (statistics.md 0.5).
 *
 * Error rates and means of our own load: by pairs of requests of the same tick. Percentiles, and whatever was not paired (live
 * counters, single endpoints, closed loops): a bound of the one against a bound of the other, each with half of alpha, which
 * needs more requests. Both versions must have been seen at the same times.
 */
import { ledgerValue } from '../../evidence/counters/counter-growth.ts';
import { liveBounds, lnLiveBlocks, type LiveBlocks } from '../../evidence/two-versions/live-blocks.ts';
import { cappedSumMs, rowsOf } from '../../evidence/latency-histogram.ts';
import { meanLowerBound, meanUpperBound } from '../../evidence/one-sample/mean.ts';
import { percentile } from '../../evidence/one-sample/percentile.ts';
import { lowerBound, upperBound } from '../../evidence/one-sample/rate.ts';
import { lnMeanPairs } from '../../evidence/paired/paired-means.ts';
import { lnSharePairs, shareDifferenceBounds, shareRatioBounds } from '../../evidence/paired/paired-rates.ts';
import { comparisonKey, type PairTally } from '../../evidence/paired/request-pairs.ts';
import { furtherRequests } from '../../evidence/planning/further-requests.ts';
import type { Tally } from '../../evidence/request-tally.ts';
import type { Bounds, TwoSidedEvidence } from '../../evidence/two-versions/comparison.ts';
import { comparePercentiles } from '../../evidence/two-versions/percentile-comparison.ts';
import type { UndecidedReason } from '../assessment.ts';
import { claimsOf, type Asked, type Claims, type Finding, type Shown } from '../finding.ts';
import type { MeasuredMetric } from '../limits/custom-metric.ts';
import { errorCount, type TwoCounts } from '../limits/rate.ts';
import type { RelativeLimit } from '../question/relative-limits.ts';

/** What is known of both versions. `asked.limit` is the relative limit as an upper one of the candidate. */
export interface BothVersions {
  readonly asked: Asked;
  readonly relative: RelativeLimit;
  readonly baseline: string;
  readonly tallies: { readonly baseline: Tally; readonly candidate: Tally };
  /** Absent: the requests were not paired. */
  readonly pairs?: PairTally | undefined;
  /** Absent: live counters have not been compared yet. */
  readonly live?: LiveBlocks | undefined;
  readonly measured: {
    readonly baseline?: MeasuredMetric | undefined;
    readonly candidate?: MeasuredMetric | undefined;
  };
}

/** Values in the unit of the metric; undefined without data. */
interface Compared {
  readonly n: number;
  readonly estimate?: number | undefined;
  readonly base?: number | undefined;
  readonly isPaired?: boolean | undefined;
  /** Absent: the two cannot be compared, and `problem` says why. */
  readonly claims?: (() => Claims) | undefined;
  readonly problem?: UndecidedReason | undefined;
}

export function relativeFinding(both: BothVersions): Finding {
  const { relative, baseline } = both;
  const { ratio, plus } = relative.comparison;
  const { n, estimate, base, isPaired, claims, problem } = compared(both);
  const shown: Shown = {
    n,
    limit: base === undefined ? 0 : ratio * base + plus,
    ...(estimate === undefined ? {} : { estimate }),
    relative: {
      to: baseline,
      ...(relative.percent === undefined ? {} : { percent: relative.percent }),
      ...(relative.increase === undefined ? {} : { increase: relative.increase }),
      ...(isPaired === true ? { pairs: n } : {}),
    },
  };
  if (!relative.isComparable) return { kind: 'open', shown, reason: 'not-comparable' };
  if (estimate === undefined || base === undefined || n === 0) return { kind: 'open', shown, reason: 'no-traffic' };
  const hasPoints = both.asked.question.alpha === undefined;
  if (claims === undefined && !hasPoints) return { kind: 'open', shown, reason: problem ?? 'unquantified' };
  return {
    kind: 'evidence',
    shown,
    points: { forSatisfied: estimate, forViolated: estimate },
    claims: claims ?? (() => ({ isSatisfied: false, isViolated: false, nSatisfied: n, nViolated: n })),
  };
}

function compared(both: BothVersions): Compared {
  const { relative, tallies, pairs } = both;
  const { baseline, candidate } = tallies;
  const n = Math.min(baseline.response.n, candidate.response.n);
  switch (relative.quantity.kind) {
    case 'error-rate':
      return pairs === undefined || relative.endpoint !== undefined
        ? { n, ...errorsByBounds(both, n) }
        : errorPairs(both, pairs);
    case 'mean-latency': {
      const state =
        relative.cap === undefined || relative.endpoint !== undefined
          ? undefined
          : pairs?.means[comparisonKey({ ...relative.comparison, cap: relative.cap })];
      if (state === undefined) return { n, ...meansByBounds(both, n) };
      const { below, above } = state;
      return {
        n: below.n,
        isPaired: true,
        ...(below.n === 0 ? {} : { estimate: below.sumB / below.n, base: above.sumA / above.n }),
        claims: () =>
          pairedClaims(
            both.asked,
            { lnBelow: lnMeanPairs(below).lnBelow, lnAbove: lnMeanPairs(above).lnAbove },
            { n: below.n, nodes: { below: below.lnBelow, above: above.lnAbove } },
          ),
      };
    }
    case 'percentile':
      return n === 0 ? { n } : percentiles(both, relative.quantity.percent, n);
    case 'custom':
      return live(both);
    case 'error-count':
    case 'request-count':
      return { n, problem: 'count-without-evidence' };
  }
}

/** Claims from pairs; what is needed from the log wealth of the nodes, where it is known. */
function pairedClaims(
  asked: Asked,
  { lnBelow, lnAbove }: TwoSidedEvidence,
  {
    n,
    nodes,
    bounds,
  }: {
    readonly n: number;
    readonly nodes: { readonly below: ArrayLike<number>; readonly above: ArrayLike<number> };
    readonly bounds?: (() => Bounds) | undefined;
  },
): Claims {
  const { lnSatisfiedNeeded, lnViolatedNeeded } = asked.version;
  return claimsOf(asked, {
    lnSatisfied: lnBelow,
    lnViolated: lnAbove,
    nSatisfied: n,
    nViolated: n,
    bounds,
    needed: () =>
      furtherRequests(
        [
          { lnWealth: nodes.below, lnNeeded: lnSatisfiedNeeded },
          { lnWealth: nodes.above, lnNeeded: lnViolatedNeeded },
        ],
        n,
      ),
  });
}

function errorPairs({ asked, relative }: BothVersions, pairs: PairTally): Compared {
  const { below, above } = pairs.errors;
  const { comparison } = relative;
  const { n } = pairs;
  const { lnSatisfiedNeeded, lnViolatedNeeded } = asked.version;
  if (n === 0) return { n };
  const estimate = (below.onlyB + below.both) / n;
  const base = (above.onlyA + above.both) / n;
  const at = (claim: typeof below, lnThreshold: number) =>
    comparison.plus > 0 ? shareDifferenceBounds(claim, lnThreshold) : shareRatioBounds(claim, lnThreshold);
  const times = (bound: number | undefined) =>
    bound === undefined ? undefined : Math.max(0, comparison.plus > 0 ? base + bound : base * bound);
  return {
    n,
    isPaired: true,
    estimate,
    base,
    claims: () => {
      const [forBelow, forAbove] = [lnSharePairs(below, comparison), lnSharePairs(above, comparison)];
      return pairedClaims(
        asked,
        { lnBelow: forBelow.lnBelow, lnAbove: forAbove.lnAbove },
        {
          n,
          nodes: { below: forBelow.nodesBelow, above: forAbove.nodesAbove },
          bounds: () =>
            defined({
              upper: times(at(below, lnSatisfiedNeeded).upper),
              lower: times(at(above, lnViolatedNeeded).lower),
            }),
        },
      );
    },
  };
}

function percentiles({ asked, relative, tallies }: BothVersions, percent: number, n: number): Compared {
  const { baseline, candidate } = tallies;
  const base = percentile(baseline.response.histogram, percent);
  const question = {
    percent,
    comparison: relative.comparison,
    lnBelowNeeded: asked.version.lnSatisfiedNeeded,
    lnAboveNeeded: asked.version.lnViolatedNeeded,
  };
  return {
    n,
    estimate: percentile(candidate.response.histogram, percent),
    base,
    claims: () => {
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
      const times = (bound: number | undefined) => (bound === undefined ? undefined : bound * base);
      return {
        isSatisfied: below.verdict === 'below',
        isViolated: below.verdict !== 'below' && above.verdict === 'above',
        nSatisfied: n,
        nViolated: n,
        bounds: () => defined({ lower: times(above.ratio.lower), upper: times(below.ratio.upper) }),
      };
    },
  };
}

/** Bounds of each version with half of alpha: `baseline` and `candidate`. */
function boundClaims(
  { relative: { comparison } }: BothVersions,
  n: number,
  bounds: () => { readonly baseline: Bounds; readonly candidate: Bounds },
): () => Claims {
  const { ratio, plus } = comparison;
  return () => {
    const { baseline, candidate } = bounds();
    const isBelow =
      candidate.upper !== undefined && baseline.lower !== undefined && candidate.upper <= ratio * baseline.lower + plus;
    const isAbove =
      candidate.lower !== undefined && baseline.upper !== undefined && candidate.lower > ratio * baseline.upper + plus;
    return {
      // Both at once: the data cannot resolve the limit, and nothing is claimed.
      isSatisfied: isBelow && !isAbove,
      isViolated: isAbove && !isBelow,
      nSatisfied: n,
      nViolated: n,
      bounds: () => candidate,
    };
  };
}

/** `scale` turns shares into values. */
function shareBounds(
  { lnSatisfiedNeeded, lnViolatedNeeded }: Asked['version'],
  baseline: TwoCounts,
  candidate: TwoCounts,
  scale = 1,
): { readonly baseline: Bounds; readonly candidate: Bounds } {
  const below = lnSatisfiedNeeded + Math.LN2;
  const above = lnViolatedNeeded + Math.LN2;
  return {
    candidate: {
      upper: scale * upperBound(candidate.response, below),
      lower: scale * lowerBound(candidate.service, above),
    },
    baseline: {
      lower: scale * lowerBound(baseline.service, below),
      upper: scale * upperBound(baseline.response, above),
    },
  };
}

function errorsByBounds(both: BothVersions, n: number): Partial<Compared> {
  const { baseline, candidate } = both.tallies;
  if (n === 0) return {};
  const share = ({ errors, n: all }: Tally['response']) => errors / all;
  const counts = ({ response, service }: Tally) => ({ response: errorCount(response), service: errorCount(service) });
  return {
    estimate: share(candidate.response),
    base: share(baseline.response),
    claims: boundClaims(both, n, () => shareBounds(both.asked.version, counts(baseline), counts(candidate))),
  };
}

function meansByBounds(both: BothVersions, n: number): Partial<Compared> {
  const { baseline, candidate } = both.tallies;
  const { cap } = both.relative;
  if (n === 0) return {};
  const mean = (view: Tally['response']) => cappedSumMs(view, cap) / view.n;
  const values = { estimate: mean(candidate.response), base: mean(baseline.response) };
  if (cap === undefined) return { ...values, problem: 'needs-cap' };
  const { lnSatisfiedNeeded, lnViolatedNeeded } = both.asked.version;
  const below = lnSatisfiedNeeded + Math.LN2;
  const above = lnViolatedNeeded + Math.LN2;
  const upper = (view: Tally['response'], lnThreshold: number) =>
    meanUpperBound(rowsOf(view.histogram), { capMs: cap, lnThreshold });
  const lower = (view: Tally['response'], lnThreshold: number) =>
    meanLowerBound(rowsOf(view.histogram), { capMs: cap, lnThreshold });
  return {
    ...values,
    claims: boundClaims(both, n, () => ({
      candidate: { upper: upper(candidate.response, below), lower: lower(candidate.service, above) },
      baseline: { lower: lower(baseline.service, below), upper: upper(baseline.response, above) },
    })),
  };
}

/** Of live counters only: nothing else says how many requests are behind it. */
function live(both: BothVersions): Compared {
  const { measured, relative } = both;
  const [base, candidate] = [measured.baseline?.counters, measured.candidate?.counters];
  if (base === undefined || candidate === undefined) {
    const [estimate, other] = [measured.candidate?.value, measured.baseline?.value];
    return {
      n: estimate === undefined || other === undefined ? 0 : 1,
      estimate,
      base: other,
      problem: 'only-counters-compare',
    };
  }
  const values = { base: ledgerValue(base), candidate: ledgerValue(candidate) };
  const n = Math.min(values.base.n, values.candidate.n);
  const found = { n, estimate: values.candidate.value, base: values.base.value };
  switch (candidate.kind) {
    case 'shares':
      return { ...found, claims: liveClaims(both, found) };
    case 'sums':
      return relative.cap === undefined
        ? { ...found, problem: 'needs-cap' }
        : { ...found, claims: liveClaims(both, found) };
    case 'histograms':
      return { ...found, problem: 'buckets-not-comparable' };
    case 'counts':
      return { ...found, problem: 'count-without-evidence' };
  }
}

/** Compared within iterations, so that weights that change favour nobody; bounds of the candidate's value. */
function liveClaims(
  { live: blocks, asked, relative }: BothVersions,
  { n, base = Number.NaN }: Pick<Compared, 'n' | 'base'>,
): () => Claims {
  const { lnSatisfiedNeeded, lnViolatedNeeded } = asked.version;
  if (blocks === undefined)
    return () => ({ isSatisfied: false, isViolated: false, nSatisfied: n, nViolated: n, otherwise: 'all-under-way' });
  return () => {
    const { lnBelow, lnAbove } = lnLiveBlocks(blocks);
    const value = (bound: number | undefined) =>
      bound === undefined ? undefined : Math.max(0, relative.comparison.plus > 0 ? base + bound : base * bound);
    return claimsOf(asked, {
      lnSatisfied: lnBelow,
      lnViolated: lnAbove,
      nSatisfied: n,
      nViolated: n,
      bounds: () => {
        const { lower, upper } = liveBounds(blocks, { below: lnSatisfiedNeeded, above: lnViolatedNeeded });
        return defined({ lower: value(lower), upper: value(upper) });
      },
    });
  };
}

function defined({ lower, upper }: { lower?: number | undefined; upper?: number | undefined }): Bounds {
  return { ...(lower === undefined ? {} : { lower }), ...(upper === undefined ? {} : { upper }) };
}
