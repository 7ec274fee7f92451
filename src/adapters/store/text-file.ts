/** Reads a text file of the local folder, and nothing that only looks like one. */
import { constants, type BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';
import { InvalidManifestError, UnavailableError } from '../../errors.ts';
import { errorCode, storeError } from './file-system-errors.ts';

/** Of one object. A status has 256 KiB; the rest is for people. */
const LARGEST_BYTES = 16 * 1024 * 1024;

// A link is not followed (layout.ts says why); a pipe must not make us wait for its writer. Windows knows neither.
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export interface TextFile {
  readonly text: string;
  readonly stat: BigIntStats;
}

/**
 * Text of a file, or undefined when there is none.
 *
 * `check` sees the opened file before anything is read, and throws to refuse it. Rejects with ForbiddenError for a link or
 * missing permission, InvalidManifestError for bytes that are not UTF-8, UnavailableError for all else.
 */
export async function readTextFile(path: string, check?: (stat: BigIntStats) => void): Promise<TextFile | undefined> {
  try {
    const handle = await open(path, READ_FLAGS);
    try {
      const stat = await handle.stat({ bigint: true });
      if (!stat.isFile()) throw new UnavailableError(`cannot read ${path}: it is not a file`);
      if (stat.size > BigInt(LARGEST_BYTES)) {
        throw new UnavailableError(
          `cannot read ${path}: it has ${stat.size} bytes, more than the allowed ${LARGEST_BYTES}`,
        );
      }
      check?.(stat);
      return { text: decode(await handle.readFile(), path), stat };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw storeError(error, 'cannot read', path);
  }
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const issue = { source: path, path: '', message: 'the text is not UTF-8' };
    throw new InvalidManifestError(`cannot read ${path}: ${issue.message}`, [issue], { cause: error });
  }
}
