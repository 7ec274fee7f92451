/**
 * A candidate against the baseline (docs/method.md 0.5).
 *
 * Our own load: by pairs of requests of the same tick, for the version as a whole or one of its endpoints. Live counters: within
 * iterations. What was neither paired nor counted at the same times is not compared.
 */
import { ledgerValue } from '../../evidence/counters/counter-growth.ts';
import { lnMeanPairs } from '../../evidence/paired/paired-means.ts';
import {
  lnPercentilePairs,
  pairedPercentiles,
  percentileRatioBounds,
} from '../../evidence/paired/paired-percentiles.ts';
import { lnSharePairs, shareDifferenceBounds, shareRatioBounds } from '../../evidence/paired/paired-rates.ts';
import { comparisonKey, percentileKey, type PairTally } from '../../evidence/paired/request-pairs.ts';
import { furtherRequests } from '../../evidence/planning/further-requests.ts';
import type { Bounds, TwoSidedEvidence } from '../../evidence/two-versions/comparison.ts';
import { liveBounds, lnLiveBlocks, type LiveBlocks } from '../../evidence/two-versions/live-blocks.ts';
import type { UndecidedReason } from '../assessment.ts';
import { claimsOf, type Asked, type Claims, type Finding, type Shown } from '../finding.ts';
import { isStale, type MeasuredMetric } from '../limits/custom-metric.ts';
import type { RelativeLimit } from '../question/relative-limits.ts';

/** What is known of both versions. `asked.limit` is the relative limit as an upper one of the candidate. */
export interface BothVersions {
  readonly asked: Asked;
  readonly relative: RelativeLimit;
  readonly baseline: string;
  /** Requests of each that were counted. */
  readonly counted: { readonly baseline: number; readonly candidate: number };
  /** Absent: no requests were paired. */
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
  /** What else is to be said of the problem. */
  readonly detail?: string | undefined;
}

export function relativeFinding(both: BothVersions): Finding {
  const { relative, baseline } = both;
  const { ratio, plus } = relative.comparison;
  const { n, estimate, base, isPaired, claims, problem, detail } = compared(both);
  const shown: Shown = {
    n,
    limit: base === undefined ? 0 : ratio * base + plus,
    ...(estimate === undefined ? {} : { estimate }),
    ...(detail === undefined ? {} : { detail }),
    relative: {
      to: baseline,
      ...(relative.percent === undefined ? {} : { percent: relative.percent }),
      ...(relative.increase === undefined ? {} : { increase: relative.increase }),
      ...(isPaired === true ? { pairs: n } : {}),
    },
  };
  if (!relative.isComparable) return { kind: 'open', shown, reason: 'not-comparable' };
  const stale = staleOf(both.measured);
  if (stale !== undefined && estimate !== undefined)
    return { kind: 'open', shown: { ...shown, detail: stale.message }, reason: 'stale' };
  if (estimate === undefined || base === undefined || n === 0)
    return { kind: 'open', shown, reason: problem ?? 'no-traffic' };
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
  const { relative, pairs, counted } = both;
  switch (relative.quantity.kind) {
    case 'custom':
      return live(both);
    case 'error-count':
    case 'request-count':
      return { n: 0, problem: 'count-without-evidence' };
    case 'error-rate':
    case 'mean-latency':
    case 'percentile':
      break;
  }
  if (pairs === undefined || pairs.n === 0)
    return counted.baseline > 0 && counted.candidate > 0 ? { n: 0, problem: 'not-paired' } : { n: 0 };
  switch (relative.quantity.kind) {
    case 'error-rate':
      return errorPairs(both, pairs);
    case 'mean-latency':
      return meanPairs(both, pairs);
    case 'percentile':
      return percentilePairs(both, pairs, relative.quantity.percent);
  }
}

