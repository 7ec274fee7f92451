/** The lines of a full record, as a run has written them to a file. */
import { readLines, ReadError } from '../adapters/manifest/bounded-read.ts';
import { UsageError } from '../errors.ts';
import type { RecordLine } from '../judge/record/record-lines.ts';
import { foldRecord, type Folded } from '../replay/fold-record.ts';
import { readRecordLines } from '../replay/read-record-lines.ts';
import { systemReason } from '../text/system-reasons.ts';
import { LONGEST_LINE } from '../adapters/store/record-log.ts';

/** A record is read whole: more than this does not fit into memory, as numbers. */
const MOST_RECORD_BYTES = 512 * 1024 * 1024;

/** @throws UsageError when it is no file of lines */
export async function recordLines(file: string, shown: string): Promise<unknown[]> {
  const lines: unknown[] = [];
  try {
    for await (const line of readLines(file, { maxBytes: MOST_RECORD_BYTES, maxLine: LONGEST_LINE })) {
      try {
        lines.push(JSON.parse(line));
      } catch {
        // a writer was killed within this line
      }
    }
  } catch (error) {
    throw error instanceof ReadError
      ? new UsageError(`this record is damaged, or none: ${shown} ${error.message}`, { cause: error })
      : new UsageError(`${shown} cannot be read: ${systemReason(error)}`, { cause: error });
  }
  return lines;
}

/** What a recorded run counted, as it was judged then. */
export type MeasuredRecord = Pick<Folded, 'experiment' | 'record'> & { readonly lines: readonly RecordLine[] };

/** @throws UsageError */
export async function measuredRecord(file: string, shown: string): Promise<MeasuredRecord> {
  return foldedRecord(await recordLines(file, shown), shown);
}

/** @throws UsageError when no line holds the experiment */
export function foldedRecord(written: readonly unknown[], shown: string): MeasuredRecord {
  const lines = readRecordLines(written);
  const folded = foldRecord(lines, { strength: {} });
  if (folded === undefined) throw new UsageError(`${shown} is no record of a run: no line of it holds the experiment`);
  return { ...folded, lines };
}
