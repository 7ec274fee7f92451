/**
 * What the evidence must reach for a verdict, in one place (docs/method.md 0.3, 1.5).
 *
 * `satisfied`: a version passes when all of its limits are satisfied at one look. It passes wrongly only when a limit that does
 * not hold is claimed to hold, so several limits need no correction. With several candidates any of them may be promoted: the
 * claims about all of them must hold at once, and each candidate takes its part of alpha.
 *
 * `violated`: one violated limit is enough to fail a version, so its limits share alpha; and one failed candidate is enough to roll
 * back (`rollback_on_failure`: a bad baseline rolls back nobody), so the candidates share it once more. Without that, three
 * candidates just within their limits end with one falsely violated in 7.7 % of the experiments.
 */

/** Violated never before so many requests: the first failing request of a cold start condemns nobody. */
export const FEWEST_FOR_VIOLATED = 50;

export interface ThresholdQuestion {
  /** Per side, above 0 and below 1. */
  readonly confidence: number;
  /** One-sided limits that are judged on the version; limits that hold by themselves are not counted. */
  readonly limits: number;
  readonly candidates: number;
  /** Of the version that is judged. */
  readonly role: 'baseline' | 'candidate';
}

/** Natural logs of what the evidence for each verdict must reach. */
export interface VerdictThresholds {
  readonly lnSatisfiedNeeded: number;
  readonly lnViolatedNeeded: number;
}

export function verdictThresholds({ confidence, limits, candidates, role }: ThresholdQuestion): VerdictThresholds {
  const alpha = 1 - confidence;
  const atOnce = role === 'candidate' ? Math.max(1, candidates) : 1;
  return {
    lnSatisfiedNeeded: Math.log(atOnce / alpha),
    lnViolatedNeeded: Math.log((atOnce * Math.max(1, limits)) / alpha),
  };
}
