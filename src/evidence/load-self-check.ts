/** Whether our own load generator was too slow to condemn anybody. */
import { lnViolated } from './one-sample/rate-bounds.ts';
import type { Count } from './request-tally.ts';

/** Share of late requests that is tolerated. */
const TOLERATED = 0.01;

/** How sure that is where no confidence is asked for. */
export const SATURATED_ALPHA = 0.05;

/** True once it is shown that more than 1 % of the requests left late by our own fault. Source: docs/method.md 0.8. */
export function isSaturated(late: Count, alpha: number): boolean {
  return late.bad > 0 && lnViolated(late, TOLERATED) >= Math.log(1 / alpha);
}
