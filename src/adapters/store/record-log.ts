/** The full record of an experiment: one JSON object a line, appended, in `records/<namespace>/<name>.ndjson`. */
import { constants } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import type { ObjectKey } from '../../experiment/experiment.ts';
import { UnavailableError } from '../../errors.ts';
import type { RecordLog } from '../../drive/ports.ts';
import { ReadError, readLines } from '../manifest/bounded-read.ts';
import { errorCode, storeError } from './file-system-errors.ts';
import { makeFolderOf, objectPath, refuseLinks } from './local-layout.ts';

export interface FileRecordLogOptions {
  readonly dir: string;
  /** Called for each line that `read` skips: a writer was killed in it. */
  readonly onUnreadable?: ((text: string) => void) | undefined;
}

// A link is not followed (local-layout.ts says why); a pipe must not make us wait. Windows knows neither.
const NO_LINK = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const APPEND_FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | NO_LINK;

const LARGEST_BYTES = 8 * 1024 ** 3;
export const LONGEST_LINE = 32 * 1024 * 1024;

export function createFileRecordLog(options: FileRecordLogOptions): RecordLog {
  const { dir, onUnreadable } = options;
  return {
    append: (key, entries) => append(objectPath(dir, 'records', key), entries),
    reset: async (key) => {
      const path = objectPath(dir, 'records', key);
      await refuseLinks(path);
      await unlink(path).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw storeError(error, 'cannot remove', path);
      });
    },
    read: (key: ObjectKey) => read(objectPath(dir, 'records', key), onUnreadable ?? (() => undefined)),
  };
}

/** One write, at the end of the file: all of it or nothing. A line that a killed writer left in the middle is ended first. */
async function append(path: string, entries: readonly object[]): Promise<void> {
  if (entries.length === 0) return;
  const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  try {
    await makeFolderOf(path);
    const handle = await open(path, APPEND_FLAGS, 0o600);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw new UnavailableError(`cannot write ${path}: it is not a file`);
      const { size } = stat;
      const last = Buffer.alloc(1);
      const torn = size > 0 && (await handle.read(last, 0, 1, size - 1)).bytesRead === 1 && last[0] !== 0x0a;
      try {
        await handle.appendFile(torn ? `\n${lines}` : lines);
      } catch (error) {
        // A disk that is full takes a part. It is written again as a whole: nothing may stand there twice.
        await handle.truncate(size).catch(() => undefined);
        throw error;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw storeError(error, 'cannot write', path);
  }
}

async function* read(path: string, onUnreadable: (text: string) => void): AsyncGenerator {
  try {
    await refuseLinks(path);
    let number = 0;
    for await (const line of readLines(path, { maxBytes: LARGEST_BYTES, maxLine: LONGEST_LINE, noLinks: true })) {
      number += 1;
      if (line === '') continue;
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch {
        onUnreadable(`${path}:${number} is not a whole line, and is left out`);
        continue;
      }
      yield value;
    }
  } catch (error) {
    if (error instanceof ReadError) throw new UnavailableError(`cannot read ${path}: it ${error.message}`);
    if (errorCode(error) !== 'ENOENT') throw storeError(error, 'cannot read', path);
  }
}
