/** The cells of a compared row as text, and what stands below the table: for a terminal, Markdown and HTML. */
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

const LEGEND = {
  none: '~ no difference is shown, and one could have been',
  unknown: '? it cannot be determined',
} as const;

/** Empty where no row is judged. */
export function boundsSentence({
  confidence,
  judged,
}: {
  readonly confidence: number;
  readonly judged: number;
}): string {
  if (judged === 0) return '';
  const level = formatValue(confidence, 'share');
  return `bounds of B - A hold all together with ${level} confidence; those of A and of B each by itself, with ${level} on each side`;
}

/** What the marks mean that are there. */
export function marksText({ rows }: { readonly rows: readonly ComparedRow[] }): string {
  const has = (answer: ComparedRow['answer']) => rows.some((row) => row.answer === answer);
  return [...(has('none') ? [LEGEND.none] : []), ...(has('unknown') ? [LEGEND.unknown] : [])].join(', ');
}

/** `p95 is worse: 69.3 ms in A, 89.8 ms in B; B - A is +20.4 ms (+29.4 %), +12 ms to +28 ms`. */
export function rowSentence(row: ComparedRow): string {
  const { metric, answer, a, b, unit } = row;
  const percent = percentText(row);
  return `${metric} is ${answer}: ${valueText(a, unit)} in A, ${valueText(b, unit)} in B; B - A is ${differenceText(row)}${percent === '' ? '' : ` (${percent})`}, ${differenceIntervalText(row)}`;
}
