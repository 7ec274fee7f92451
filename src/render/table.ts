/** Borderless tables with right widths for wide characters and colours. Home of cli-table3. */
import Table from 'cli-table3';
import { displayWidth } from '../text/width.ts';

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

export interface TableOptions {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns of numbers: aligned to the right. */
  readonly right?: readonly number[];
  readonly indent?: string;
  /** Between columns. */
  readonly gap?: string;
}

/** The lines of the table, without spaces at their ends. Cells are shown as they are: sanitised, coloured by the caller. */
export function tableLines({ head, rows, right = [], indent = '', gap = '  ' }: TableOptions): string[] {
  const table = new Table({
    head: [...head],
    chars: { ...NO_BORDERS, middle: gap },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colAligns: head.map((_, column) => (right.includes(column) ? 'right' : 'left')),
  });
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split('\n')
    .map((line) => (indent + line).trimEnd());
}

/** How wide the table will be, without making it. */
export function tableWidth(head: readonly string[], rows: readonly (readonly string[])[], gap: string): number {
  const columns = head.map((title, column) =>
    Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[column] ?? ''))),
  );
  return columns.reduce((sum, width) => sum + width, 0) + gap.length * (columns.length - 1);
}
