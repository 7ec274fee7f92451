/** Reads a file of lines in pieces: as many lines at once as a piece of the file has. Memory does not grow with the file. */
import type { Batch, MeasuredRequest } from './measured-request.ts';

/** A body may stand in a line: longer ones are not read. */
const LONGEST_LINE = 32 * 1024 * 1024;

/** Why a line is no request; undefined: it is none, and need not be (a heading, another metric). */
export type LineResult = MeasuredRequest | string | undefined;

/** What is known when all lines have been read. */
export interface AtEnd {
  /** What was kept back. */
  readonly last?: () => LineResult;
  /** Its lines show that others are missing. */
  readonly isIncomplete?: () => boolean;
}

/** Why the last line of a file counts as a failure when no line break ends it: a number may have lost its last digits. */
export const CUT_OFF = 'the file ends in the middle of it';

/** `lineOf` is asked of each line that is not empty. */
export async function* readLineBatches(
  chunks: AsyncIterable<Buffer>,
  lineOf: (line: string) => LineResult,
  { last: lastOf, isIncomplete }: AtEnd = {},
): AsyncGenerator<Batch> {
  let rest: Buffer[] = [];
  let length = 0;
  let number = 0;
  let isTooLong = false;
  const take = (bytes: Buffer, batch: Writable, { isCutOff } = { isCutOff: false }): void => {
    number += 1;
    const line = bytes.toString('utf8').trimEnd();
    if (isTooLong) batch.unread.push(`line ${number}: longer than 32 MB`);
    // An object that JSON.parse accepts has its end, whatever is missing behind it.
    else if (line !== '') add(isCutOff && !line.startsWith('{') ? CUT_OFF : lineOf(line), number, batch);
    isTooLong = false;
  };
  for await (const chunk of chunks) {
    const batch: Writable = { requests: [], unread: [] };
    let start = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, start)) {
      const piece = chunk.subarray(start, at);
      take(rest.length === 0 ? piece : Buffer.concat([...rest, piece]), batch);
      rest = [];
      length = 0;
      start = at + 1;
    }
    const piece = chunk.subarray(start);
    length += piece.length;
    if (length > LONGEST_LINE) {
      isTooLong = true;
      rest = [];
    } else if (piece.length > 0) rest.push(piece);
    yield batch;
  }
  const last: Writable = { requests: [], unread: [] };
  const isCutOff = rest.length > 0 || isTooLong;
  if (isCutOff) take(Buffer.concat(rest), last, { isCutOff });
  if (lastOf !== undefined) add(lastOf(), number, last);
  yield { ...last, isTorn: isCutOff || isIncomplete?.() === true };
}

interface Writable {
  readonly requests: MeasuredRequest[];
  readonly unread: string[];
}

function add(result: LineResult, number: number, batch: Writable): void {
  if (typeof result === 'string') batch.unread.push(`line ${number}: ${result}`);
  else if (result !== undefined) batch.requests.push(result);
}

/** One object of a line of JSON; undefined when it is none. */
export function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A field of it that is a text or a number, as text. */
export function textOf(object: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}
