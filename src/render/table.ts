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

/** Rows of a table of cli-table3, whose time grows with the square of them: over a minute for 10,000 at once. */
const BLOCK = 50;

/**
 * The lines of the table, without spaces at their ends. Cells are shown as they are, each a line at most: sanitised, coloured by the
 * caller.
 */
export function tableLines({ head, rows, right = [], indent = '', gap = '  ' }: TableOptions): string[] {
  const lines = head.length === 0 ? rows : [head, ...rows];
  const colWidths: number[] = [];
  for (const cells of lines)
    for (const [column, cell] of cells.entries())
      colWidths[column] = Math.max(colWidths[column] ?? 1, displayWidth(cell));
  const options = {
    chars: { ...NO_BORDERS, middle: gap },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colWidths,
    colAligns: colWidths.map((_, column) => (right.includes(column) ? ('right' as const) : ('left' as const))),
  };
  return Array.from({ length: Math.ceil(lines.length / BLOCK) }, (_, block) => {
    const table = new Table(options);
    for (const row of lines.slice(block * BLOCK, (block + 1) * BLOCK)) table.push([...row]);
    return table.toString().split('\n');
  })
    .flat()
    .map((line) => (indent + line).trimEnd());
}

export interface FittedColumn {
  readonly head: string;
  readonly cells: readonly string[];
  readonly right?: boolean;
  /** Where there is no room; `to`: hardly narrower than pleasant, and the least. Absent: the cells stay as they are. */
  readonly shorten?: { readonly cell: (cell: string, width: number) => string; readonly to: readonly [number, number] };
  /** Left out where there is no room even then, the lowest first; absent: never. */
  readonly expendable?: number;
}

const GAPS = ['   ', '  ', ' '];

/**
 * The lines of a table that is no wider than `room`: with narrower gaps, shorter names, fewer columns, in this order.
 * Undefined where that is not enough, or where two names would be shortened to the same.
 */
export function fittedLines(
  columns: readonly FittedColumn[],
  options: { readonly room: number; readonly indent?: string; readonly withHead?: boolean },
): string[] | undefined {
  const { room, indent = '', withHead = true } = options;
  const lines = (kept: readonly FittedColumn[], gap: string) =>
    tableLines({
      head: withHead ? kept.map(({ head }) => head) : [],
      rows: kept[0]!.cells.map((_, row) => kept.map(({ cells }) => cells[row] ?? '')),
      right: kept.flatMap(({ right }, index) => (right === true ? [index] : [])),
      indent,
      gap,
    });
  const width = (kept: readonly FittedColumn[], gap: string) =>
    indent.length + kept.reduce((sum, one) => sum + widthOf(one, withHead), 0) + gap.length * (kept.length - 1);
  const drops = [...new Set(columns.flatMap(({ expendable }) => (expendable === undefined ? [] : [expendable])))];
  const stages = [undefined, ...drops.toSorted((a, b) => a - b)].map((last) =>
    columns.filter(({ expendable = Number.POSITIVE_INFINITY }) => last === undefined || expendable > last),
  );
  const tried = [0, 1].flatMap((least) => stages.map((kept) => ({ kept, least })));
  const gapOf = (kept: readonly FittedColumn[]) => GAPS.find((gap) => width(kept, gap) <= room);
  const whole = gapOf(columns);
  if (whole !== undefined) return lines(columns, whole);
  for (const { kept, least } of tried) {
    const narrow = shortened(kept, { least, excess: width(kept, ' ') - room, withHead });
    const gap = narrow === undefined ? undefined : gapOf(narrow);
    if (narrow !== undefined && gap !== undefined) return lines(narrow, gap);
  }
  return undefined;
}

const widthOf = ({ head, cells }: Pick<FittedColumn, 'head' | 'cells'>, withHead: boolean): number =>
  cells.reduce((most, cell) => Math.max(most, displayWidth(cell)), withHead ? displayWidth(head) : 0);

/** The widest first, until `excess` is gone. Undefined where two cells would become the same. */
function shortened(
  columns: readonly FittedColumn[],
  how: { readonly least: number; readonly excess: number; readonly withHead: boolean },
): FittedColumn[] | undefined {
  const widths = columns.map((one) => widthOf(one, how.withHead));
  const floors = columns.map(({ shorten, head }, index) =>
    shorten === undefined ? widths[index]! : Math.max(shorten.to[how.least]!, how.withHead ? displayWidth(head) : 0),
  );
  for (let excess = how.excess; excess > 0; excess--) {
    const slack = (index: number) => (widths[index]! > floors[index]! ? widths[index]! : -1);
    const widest = widths.reduce((best, _, index) => (slack(index) > slack(best) ? index : best), 0);
    if (slack(widest) < 0) break;
    widths[widest]! -= 1;
  }
  const narrow = columns.map((one, index) => ({
    ...one,
    cells: one.cells.map((cell) => one.shorten?.cell(cell, widths[index]!) ?? cell),
  }));
  const isClear = narrow.every(({ cells }, index) => new Set(cells).size === new Set(columns[index]!.cells).size);
  return isClear ? narrow : undefined;
}
