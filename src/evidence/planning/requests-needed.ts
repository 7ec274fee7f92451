/** How many requests a verdict takes: before a run, and in the middle of one. Source: docs/method.md 0.3, 0.10, 1.7. */
import { lnSatisfied, lnViolated } from '../one-sample/rate.ts';
import type { Count } from '../request-tally.ts';
import { firstNumber } from './first-verdict.ts';

export interface NeededQuestion {
  readonly count: Count;
  readonly p0: number;
  /** Natural logs. "Satisfied" is: the rate is below p0. */
  readonly lnSatisfiedNeeded: number;
  readonly lnViolatedNeeded: number;
  /** Of the requests to come; absent: as among those counted. */
  readonly rate?: number | undefined;
}

/**
 * Further requests that would settle it if the present rate of bad ones went on; at least 1. Undefined without data, when
 * the rate is the limit itself, and beyond a billion.
 */
export function requestsStillNeeded({
  count,
  p0,
  lnSatisfiedNeeded,
  lnViolatedNeeded,
  rate = count.bad / count.n,
}: NeededQuestion): number | undefined {
  if (count.n === 0) return undefined;
  if (rate === p0) return undefined;
  return firstNumber(1, (more) => {
    const then = { n: count.n + more, bad: count.bad + more * rate };
    return rate < p0 ? lnSatisfied(then, p0) >= lnSatisfiedNeeded : lnViolated(then, p0) >= lnViolatedNeeded;
  });
}

/** Requests without a bad one that first satisfy the limit: with fewer it cannot be satisfied, whatever they say. */
export function fewestRequests(p0: number, lnThreshold: number): number {
  return firstNumber(1, (n) => lnSatisfied({ n, bad: 0 }, p0) >= lnThreshold) ?? Number.POSITIVE_INFINITY;
}
