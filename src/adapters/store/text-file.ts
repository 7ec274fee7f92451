/** Reads a text file of the local folder, and nothing that only looks like one. */
import { constants, type BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';
import { InvalidManifestError, UnavailableError } from '../../errors.ts';
import { errorCode, storeError } from './file-system-errors.ts';

/** Of one object. A status has 256 KiB; the rest is for people. */
const LARGEST_BYTES = 16 * 1024 * 1024;

// A link is not followed (`refuseLinks` says why); a pipe must not make us wait for its writer. Windows knows neither.
export const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

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
  const file = await readFile(path, check);
  return file === undefined ? undefined : { text: decode(file.bytes, path), stat: file.stat };
}

/** The same, whatever text they are. */
export async function readBytes(path: string): Promise<Uint8Array | undefined> {
  return (await readFile(path))?.bytes;
}

async function readFile(
  path: string,
  check?: (stat: BigIntStats) => void,
): Promise<{ readonly bytes: Uint8Array; readonly stat: BigIntStats } | undefined> {
  try {
    const handle = await open(path, READ_FLAGS);
    try {
      const stat = await handle.stat({ bigint: true });
      refuseOther(stat, path);
      check?.(stat);
      return { bytes: await handle.readFile(), stat };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw storeError(error, 'cannot read', path);
  }
}

/** What is no file, or too large. @throws UnavailableError */
export function refuseOther(
  stat: Pick<BigIntStats, 'isFile'> & { readonly size: bigint | number },
  path: string,
): void {
  if (!stat.isFile()) throw new UnavailableError(`cannot read ${path}: it is not a file`);
  if (stat.size > LARGEST_BYTES) {
    throw new UnavailableError(
      `cannot read ${path}: it has ${stat.size} bytes, more than the allowed ${LARGEST_BYTES}`,
    );
  }
}

/** @throws InvalidManifestError */
export function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const issue = { source: path, path: '', message: 'the text is not UTF-8' };
    throw new InvalidManifestError(`cannot read ${path}: ${issue.message}`, [issue], { cause: error });
  }
}
