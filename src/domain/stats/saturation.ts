/** Whether our own load generator was too slow. Source: statistics.md 0.8. */
import { lnViolated } from './counts.ts';
import type { Count } from './tally.ts';

export function isSaturated(late: Count, alpha: number): boolean {
  return late.bad > 0 && lnViolated(late, 0.01) >= Math.log(1 / alpha);
}
