/** A run compared with itself, for people. */
import type { NoiseRow } from '../judge/runs/self-comparison.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatValue } from '../text/units.ts';
import { wrap } from '../text/wrap.ts';
import { differenceValue } from '../view/comparison-cells.ts';
import { loadText, nameText } from '../view/run-head.ts';
import type { SelfComparisonView } from '../view/self-comparison.ts';
import { fittedLines } from './table.ts';
import type { Theme } from './theme.ts';

export interface SelfComparisonOptions {
  readonly theme: Theme;
  readonly columns: number;
}

export const NOISE_HEAD = ['QUANTITY', 'VALUE', 'NOISE', 'SHOWN FROM', ''] as const;

/** `p95`, `69 ms`, `4.1 ms`, `+12 ms`, `+17 %`. */
export function noiseCells({ metric, unit, estimate, noise, detectable }: NoiseRow): string[] {
  const percent = detectable === undefined || !(estimate > 0) ? '' : `+${formatValue(detectable / estimate, 'share')}`;
  return [
    sanitizeLine(metric),
    formatValue(estimate, unit),
    differenceValue(noise, unit).replace(/^\+/, ''),
    detectable === undefined ? '-' : differenceValue(detectable, unit),
    percent,
  ];
}

export function renderSelfComparison(view: SelfComparisonView, { theme, columns }: SelfComparisonOptions): string {
  const color = { within: theme.good, more: theme.bad, open: theme.open }[view.answer];
  const rows = view.rows.map(noiseCells);
  const column = (at: number) => rows.map((row) => row[at]!);
  const table = fittedLines(
    NOISE_HEAD.map((head, at) => ({ head, cells: column(at), right: at > 0, ...(at === 4 ? { expendable: 1 } : {}) })),
    { room: columns },
  );
  const list = rows.flatMap(([metric = '', ...cells]) => [
    metric,
    ...cells.slice(0, 3).map((cell, at) => `  ${NOISE_HEAD[at + 1]!.toLowerCase()}  ${cell}`),
  ]);
  return [
    wrap(sanitizeLine(view.headline), { columns, rest: '  ' }).map(color),
    wrap(`${sanitizeLine(nameText(view.run))}: ${loadText(view.run)}`, { columns, rest: '  ' }),
    rows.length === 0 ? [] : (table ?? list),
    view.notes.flatMap((note) => wrap(sanitizeLine(note), { columns, first: '- ', rest: '  ' })),
  ]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}
