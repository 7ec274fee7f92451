/** Reads rows of comma-separated values, with quotes and line breaks in them (RFC 4180), in pieces. */
import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { UsageError } from '../../errors.ts';
import { CUT_OFF, type AtEnd, type LineResult } from './lines.ts';
import type { Batch, MeasuredRequest } from './measured-request.ts';

const LONGEST_ROW = 32 * 1024 * 1024;
const ROWS_AT_ONCE = 2000;
const LF = 10;
/** Rows without an end of quotes, one after another: it is something else. */
const MOST_UNREAD = 10_000;

/** Value of a column by its name; undefined when there is no such column. @throws UsageError when there are several */
export type Cell = (column: string) => string | undefined;

/** NaN for what is none. */
export const wholeNumber = (text: string | undefined): number => (/^\d+$/.test(text ?? '') ? Number(text) : Number.NaN);

/** Without `columns` the first row names them, and must name those that are `needed`. */
export async function* readRowBatches(
  chunks: AsyncIterable<Buffer>,
  how: { readonly columns?: readonly string[] | undefined; readonly needed: readonly string[] },
  rowOf: (cell: Cell) => LineResult,
  { last: lastOf, isIncomplete }: AtEnd = {},
): AsyncGenerator<Batch> {
  let requests: MeasuredRequest[] = [];
  let unread: string[] = [];
  let isTorn = false;
  let lastByte = LF;
  const parser = parse({
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: LONGEST_ROW,
    on_skip: (error) => {
      // Quotes without an end swallow all rows behind them.
      isTorn ||= error?.code === 'CSV_QUOTE_NOT_CLOSED' || error?.code === 'CSV_MAX_RECORD_SIZE';
      unread.push(`a row of about line ${parser.info.lines}: ${error?.code ?? 'cannot be read'}`);
      if (unread.length > MOST_UNREAD) parser.destroy(new UsageError('its rows cannot be read'));
    },
  });
  const input = Readable.from(
    seen(chunks, (chunk) => (lastByte = chunk.at(-1) ?? lastByte)),
    { objectMode: false },
  );
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);
  let columns = how.columns;
  let width: number | undefined;
  let row = how.columns === undefined ? 1 : 0;
  let index = columns === undefined ? undefined : indexOf(columns);
  const add = (result: LineResult): void => {
    if (typeof result === 'string') unread.push(`row ${row}: ${result}`);
    else if (result !== undefined) requests.push(result);
  };
  const take = (record: readonly string[], at: ReadonlyMap<string, number>): void => {
    row += 1;
    width ??= record.length;
    // A quote too many makes one row of several: each of them is lost.
    if (record.length !== width)
      for (let lost = record.join('').split('\n').length; lost > 0; lost -= 1)
        unread.push(`row ${row}: it has ${record.length} columns instead of ${width}`);
    else
      add(
        rowOf((name) => {
          const position = at.get(name);
          if (position === SEVERAL) throw new UsageError(`its first row has several columns ${name}: which is meant?`);
          return position === undefined ? undefined : record[position];
        }),
      );
  };
  // The last row is looked at when it is known whether a line break ends it.
  let held: readonly string[] | undefined;
  for await (const record of parser as AsyncIterable<string[]>) {
    if (index === undefined) {
      columns = record.map((name) => name.trim());
      index = indexOf(columns);
      const missing = how.needed.filter((name) => !columns!.includes(name));
      if (missing.length > 0) throw new UsageError(`its first row has no column ${missing.join(', ')}`);
      width = record.length;
      continue;
    }
    if (held !== undefined) take(held, index);
    held = record;
    if (requests.length + unread.length >= ROWS_AT_ONCE) {
      yield { requests, unread };
      requests = [];
      unread = [];
    }
  }
  const isCutOff = lastByte !== LF;
  if (held !== undefined && index !== undefined) {
    if (isCutOff) unread.push(`row ${row + 1}: ${CUT_OFF}`);
    else take(held, index);
  }
  if (lastOf !== undefined) add(lastOf());
  yield { requests, unread, isTorn: isTorn || isCutOff || isIncomplete?.() === true };
}

async function* seen(chunks: AsyncIterable<Buffer>, look: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    look(chunk);
    yield chunk;
  }
}

/** In the place of a column: its name is there more than once, and one of them would be taken by chance. */
const SEVERAL = -1;

function indexOf(columns: readonly string[]): Map<string, number> {
  const index = new Map<string, number>();
  for (const [position, name] of columns.entries()) index.set(name, index.has(name) ? SEVERAL : position);
  return index;
}
