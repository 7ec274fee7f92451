/** A limit, what was observed, and its bound, as short texts that never contradict the verdict beside them. */
import { formatLimit, formatLowerBound, formatUpperBound, formatValue, roundLimit } from '../../text/units.ts';
import type { LimitAssessment } from '../assessment.ts';

export function limitText({
  side,
  limit,
  unit,
  relative,
}: Pick<LimitAssessment, 'side' | 'limit' | 'unit' | 'relative'>): string {
  if (relative !== undefined) return `<= ${relativeText(relative, unit)}`;
  return `${side === 'upper' ? '<=' : '>='} ${formatLimit(limit, unit)}`;
}

/** `v1 + 5 %`, `v1 + 0.5 points`, `v1 + 1 point`. */
export function relativeText(
  { to, percent, increase }: NonNullable<LimitAssessment['relative']>,
  unit: LimitAssessment['unit'],
): string {
  if (increase === undefined) return `${to} + ${formatLimit(percent ?? 0, 'plain')} %`;
  if (unit === 'share')
    return `${to} + ${formatLimit(increase, 'share').replace(/^1 %$/, '1 point').replace('%', 'points')}`;
  return `${to} + ${formatLimit(increase, unit)}`;
}

/** Digits of a limit that lies at the value of the baseline. */
const COMPUTED_DIGITS = 4;

/** A limit that was set has all its digits; where one lies at the value of the baseline is known to a few. */
export function shownLimit({ limit, relative, estimate }: LimitAssessment): number {
  if (relative === undefined || !Number.isFinite(limit)) return limit;
  // Away from the estimate, so that what is printed of the two has the order that they have.
  return roundLimit(limit, COMPUTED_DIGITS, (estimate ?? 0) <= limit ? 'up' : 'down');
}

/** A bound that is the limit itself is shown as it is. */
const shownBound = (one: LimitAssessment, bound: number): number => (bound === one.limit ? shownLimit(one) : bound);

/** The observed value, on its side of the limit. Undefined without data. */
export function observedText(one: LimitAssessment): string | undefined {
  return one.estimate === undefined ? undefined : formatValue(one.estimate, one.unit, shownLimit(one));
}

/** The bound that matters for the limit: the one behind the verdict, or the one on the side of the estimate. */
export function relevantBound(one: LimitAssessment): 'upper' | 'lower' | undefined {
  const towards = one.verdict === 'violated' || (one.verdict === 'undecided' && isBeyond(one)) ? 'away' : 'within';
  const wanted = (one.side === 'upper') === (towards === 'within') ? 'upper' : 'lower';
  if (one[wanted] !== undefined) return wanted;
  const other = wanted === 'upper' ? 'lower' : 'upper';
  return one[other] === undefined ? undefined : other;
}

export function isBeyond(one: LimitAssessment): boolean {
  if (one.estimate === undefined) return false;
  return one.side === 'upper' ? one.estimate > one.limit : one.estimate < one.limit;
}

/**
 * `<= 0.664 %` or `>= 1.10 %`; undefined when nothing bounds the value. `< 1 %` and `> 1 %` of a bound that differs from the
 * limit by less than is printed.
 */
export function boundText(one: LimitAssessment): string | undefined {
  const which = relevantBound(one);
  if (which === undefined) return undefined;
  const bound = one[which]!;
  const limit = shownLimit(one);
  const format = which === 'upper' ? formatUpperBound : formatLowerBound;
  const text = format(shownBound(one, bound), one.unit, limit);
  const sign = which === 'upper' ? '<' : '>';
  const isPrintedAsLimit = bound !== one.limit && text === formatLimit(limit, one.unit);
  return `${sign}${isPrintedAsLimit ? '' : '='} ${text}`;
}
