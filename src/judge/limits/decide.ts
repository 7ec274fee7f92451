/** What one assessment rests on, and what all kinds of assessments share: when a verdict may be given at all. Pure. */
import type { MeanWealth } from '../../evidence/one-sample/mean.ts';
import type { LimitCount, LimitKey, Tally } from '../../evidence/request-tally.ts';
import type { LimitAssessment, UndecidedReason, Verdict } from '../assessment.ts';
import type { JudgedLimit, JudgedVersion, JudgeSettings } from '../question.ts';

/** Violated never before so many requests: the first failing request of a cold start condemns nobody. */
export const FEWEST_FOR_VIOLATED = 50;

/** Counted requests of one scope: all that is closed, and for each limit what is closed for that limit alone. */
export interface Measured {
  tally: Tally;
  /** At least as many requests as `tally.limits`, closed earlier. */
  readonly ahead: Map<LimitKey, LimitCount>;
  readonly means: Map<JudgedLimit, { readonly response: MeanWealth; readonly service: MeanWealth }>;
}

/** When a look is taken. */
export interface LookOptions {
  /** Seconds of load so far. */
  readonly elapsedSeconds: number;
  /** The planned load has been sent and resolved: exact and point comparisons may be made. */
  readonly planDone: boolean;
  /** Bounds and what is needed cost about a millisecond a row: off for looks that only ask whether to go on. */
  readonly bounds: boolean;
  /** Latency was measured in a closed loop. */
  readonly closedLoop?: boolean | undefined;
  /** False while further iterations measure custom metrics: what is compared at the end waits. */
  readonly measuringDone?: boolean | undefined;
  /** Versions that have not given a single HTTP answer yet: not judged, whatever was counted. */
  readonly unanswered?: ReadonlySet<string> | undefined;
}

/** Everything that one assessment looks at. Thresholds are natural logs. */
export interface Facts {
  readonly version: JudgedVersion;
  readonly limit: JudgedLimit;
  readonly measured: Measured;
  readonly look: LookOptions & { readonly saturated: boolean };
  readonly settings: JudgeSettings;
  readonly lnSatisfiedNeeded: number;
  readonly lnViolatedNeeded: number;
}

/** Two roads that say the same float may differ in the last digits; a threshold that is met to 1e-12 is met. */
const reaches = (evidence: number, needed: number): boolean => evidence >= needed - 1e-12;

export type Found = Partial<LimitAssessment> & Pick<LimitAssessment, 'n' | 'method' | 'verdict'>;

export function row(facts: Pick<Facts, 'version' | 'limit'>, found: Found): LimitAssessment {
  const { version, limit } = facts;
  return {
    version: version.name,
    objective: limit.objective,
    metric: limit.metric,
    side: limit.side,
    limit: limit.limit,
    unit: limit.unit,
    ...(limit.quantity.kind === 'custom' ? { backend: true } : {}),
    ...found,
  };
}

/** The view whose errors our own lateness can only add to, and the other; swapped for lower limits. */
export function views<T>(
  limit: JudgedLimit,
  pair: { readonly response: T; readonly service: T },
): { readonly forSatisfied: T; readonly forViolated: T } {
  return limit.side === 'upper'
    ? { forSatisfied: pair.response, forViolated: pair.service }
    : { forSatisfied: pair.service, forViolated: pair.response };
}

/** Why nothing may be said yet, whatever the evidence; undefined when it may. */
export function tooSoon(facts: Facts, n: number): UndecidedReason | undefined {
  if (n === 0) return 'no-traffic';
  if (n < facts.settings.minRequests) return 'too-few-requests';
  if (facts.look.elapsedSeconds < facts.settings.minSeconds) return 'too-early';
  return undefined;
}

export const isLatency = (limit: JudgedLimit): boolean => limit.unit === 'ms';

/** Turns evidence into a verdict, with all that forbids one. */
export function decide(
  facts: Facts,
  evidence: {
    readonly lnSatisfied: number;
    readonly lnViolated: number;
    readonly nSatisfied: number;
    readonly nViolated: number;
  },
): { readonly verdict: Verdict; readonly reason?: UndecidedReason } {
  const soon = tooSoon(facts, evidence.nSatisfied);
  if (soon !== undefined) return { verdict: 'undecided', reason: soon };
  if (reaches(evidence.lnSatisfied, facts.lnSatisfiedNeeded)) {
    if (isLatency(facts.limit) && facts.look.closedLoop === true)
      return { verdict: 'undecided', reason: 'closed-loop' };
    return { verdict: 'satisfied' };
  }
  if (reaches(evidence.lnViolated, facts.lnViolatedNeeded)) {
    if (evidence.nViolated < FEWEST_FOR_VIOLATED) return { verdict: 'undecided', reason: 'too-few-requests' };
    if (isLatency(facts.limit) && facts.look.saturated) return { verdict: 'undecided', reason: 'load-too-slow' };
    return { verdict: 'violated' };
  }
  if (isLatency(facts.limit) && facts.look.saturated) return { verdict: 'undecided', reason: 'load-too-slow' };
  return { verdict: 'undecided', reason: 'not-enough-evidence' };
}

/** Point values compared, as Iter8 0.7 did (`confidence: none`). */
export function decideByPoint(
  facts: Facts,
  n: number,
  satisfiedValue: number,
  violatedValue: number,
): { verdict: Verdict; reason?: UndecidedReason } {
  const soon = tooSoon(facts, n);
  if (soon !== undefined) return { verdict: 'undecided', reason: soon };
  if (!facts.look.planDone) return { verdict: 'undecided', reason: 'plan-not-done' };
  const holds = (value: number) =>
    facts.limit.side === 'upper' ? value <= facts.limit.limit : value >= facts.limit.limit;
  if (holds(satisfiedValue)) {
    if (isLatency(facts.limit) && facts.look.closedLoop === true)
      return { verdict: 'undecided', reason: 'closed-loop' };
    return { verdict: 'satisfied' };
  }
  if (holds(violatedValue) || (isLatency(facts.limit) && facts.look.saturated))
    return { verdict: 'undecided', reason: 'load-too-slow' };
  return { verdict: 'violated' };
}

/** The other view's value, when the two differ by more than 10 %. */
export function otherEstimate(estimate: number, other: number): { serviceEstimate?: number } {
  return Math.abs(estimate - other) > 0.1 * Math.max(estimate, other) ? { serviceEstimate: other } : {};
}

/** Bounds that come from bins must not contradict the verdict, which comes from exact counters. */
export function agree(
  facts: Facts,
  verdict: Verdict,
  bounds: { readonly upper?: number | undefined; readonly lower?: number | undefined },
): { upper?: number; lower?: number } {
  const { side, limit } = facts.limit;
  let { upper, lower } = bounds;
  const below = (side === 'upper') === (verdict === 'satisfied');
  if (verdict !== 'undecided') {
    if (below) upper = Math.min(upper ?? limit, limit);
    else lower = Math.max(lower ?? limit, limit);
  }
  return {
    ...(upper === undefined || Number.isNaN(upper) ? {} : { upper }),
    ...(lower === undefined || Number.isNaN(lower) ? {} : { lower }),
  };
}
