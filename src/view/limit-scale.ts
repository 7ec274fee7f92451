/** How far a picture of one objective goes: from zero to beyond its limit and what was observed. The same wherever it is drawn. */
import type { LimitAssessment } from '../judge/assessment.ts';

/** A value far beyond its limit ends at the edge. */
const MOST_TIMES_LIMIT = 4;

/** Where the picture ends; undefined where there is nothing to draw: without a value, or a limit above zero. */
export function endOfScale({ limit, estimate, upper }: LimitAssessment): number | undefined {
  if (estimate === undefined || !(limit > 0) || !(estimate >= 0)) return undefined;
  const most = limit * MOST_TIMES_LIMIT;
  return 1.1 * Math.max(1.25 * limit, Math.min(most, estimate), Math.min(most, upper ?? 0));
}
