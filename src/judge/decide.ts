/**
 * From a finding to a verdict and its row: the one place that knows when a verdict may be given at all, which bounds may stand
 * beside it, and how many requests it still takes. Pure. Source: docs/method.md 0.3.
 */
import type { Bounds } from '../evidence/two-versions/comparison.ts';
import { FEWEST_FOR_VIOLATED } from '../evidence/verdict-thresholds.ts';
import type { LimitAssessment, UndecidedReason, Verdict } from './assessment.ts';
import type { Asked, Claims, Finding } from './finding.ts';
import { doubtedVerdict, doubtOf } from './unknowns-of-other-tools.ts';
import { isTrivial } from './question/limits.ts';

interface Decision {
  readonly verdict: Verdict;
  readonly reason?: UndecidedReason;
}

const undecided = (reason: UndecidedReason): Decision => ({ verdict: 'undecided', reason });

export function decide(asked: Asked, finding: Finding): LimitAssessment {
  const { shown } = finding;
  if (isTrivial(asked.limit) && shown.estimate !== undefined)
    return row(asked, finding, 'exact', { verdict: 'satisfied' });
  switch (finding.kind) {
    case 'open':
      return row(asked, finding, asked.question.alpha === undefined ? 'point' : 'evidence', undecided(finding.reason));
    case 'exact':
      return row(asked, finding, 'exact', {
        ...allowed(asked, finding, exactly(asked, finding)),
        ...(asked.look.bounds ? knownBounds(asked, finding.bounds?.() ?? {}) : {}),
      });
    case 'evidence':
      return asked.question.alpha === undefined
        ? row(asked, finding, 'point', allowed(asked, finding, byPoints(asked, finding)))
        : byEvidence(asked, finding);
  }
}

function byEvidence(asked: Asked, finding: Extract<Finding, { kind: 'evidence' }>): LimitAssessment {
  const { version, look } = asked;
  const claims = finding.claims();
  const decision = allowed(asked, finding, decided(asked, claims));
  const { lnSatisfied, lnViolated } = claims;
  const evidence =
    lnSatisfied === undefined || lnViolated === undefined
      ? {}
      : {
          lnSatisfied,
          lnViolated,
          lnSatisfiedNeeded: version.lnSatisfiedNeeded,
          lnViolatedNeeded: version.lnViolatedNeeded,
        };
  if (!look.bounds) return { ...row(asked, finding, 'evidence', decision), ...evidence };
  const limit = finding.shown.limit ?? asked.limit.limit;
  const known = knownBounds(asked, claims.bounds?.() ?? {});
  const bounds = consistent({ side: asked.limit.side, limit }, decision, known);
  return {
    ...row(asked, finding, 'evidence', { ...decision, ...bounds }),
    ...evidence,
    ...needed(asked, claims, decision),
  };
}

/** The same, unless what another tool does not know is in its way. More requests of the kind would not help. */
function allowed(asked: Asked, { shown }: Finding, decision: Decision): Decision {
  const { side, limit } = asked.limit;
  const reason = doubtIn(asked);
  if (reason === undefined) return decision;
  const isWithin =
    shown.estimate !== undefined && (side === 'upper' ? shown.estimate <= limit : shown.estimate >= limit);
  const isHopeless = decision.reason === 'not-enough-evidence' && isWithin === (side === 'upper');
  return decision.verdict === doubtedVerdict(side) || isHopeless ? undecided(reason) : decision;
}

/** What is missing could only have been worse: nothing bounds it from above. */
function knownBounds(asked: Asked, { upper, ...lower }: Bounds): Bounds {
  return upper === undefined || doubtIn(asked) !== undefined ? lower : { ...lower, upper };
}

function doubtIn(asked: Asked): UndecidedReason | undefined {
  const { limit, look } = asked;
  return limit.quantity.kind === 'custom' ? undefined : doubtOf(look.imported, { isLatency: isOwnLatency(asked) });
}

/** Why nothing may be said yet, whatever the evidence; undefined when it may. */
const tooSoon = (asked: Asked, n: number): UndecidedReason | undefined =>
  n === 0 ? 'no-traffic' : beforeMinimum(asked, n);

/** The same, where it was asked for. */
function beforeMinimum({ question: { strength }, limit, look }: Asked, n: number): UndecidedReason | undefined {
  if (n < strength.minRequests) return 'too-few-requests';
  const seconds = limit.quantity.kind === 'custom' ? (look.runningSeconds ?? look.elapsedSeconds) : look.elapsedSeconds;
  return seconds < strength.minSeconds ? 'too-early' : undefined;
}

/** Latency of our own load: what a backend measured has nothing to do with how we send. */
const isOwnLatency = ({ limit: { unit } }: Asked): boolean => unit === 'ms';

/** Turns claims into a verdict, with all that forbids one. */
function decided(asked: Asked, claims: Claims): Decision {
  const { look } = asked;
  const soon = tooSoon(asked, claims.nSatisfied);
  if (soon !== undefined) return undecided(soon);
  const isTooSlow = isOwnLatency(asked) && look.saturated;
  const { isViolated } = claims;
  if (claims.isSatisfied)
    return isOwnLatency(asked) && look.closedLoop === true ? undecided('closed-loop') : { verdict: 'satisfied' };
  if (isViolated && claims.nViolated < FEWEST_FOR_VIOLATED) return undecided('too-few-requests');
  if (isTooSlow) return undecided('load-too-slow');
  return isViolated ? { verdict: 'violated' } : undecided(claims.otherwise ?? 'not-enough-evidence');
}

