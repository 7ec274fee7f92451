/** Objectives as bars of characters: what was observed, what it may truly be, and the limit, from zero to beyond the limit. */
import type { LimitAssessment } from '../judge/assessment.ts';
import { displayWidth, padToWidth } from '../text/width.ts';
import { wrapFacts } from '../text/wrap.ts';
import { endOfScale } from '../view/limit-scale.ts';
import { isNarrow } from './narrow.ts';
import type { Theme } from './theme.ts';

const LEAST_WIDTH = 16;
const MOST_WIDTH = 60;

/** Where the pictures of one objective end, for all its versions: what is longer in one of them is more. */
function sharedEnd(of: LimitAssessment, among: readonly LimitAssessment[]): number | undefined {
  if (endOfScale(of) === undefined) return undefined;
  const same = among.filter(({ objective, side }) => objective === of.objective && side === of.side);
  return Math.max(...[of, ...same].map((one) => endOfScale(one) ?? 0));
}

/**
 * So many columns wide; undefined where there is nothing to draw. A value is never drawn on the other side of its limit.
 * `among`: the rows whose bars stand beside it, on one scale for each objective.
 */
export function limitBar(
  one: LimitAssessment,
  {
    width,
    theme,
    among = [],
  }: { readonly width: number; readonly theme: Theme; readonly among?: readonly LimitAssessment[] },
): string | undefined {
  const end = sharedEnd(one, among);
  const { limit, estimate = 0, lower, upper, verdict } = one;
  if (end === undefined || width < LEAST_WIDTH) return undefined;
  const cell = (value: number) => Math.max(0, Math.min(width - 1, Math.floor((value / end) * width)));
  const limitAt = cell(limit);
  const beside = (value: number, equal: -1 | 1) => {
    const at = cell(value);
    if (value === limit) return limitAt + equal;
    return value < limit ? Math.min(at, limitAt - 1) : Math.max(at, limitAt + 1);
  };
  const kept = one.side === 'upper' ? -1 : 1;
  const from = beside(lower ?? 0, kept);
  const to = upper === undefined ? width - 1 : beside(upper, kept);
  const hasBounds = lower !== undefined || upper !== undefined;
  const at = beside(estimate, kept);
  const { bar } = theme;
  return Array.from({ length: width }, (_, index) => {
    if (index === at) return theme.ofVerdict(verdict, estimate >= end ? bar.beyond : bar.value);
    if (index === limitAt) return bar.limit;
    return hasBounds && index >= from && index <= to ? bar.done : bar.left;
  }).join('');
}

/**
 * The lines of a table with the bar of each row: behind it where there is room, else below it. `first`: index of the line of
 * the first row. The lines as they are where the terminal is too narrow.
 */
export function withBars(
  lines: readonly string[],
  rows: readonly LimitAssessment[],
  how: {
    readonly theme: Theme;
    readonly columns: number;
    readonly first: number;
    readonly indent: string;
    readonly among: readonly LimitAssessment[];
  },
): string[] {
  const { theme, columns, first, indent, among } = how;
  if (isNarrow(columns)) return [...lines];
  const table = Math.max(...lines.map(displayWidth));
  const room = Math.min(MOST_WIDTH, columns - table - 3);
  return lines.flatMap((line, at) => {
    const row = rows[at - first];
    if (row === undefined) return [line];
    if (room >= LEAST_WIDTH) {
      const bar = limitBar(row, { width: room, theme, among });
      return [bar === undefined ? line : `${padToWidth(line, table)}   ${bar}`];
    }
    const below = `${indent}  `;
    const bar = limitBar(row, { width: Math.min(MOST_WIDTH, columns - below.length), theme, among });
    return bar === undefined ? [line] : [line, `${below}${bar}`];
  });
}

/** What the characters of bars mean. */
export function barLegend({ bar }: Theme, columns: number): string[] {
  return wrapFacts(
    [
      `${bar.value} observed`,
      `${bar.done}${bar.done} what it may truly be`,
      `${bar.limit} limit`,
      `from 0 to beyond it`,
    ],
    { columns, first: '  ', rest: '  ' },
  );
}
