/**
 * What the evidence about a version must reach, in one place. Source: statistics.md 0.3.
 *
 * - `satisfied`: 1/alpha; with several candidates (K-1)/alpha for each of them, K being the number of versions: one of them is
 *   promoted falsely with probability alpha at most. A version passes when all its limits are satisfied, which needs no correction
 *   for their number (intersection-union).
 * - `violated`: m/alpha, since one of m limits is enough to condemn a version; with several candidates m C/alpha for each of the
 *   C candidates, since one of them is enough to roll back an experiment.
 */
export interface Thresholds {
  /** Natural logs. */
  readonly lnSatisfiedNeeded: number;
  readonly lnViolatedNeeded: number;
}

export interface ThresholdQuestion {
  readonly alpha: number;
  readonly role: 'baseline' | 'candidate';
  /** One-sided limits that are judged on this version, without those that hold by themselves. */
  readonly limits: number;
  readonly versions: number;
  readonly candidates: number;
}

export function thresholdsOf({ alpha, role, limits, versions, candidates }: ThresholdQuestion): Thresholds {
  const several = role === 'candidate' && candidates > 1;
  return {
    lnSatisfiedNeeded: Math.log((several ? versions - 1 : 1) / alpha),
    lnViolatedNeeded: Math.log((Math.max(1, limits) * (several ? candidates : 1)) / alpha),
  };
}
