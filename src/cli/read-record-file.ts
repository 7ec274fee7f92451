/** The lines of a full record, as a run has written them to a file. */
import { readLines, ReadError } from '../adapters/manifest/bounded-read.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import type { RecordLine } from '../judge/record/record-lines.ts';
import { foldRecord, type Folded } from '../replay/fold-record.ts';
import { readRecordLines } from '../replay/read-record-lines.ts';
import { systemReason } from '../text/system-reasons.ts';
import { LONGEST_LINE } from '../adapters/store/record-log.ts';
import { formatCount } from '../text/units.ts';
import { sayTo } from './stderr-messages.ts';

/** A record is read whole: more than this does not fit into memory, as numbers. */
const MOST_RECORD_BYTES = 512 * 1024 * 1024;

/** Says which lines are left out. @throws UsageError when it is no file of lines */
export async function recordLines(file: string, shown: string, io: Io): Promise<unknown[]> {
  const lines: unknown[] = [];
  const torn: number[] = [];
  let number = 0;
  try {
    for await (const line of readLines(file, { maxBytes: MOST_RECORD_BYTES, maxLine: LONGEST_LINE })) {
      number += 1;
      if (line === '') continue;
      try {
        lines.push(JSON.parse(line));
      } catch {
        torn.push(number); // a writer was killed within it, or it was damaged since
      }
    }
  } catch (error) {
    throw error instanceof ReadError
      ? new UsageError(`this record is damaged, or none: ${shown} ${error.message}`, { cause: error })
      : new UsageError(`${shown} cannot be read: ${systemReason(error)}`, { cause: error });
  }
  const [first] = torn;
  if (first !== undefined) {
    const which =
      torn.length === 1
        ? `line ${first} is not whole and left out: what it`
        : `${formatCount(torn.length)} lines, from line ${first} on, are not whole and left out: what they`;
    sayTo(io)(`${shown}: ${which} measured is not judged`);
  }
  return lines;
}

/** What a recorded run counted, as it was judged then. */
export type MeasuredRecord = Pick<Folded, 'experiment' | 'record'> & { readonly lines: readonly RecordLine[] };

/** @throws UsageError */
export async function measuredRecord(file: string, shown: string, io: Io): Promise<MeasuredRecord> {
  return foldedRecord(await recordLines(file, shown, io), shown);
}

/** @throws UsageError when no line holds the experiment */
export function foldedRecord(written: readonly unknown[], shown: string): MeasuredRecord {
  const lines = readRecordLines(written);
  const folded = foldRecord(lines, { strength: {} });
  if (folded === undefined) throw new UsageError(`${shown} is no record of a run: no line of it holds the experiment`);
  return { ...folded, lines };
}
