/** The cells of a compared row as text: for a terminal and for Markdown. */
import type { ComparedRow } from '../judge/runs/compare-runs.ts';
import type { RunSide } from '../judge/runs/row-levels.ts';
import { formatLowerBound, formatUpperBound, formatValue, type DisplayUnit } from '../text/units.ts';

export function valueText({ estimate }: RunSide, unit: DisplayUnit): string {
  return estimate === undefined ? '-' : formatValue(estimate, unit);
}

/** `49.7 ms to 51.2 ms`; `at least 3 ms`; empty where nothing is known. */
export function intervalText({ lower, upper }: RunSide, unit: DisplayUnit): string {
  if (lower === undefined) return upper === undefined ? '' : `at most ${formatUpperBound(upper, unit)}`;
  if (upper === undefined) return `at least ${formatLowerBound(lower, unit)}`;
  return `${formatLowerBound(lower, unit)} to ${formatUpperBound(upper, unit)}`;
}

/** `+12 ms`, `-0.3 points`; a share in points of a hundred. */
const signed = (text: string, value: number, unit: DisplayUnit): string => {
  const written = unit === 'share' ? text.replace(/ %$/, ' points') : text;
  return value > 0 ? `+${written}` : written;
};

/** A difference, with its sign. */
export const differenceValue = (value: number, unit: DisplayUnit): string =>
  signed(formatValue(value, unit), value, unit);

/** What is seen as a difference, shown or not; empty where one of them has no value. */
export function differenceText({ difference: { estimate }, unit }: ComparedRow): string {
  return estimate === undefined ? '' : differenceValue(estimate, unit);
}

/** As a part of A; empty where that says nothing. */
export function percentText({ a, difference: { estimate } }: ComparedRow): string {
  if (estimate === undefined || a.estimate === undefined || !(a.estimate > 0)) return '';
  const share = estimate / a.estimate;
  return Math.abs(share) > MOST_PERCENT ? '' : `${share > 0 ? '+' : ''}${formatValue(share, 'share')}`;
}

const MOST_PERCENT = 100;

export function differenceIntervalText({ difference: { lower, upper }, unit }: ComparedRow): string {
  const from = lower === undefined ? undefined : signed(formatLowerBound(lower, unit), lower, unit);
  const to = upper === undefined ? undefined : signed(formatUpperBound(upper, unit), upper, unit);
  if (from === undefined) return to === undefined ? '' : `at most ${to}`;
  return to === undefined ? `at least ${from}` : `${from} to ${to}`;
}

const ANSWERS: Readonly<Record<ComparedRow['answer'], string>> = {
  better: 'better',
  worse: 'worse',
  higher: 'higher',
  lower: 'lower',
  none: '~',
  unknown: '?',
  'not-judged': '-',
};

export const answerMark = ({ answer }: ComparedRow): string => ANSWERS[answer];

export const LEGEND = {
  none: '~ no difference is shown, and one could have been',
  unknown: '? it cannot be told',
} as const;
