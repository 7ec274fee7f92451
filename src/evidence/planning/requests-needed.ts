/** How many requests a verdict takes: before a run, and in the middle of one. Source: docs/method.md 0.3, 0.10, 1.7. */
import { lnSatisfied, lnViolated } from '../one-sample/rate-bounds.ts';
import type { Count } from '../request-tally.ts';
import { firstNumber } from './first-verdict.ts';

export interface NeededQuestion {
  /** What speaks for a rate below p0, and what for one above it: apart where a kill left requests of which nobody knows how they ended. */
  readonly below: Count;
  readonly above: Count;
  readonly p0: number;
  /** Natural logs. "Satisfied" is: the rate is below p0. */
  readonly lnSatisfiedNeeded: number;
  readonly lnViolatedNeeded: number;
  /** Of the requests to come; absent: as among those counted. */
  readonly rate?: number | undefined;
}

/**
 * Further requests that would settle it if the present rate of bad ones went on; at least 1. Where the two counts disagree about the
 * side of p0, those to come are as those of `above`, whose end is known. Undefined without data, when the rate is the limit itself,
 * and beyond a billion.
 */
export function requestsStillNeeded(question: NeededQuestion): number | undefined {
  const { below, above, p0, lnSatisfiedNeeded, lnViolatedNeeded } = question;
  if (below.n === 0) return undefined;
  const ofBelow = question.rate ?? below.bad / below.n;
  const ofAbove = question.rate ?? (above.n === 0 ? ofBelow : above.bad / above.n);
  const after = (count: Count, more: number, rate: number): Count => ({
    n: count.n + more,
    bad: count.bad + more * rate,
  });
  if (ofAbove > p0) return firstNumber(1, (more) => lnViolated(after(above, more, ofAbove), p0) >= lnViolatedNeeded);
  const rate = ofBelow < p0 ? ofBelow : ofAbove;
  if (rate >= p0) return undefined;
  return firstNumber(1, (more) => lnSatisfied(after(below, more, rate), p0) >= lnSatisfiedNeeded);
}

/** Requests without a bad one that first satisfy the limit: with fewer it cannot be satisfied, whatever they say. */
export function fewestRequests(p0: number, lnThreshold: number): number {
  return firstNumber(1, (n) => lnSatisfied({ n, bad: 0 }, p0) >= lnThreshold) ?? Number.POSITIVE_INFINITY;
}