/** What is compared at the end waits for the planned load, or for the last measurement. */
function waitsFor({ limit, look }: Asked): UndecidedReason | undefined {
  if (limit.quantity.kind === 'custom') return look.measuringDone === false ? 'measuring-not-done' : undefined;
  return look.planDone ? undefined : 'plan-not-done';
}

function exactly(asked: Asked, { now, atEnd, shown }: Extract<Finding, { kind: 'exact' }>): Decision {
  // Violated at the first excess: no more requests make it good.
  if (now === 'violated') return { verdict: now };
  const isOwnLoad = asked.limit.quantity.kind !== 'custom';
  const isToCome = isOwnLoad && asked.look.loadToCome === true;
  const wait = now === undefined ? (waitsFor(asked) ?? (isToCome ? 'plan-not-done' : undefined)) : undefined;
  const soon = wait ?? (isOwnLoad ? beforeMinimum(asked, shown.n) : undefined);
  if (soon !== undefined) return undecided(soon);
  if (now !== undefined) return { verdict: now };
  return atEnd === 'satisfied' || atEnd === 'violated' || atEnd === 'undecided' ? { verdict: atEnd } : undecided(atEnd);
}

/** Point values compared, as Iter8 0.7 did (`confidence: none`). */
function byPoints(asked: Asked, { shown, points }: Extract<Finding, { kind: 'evidence' }>): Decision {
  const { limit, look } = asked;
  // One value of a backend is enough to compare.
  const soon = tooSoon(asked, limit.quantity.kind === 'custom' ? Math.max(1, shown.n) : shown.n);
  if (soon !== undefined) return undecided(soon);
  const wait = waitsFor(asked);
  if (wait !== undefined) return undecided(wait);
  const at = shown.limit ?? limit.limit;
  const holds = (value: number) => (limit.side === 'upper' ? value <= at : value >= at);
  // How long requests without an answer would have taken is not known: a mean is at least what was counted.
  const isLeast = limit.quantity.kind === 'mean-latency' && limit.cap === undefined;
  if (holds(points.forSatisfied)) {
    if (isLeast && limit.side === 'upper') return undecided('no-timeout');
    return isOwnLatency(asked) && look.closedLoop === true ? undecided('closed-loop') : { verdict: 'satisfied' };
  }
  if (isOwnLatency(asked) && look.saturated) return undecided('load-too-slow');
  if (holds(points.forViolated)) return undecided('depends-on-unknown');
  return isLeast && limit.side === 'lower' ? undecided('no-timeout') : { verdict: 'violated' };
}

/**
 * Bounds that come from bins, and may lag behind the counters that decide, must not contradict the verdict: of a decided row the
 * limit itself is a bound, of an open one a bound beyond the limit would be a verdict.
 */
function consistent(
  { side, limit }: { readonly side: Asked['limit']['side']; readonly limit: number },
  { verdict, reason }: Decision,
  bounds: Bounds,
): Bounds {
  let { upper, lower } = bounds;
  if (verdict !== 'undecided') {
    const below = (side === 'upper') === (verdict === 'satisfied');
    if (below) upper = Math.min(upper ?? limit, limit);
    else lower = Math.max(lower ?? limit, limit);
  } else if (reason === 'not-enough-evidence') {
    if (upper !== undefined && upper < limit) upper = undefined;
    if (lower !== undefined && lower > limit) lower = undefined;
  }
  return {
    ...(upper !== undefined && Number.isFinite(upper) ? { upper } : {}),
    ...(lower !== undefined && Number.isFinite(lower) ? { lower } : {}),
  };
}

/** With "no verdict before ..." in it. */
function needed(
  { question: { strength } }: Asked,
  claims: Claims,
  { reason }: Decision,
): Pick<LimitAssessment, 'requestsNeeded'> {
  if (reason !== 'not-enough-evidence' && reason !== 'too-few-requests') return {};
  const evidence = claims.isSatisfied || claims.isViolated ? 0 : claims.needed?.();
  if (evidence === undefined || evidence === 'never') return evidence === undefined ? {} : { requestsNeeded: evidence };
  const fewest = Math.max(
    strength.minRequests - claims.nSatisfied,
    claims.isViolated ? FEWEST_FOR_VIOLATED - claims.nViolated : 0,
  );
  return { requestsNeeded: Math.max(1, Math.ceil(evidence), fewest) };
}

function row(
  { version, limit, look }: Asked,
  { shown }: Finding,
  method: LimitAssessment['method'],
  said: Decision & Bounds,
): LimitAssessment {
  return {
    version: version.name,
    objective: limit.objective,
    metric: limit.metric,
    side: limit.side,
    limit: limit.limit,
    unit: limit.unit,
    ...(limit.quantity.kind === 'custom' ? { backend: true } : {}),
    ...shown,
    // Of other tools the two views differ by what is not known, and not by a wait.
    ...(look.imported === undefined ? {} : { serviceEstimate: undefined }),
    method,
    ...said,
  };
}
