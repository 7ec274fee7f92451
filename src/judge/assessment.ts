/** What is known about one side of one objective for one version, at one look. Plain data: stored, shown, replayed. */
import type { NoValueReason } from './no-value-reasons.ts';
import type { Count } from '../evidence/request-tally.ts';

export type Verdict = 'satisfied' | 'violated' | 'undecided';

/** `upper`: the value must not exceed the limit; `lower`: it must not fall below it. */
export type Side = 'upper' | 'lower';

/** What an objective is about. `percent` values are shares in 0..1. */
export type Unit = 'ms' | 'share' | 'count' | 'plain';

/**
 * How the verdict was reached. `evidence`: an e-process at the stated confidence; `exact`: counts compared with the limit
 * (docs/method.md 0.3, carries no error guarantee); `point`: point values compared (`confidence: none`).
 */
export type Method = 'evidence' | 'exact' | 'point';

/** Why there is no verdict (yet). Sentences for them: `wording/sentences.ts`. */
export type UndecidedReason =
  | NoValueReason // a measurement gave no value, and why
  | 'no-traffic' // no request was counted
  | 'too-few-requests' // below minRequests, or 50 for `violated`
  | 'too-early' // before minSeconds
  | 'not-enough-evidence' // neither threshold is reached
  | 'plan-not-done' // exact and point comparisons wait for the end of the planned load
  | 'measuring-not-done' // likewise, for the last measurement of a metric
  | 'load-too-slow' // our own load generator was late too often (docs/method.md 0.8)
  | 'depends-on-unknown' // within the limit or beyond it, by what is not known of some requests
  | 'closed-loop' // qps 0: latency depends on the load itself
  | 'closed-model' // measured by another tool: requests waited for one another
  | 'unknown-model' // measured by another tool that does not say whether they did
  | 'failures-missing' // measured by another tool that leaves out requests without an answer
  | 'unfinished-missing' // the end of the file lacks requests, and nobody knows how many
  | 'no-timeout' // imported histogram: the largest possible latency is unknown
  | 'unquantified' // a value without the number of requests behind it
  | 'percentile-value' // a percentile that a backend computed
  | 'windows-differ' // the value and its sample size are about different times
  | 'stale' // its backend fails, and the last value is too old
  | 'metric-unavailable' // nothing has measured this metric
  | 'all-under-way' // live counters: no request has surely ended yet
  | 'needs-cap' // a mean without a declared largest value
  | 'above-cap' // a mean above the largest value that was declared
  | 'limit-outside-cap' // a limit that no mean below the cap could break, or keep
  | 'limit-not-a-share' // a share is below 1: so must its limit be
  | 'limit-not-counted' // live buckets that were not counted at this limit
  | 'count-without-evidence' // a count says nothing per request
  | 'not-comparable' // a relative limit that every value, or none, would keep
  | 'not-paired' // a relative limit on load that does not go to both versions at the same times
  | 'only-counters-compare' // a relative limit on a metric that gives no raw counters
  | 'build-changed' // the version, or what it is compared with, is another build now: what was measured is void
  | 'buckets-not-comparable'; // live buckets are exact at fixed limits only

/** One side of one objective for one version. Values in the unit of the metric: ms, shares, counts. */
export interface LimitAssessment {
  readonly version: string;
  /** Position in spec.criteria.objectives; relative ones stand behind them. */
  readonly objective: number;
  /** As the user wrote it. */
  readonly metric: string;
  readonly side: Side;
  readonly limit: number;
  readonly unit: Unit;
  readonly method: Method;
  readonly verdict: Verdict;
  /** Why it is undecided; of a violated row: what of its data is missing (`noData: violated`). */
  readonly reason?: UndecidedReason | undefined;
  /** What else is worth knowing: why there is no value, how old it is, that it is approximate. */
  readonly detail?: string | undefined;
  /** Measured by a backend: more load of ours does not help. */
  readonly backend?: boolean | undefined;
  /** A relative objective: `limit` is where it lies at the present value of that version. `pairs`: requests of the same tick. */
  readonly relative?:
    | {
        readonly to: string;
        readonly percent?: number | undefined;
        readonly increase?: number | undefined;
        readonly pairs?: number | undefined;
      }
    | undefined;
  /** Requests behind the estimate (the view that decides `satisfied`). 0 without data. */
  readonly n: number;
  /** Point value; absent without data. */
  readonly estimate?: number | undefined;
  /** Point value in the other view (from the actual send), when it differs by more than 10 %. */
  readonly serviceEstimate?: number | undefined;
  /** With the confidence asked for, the true value is at least `lower` and at most `upper`; absent when nothing is known. */
  readonly lower?: number | undefined;
  readonly upper?: number | undefined;
  /** For rates and percentiles: requests on the wrong side of the limit, in the view that decides `satisfied`. */
  readonly count?: Count | undefined;
  /** Natural logs of the e-values and of what each must reach; absent for exact and point comparisons. */
  readonly lnSatisfied?: number | undefined;
  readonly lnViolated?: number | undefined;
  readonly lnSatisfiedNeeded?: number | undefined;
  readonly lnViolatedNeeded?: number | undefined;
  /**
   * Further requests that would settle it if what was seen so far went on. `never`: none would, since it lies at its limit.
   * Absent when it is settled, or was not worked out.
   */
  readonly requestsNeeded?: number | 'never' | undefined;
  /** The largest value that counts, where the reason is about it. */
  readonly cap?: number | undefined;
}

/** Which side of which objective of which version a row is about. */
export function assessmentKey({ version, objective, side }: LimitAssessment): string {
  return JSON.stringify([version, objective, side]);
}

/** The verdict on a whole objective: violated when a side is, satisfied when all sides are. */
export function combineVerdicts(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('violated')) return 'violated';
  return verdicts.length > 0 && verdicts.every((verdict) => verdict === 'satisfied') ? 'satisfied' : 'undecided';
}

/** Rows whose verdict is another than at the look before; what was not judged then counts as undecided. */
export function changedVerdicts(
  before: readonly LimitAssessment[],
  now: readonly LimitAssessment[],
): { readonly assessment: LimitAssessment; readonly before: Verdict }[] {
  return now.flatMap((assessment) => {
    const { version, objective, side, verdict } = assessment;
    const was = before.find((one) => one.version === version && one.objective === objective && one.side === side);
    const old = was?.verdict ?? 'undecided';
    return old === verdict ? [] : [{ assessment, before: old }];
  });
}
