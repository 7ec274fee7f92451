/**
 * What one quantity (a rate, a mean, a percentile, a count, a live counter, a comparison) knows about one limit of one version at
 * one look. `decide.ts` makes the verdict, its bounds and its row of it: the same way for all. Plain data and functions without
 * effects.
 */
import type { Bounds } from '../evidence/two-versions/comparison.ts';
import type { LimitAssessment, UndecidedReason, Verdict } from './assessment.ts';
import type { ImportedDoubts } from './unknowns-of-other-tools.ts';
import type { Limit } from './question/limits.ts';
import type { JudgedVersion, Question } from './question/question.ts';

/** When a look is taken. */
export interface Look {
  /** Seconds of load so far. */
  readonly elapsedSeconds: number;
  /** Seconds since the experiment started to run: for what somebody else measures. Absent: as `elapsedSeconds`. */
  readonly runningSeconds?: number | undefined;
  /** The planned load has been sent and resolved: exact and point comparisons may be made. */
  readonly planDone: boolean;
  /** Other tasks will send more: what is compared exactly, and what no data means, waits for them. */
  readonly loadToCome?: boolean | undefined;
  /** Bounds and what is needed cost about a millisecond a row: off for looks that only ask whether to go on. */
  readonly bounds: boolean;
  /** Latency was measured in a closed loop. */
  readonly closedLoop?: boolean | undefined;
  /** What another tool that measured does not know. */
  readonly imported?: ImportedDoubts | undefined;
  /** False while further iterations measure custom metrics: what is compared at the end waits. */
  readonly measuringDone?: boolean | undefined;
  /** Versions that have not given a single HTTP answer yet: not judged, whatever was counted. */
  readonly unanswered?: ReadonlySet<string> | undefined;
}

/** One limit, asked of one version at one look. */
export interface Asked {
  readonly question: Question;
  readonly version: JudgedVersion;
  readonly limit: Limit;
  /** `saturated`: our own load generator was too slow to condemn anybody (docs/method.md 0.8). */
  readonly look: Look & { readonly saturated: boolean };
}

/** What a row shows, whatever the verdict. */
export type Shown = Pick<LimitAssessment, 'n'> &
  Partial<
    Pick<LimitAssessment, 'estimate' | 'serviceEstimate' | 'count' | 'unit' | 'detail' | 'relative' | 'cap' | 'limit'>
  >;

/** Two claims, each reached or not. Natural logs where they come from an e-process. */
export interface Claims {
  readonly isSatisfied: boolean;
  readonly isViolated: boolean;
  /** Requests behind each claim. */
  readonly nSatisfied: number;
  readonly nViolated: number;
  readonly lnSatisfied?: number | undefined;
  readonly lnViolated?: number | undefined;
  /** Why it is undecided when neither is reached; absent: for want of evidence. */
  readonly otherwise?: UndecidedReason | undefined;
  readonly bounds?: (() => Bounds) | undefined;
  readonly needed?: (() => number | 'never' | undefined) | undefined;
}

export type Finding =
  /** Nothing can be said. */
  | { readonly kind: 'open'; readonly shown: Shown; readonly reason: UndecidedReason }
  /** Compared as it is. `now`: a verdict that nothing can change any more. */
  | {
      readonly kind: 'exact';
      readonly shown: Shown;
      readonly now?: Verdict | undefined;
      readonly atEnd: Verdict | UndecidedReason;
      readonly bounds?: (() => Bounds) | undefined;
    }
  /** Evidence, or where no confidence is asked for point values. */
  | {
      readonly kind: 'evidence';
      readonly shown: Shown;
      readonly points: { readonly forSatisfied: number; readonly forViolated: number };
      readonly claims: () => Claims;
    };

/** Two roads to the same float may differ in the last digits; a threshold that is met to 1e-12 is met. */
const reaches = (evidence: number, needed: number): boolean => evidence >= needed - 1e-12;

/** The claims of an e-process against the thresholds of the version. */
export function claimsOf(
  { version }: Pick<Asked, 'version'>,
  evidence: {
    readonly lnSatisfied: number;
    readonly lnViolated: number;
    readonly nSatisfied: number;
    readonly nViolated: number;
  } & Pick<Claims, 'bounds' | 'needed' | 'otherwise'>,
): Claims {
  return {
    isSatisfied: reaches(evidence.lnSatisfied, version.lnSatisfiedNeeded),
    isViolated: reaches(evidence.lnViolated, version.lnViolatedNeeded),
    ...evidence,
  };
}

/** What it takes to show that the value is below its limit, and above it: of these, one satisfies and the other violates. */
export function neededOf({ version, limit }: Pick<Asked, 'version' | 'limit'>): {
  readonly lnBelowNeeded: number;
  readonly lnAboveNeeded: number;
} {
  const { lnSatisfiedNeeded, lnViolatedNeeded } = version;
  return limit.side === 'upper'
    ? { lnBelowNeeded: lnSatisfiedNeeded, lnAboveNeeded: lnViolatedNeeded }
    : { lnBelowNeeded: lnViolatedNeeded, lnAboveNeeded: lnSatisfiedNeeded };
}

/**
 * The view whose errors our own lateness can only add to, and the other; swapped for lower limits (docs/method.md 0.2).
 */
export function views<T>(
  { side }: Pick<Limit, 'side'>,
  pair: { readonly response: T; readonly service: T },
): { readonly forSatisfied: T; readonly forViolated: T } {
  return side === 'upper'
    ? { forSatisfied: pair.response, forViolated: pair.service }
    : { forSatisfied: pair.service, forViolated: pair.response };
}

/** The other view's value, when the two differ by more than 10 %. */
export function otherEstimate(estimate: number, other: number): { serviceEstimate?: number } {
  return Math.abs(estimate - other) > 0.1 * Math.max(estimate, other) ? { serviceEstimate: other } : {};
}
