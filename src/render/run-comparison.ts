/** Two runs compared, for people: a table where there is room for one, otherwise a list. */
import type { ComparedRow } from '../judge/runs/compare-runs.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCount } from '../text/units.ts';
import { cutMiddle } from '../text/width.ts';
import { wrap } from '../text/wrap.ts';
import {
  answerMark,
  boundsSentence,
  differenceIntervalText,
  differenceText,
  intervalText,
  marksText,
  percentText,
  valueText,
} from '../view/comparison-cells.ts';
import type { RunComparisonView } from '../view/run-comparison.ts';
import { loadText, nameText, type RunHead } from '../view/run-head.ts';
import { fittedLines } from './table.ts';
import type { Theme } from './theme.ts';

export interface ComparisonOptions {
  readonly theme: Theme;
  readonly columns: number;
}

export function renderRunComparison(view: RunComparisonView, options: ComparisonOptions): string {
  const { theme, columns } = options;
  const paragraph = (text: string, first = '', rest = '  ') => wrap(sanitizeLine(text), { columns, first, rest });
  const worse = view.rows.some(({ answer }) => answer === 'worse');
  const parts = [
    paragraph(view.headline).map(worse ? theme.bad : theme.strong),
    [...headLines('A', view.a, columns), ...headLines('B', view.b, columns)],
    view.rows.length === 0 ? [] : (tableOf(view.rows, options) ?? listOf(view.rows, options)),
    legendOf(view)
      .flatMap((text) => paragraph(text))
      .map(theme.dim),
    view.notes.flatMap((note) => paragraph(note, '- ')),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function headLines(side: 'A' | 'B', head: RunHead, columns: number): string[] {
  return wrap(`${sanitizeLine(nameText(head))}: ${loadText(head)}`, {
    columns,
    first: `${side}  `,
    rest: '   ',
  });
}

const SHORTER = { cell: (cell: string, width: number) => cutMiddle(cell, width), to: [14, 8] as const };

function tableOf(rows: readonly ComparedRow[], { theme, columns }: ComparisonOptions): string[] | undefined {
  const cells = (of: (row: ComparedRow) => string) => rows.map(of);
  const answers = cells((row) => colored(row, answerMark(row), theme));
  return fittedLines(
    [
      { head: 'QUANTITY', cells: cells(({ metric }) => sanitizeLine(metric)), shorten: SHORTER },
      { head: 'A', cells: cells(({ a, unit }) => valueText(a, unit)), right: true },
      { head: 'BOUNDS OF A', cells: cells(({ a, unit }) => intervalText(a, unit)), expendable: 1 },
      { head: 'B', cells: cells(({ b, unit }) => valueText(b, unit)), right: true },
      { head: 'BOUNDS OF B', cells: cells(({ b, unit }) => intervalText(b, unit)), expendable: 1 },
      { head: 'B - A', cells: cells(differenceText), right: true },
      { head: '', cells: cells(percentText), right: true, expendable: 2 },
      { head: 'BOUNDS', cells: cells(differenceIntervalText) },
      { head: '', cells: answers },
    ],
    { room: columns },
  );
}

function colored({ answer }: ComparedRow, text: string, theme: Theme): string {
  if (answer === 'worse') return theme.bad(text);
  if (answer === 'better') return theme.good(text);
  return answer === 'none' || answer === 'not-judged' ? theme.dim(text) : theme.open(text);
}

function listOf(rows: readonly ComparedRow[], { theme, columns }: ComparisonOptions): string[] {
  return rows.flatMap((row) => {
    const { unit } = row;
    const side = (name: string, value: string, bounds: string) =>
      wrap(`${value}${bounds === '' ? '' : ` (${bounds})`}`, { columns, first: `  ${name}  `, rest: '     ' });
    const percent = percentText(row);
    const difference = [differenceText(row), percent].filter((text) => text !== '').join(', ');
    return [
      ...wrap(sanitizeLine(row.metric), { columns, rest: '  ' }).map(theme.strong),
      ...side('A  ', valueText(row.a, unit), intervalText(row.a, unit)),
      ...side('B  ', valueText(row.b, unit), intervalText(row.b, unit)),
      ...side('B-A', difference === '' ? '-' : difference, differenceIntervalText(row)),
      `  ${colored(row, answerMark(row), theme)}`,
    ];
  });
}

/** What the marks mean, how sure it is, why something cannot be determined, and how many data points a value of a backend has. */
export function legendOf(view: RunComparisonView): string[] {
  const { rows } = view;
  const reasons = new Map<string, string[]>();
  for (const { metric, reason } of rows)
    if (reason !== undefined) reasons.set(reason, [...(reasons.get(reason) ?? []), metric]);
  const isOneNumber = new Set(rows.map(({ a, b }) => `${a.n} ${b.n}`)).size <= 1;
  return [
    ...[boundsSentence(view), marksText(view)].filter((text) => text !== ''),
    ...[...reasons].map(([reason, metrics]) => `${metrics.join(', ')}: ${reason}`),
    ...(isOneNumber
      ? []
      : [
          `data points: ${rows.map(({ metric, a, b }) => `${metric} ${formatCount(a.n)} and ${formatCount(b.n)}`).join(', ')}`,
        ]),
  ];
}