function meanPairs({ relative, asked }: BothVersions, pairs: PairTally): Compared {
  if (relative.cap === undefined) return { n: pairs.n, problem: 'needs-cap' };
  const state = pairs.means[comparisonKey({ ...relative.comparison, cap: relative.cap })];
  if (state === undefined) return { n: pairs.n, problem: 'limit-not-counted' };
  const { below, above, shown } = state;
  const { n } = below;
  // What a kill left unresolved counts against each claim, but is no value to be shown.
  const seen = shown !== undefined && shown.n > 0 ? shown : { n, sumA: above.sumA, sumB: below.sumB };
  return {
    n,
    isPaired: true,
    estimate: seen.sumB / seen.n,
    base: seen.sumA / seen.n,
    claims: () =>
      pairedClaims(
        asked,
        { lnBelow: lnMeanPairs(below).lnBelow, lnAbove: lnMeanPairs(above).lnAbove },
        { n, nodes: { below: below.lnBelow, above: above.lnAbove } },
      ),
  };
}

function percentilePairs({ relative, asked }: BothVersions, pairs: PairTally, percent: number): Compared {
  const state = pairs.percentiles?.[percentileKey({ ...relative.comparison, percent })];
  const values = state === undefined ? undefined : pairedPercentiles(state);
  if (state === undefined || values === undefined) return { n: pairs.n, problem: 'limit-not-counted' };
  const { n } = state;
  const { lnSatisfiedNeeded: below, lnViolatedNeeded: above } = asked.version;
  const times = (bound: number | undefined) => (bound === undefined ? undefined : bound * values.a);
  return {
    n,
    isPaired: true,
    estimate: values.b,
    base: values.a,
    claims: () =>
      pairedClaims(asked, lnPercentilePairs(state), {
        n,
        bounds: () => {
          const { lower, upper } = percentileRatioBounds(state, { below, above });
          return defined({ lower: times(lower), upper: times(upper) });
        },
      }),
  };
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
    readonly nodes?: { readonly below: ArrayLike<number>; readonly above: ArrayLike<number> } | undefined;
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
      nodes &&
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
  const estimate = (below.onlyB + below.both) / n;
  const base = (above.onlyA + above.both) / n;
  const at = (claim: typeof below, lnThreshold: number) =>
    comparison.plus > 0 ? shareDifferenceBounds(claim, lnThreshold) : shareRatioBounds(claim, lnThreshold);
  const value = ofBaseline(comparison, base);
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
              upper: value(at(below, lnSatisfiedNeeded).upper),
              lower: value(at(above, lnViolatedNeeded).lower),
            }),
        },
      );
    },
  };
}

/** Of live counters only: nothing else says how many requests are behind it. */
function live(both: BothVersions): Compared {
  const { measured, relative } = both;
  const [base, candidate] = [measured.baseline?.counters, measured.candidate?.counters];
  if (base === undefined || candidate === undefined) {
    const [estimate, other] = [measured.candidate?.value, measured.baseline?.value];
    if (estimate === undefined || other === undefined) return { n: 0, ...whyMissing(measured) };
    return { n: 1, estimate, base: other, problem: 'only-counters-compare' };
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

/** As of any value of a backend: one failure keeps it, more make it too old. The candidate first, whom the row is about. */
function staleOf({ baseline, candidate }: BothVersions['measured']): MeasuredMetric['failure'] {
  return [candidate, baseline].find((one) => one !== undefined && isStale(one))?.failure;
}

/** Why one of the two has no value: the candidate first, whom the row is about. */
function whyMissing({ baseline, candidate }: BothVersions['measured']): Pick<Compared, 'problem' | 'detail'> {
  const failed = [candidate, baseline].find((one) => one?.failure !== undefined && one.value === undefined)?.failure;
  if (failed === undefined) return { problem: 'metric-unavailable' };
  return { problem: failed.reason ?? 'metric-unavailable', detail: failed.message };
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
    const value = ofBaseline(relative.comparison, base);
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

/** The candidate's value from a bound that is a difference where the limit is an increase, else a ratio. */
const ofBaseline =
  ({ plus }: Pick<RelativeLimit['comparison'], 'plus'>, base: number) =>
  (bound: number | undefined): number | undefined =>
    bound === undefined ? undefined : Math.max(0, plus > 0 ? base + bound : base * bound);

function defined({ lower, upper }: { lower?: number | undefined; upper?: number | undefined }): Bounds {
  return { ...(lower === undefined ? {} : { lower }), ...(upper === undefined ? {} : { upper }) };
}
