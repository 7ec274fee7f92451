/** What a file that was measured is, by how it begins: an experiment, the record of a run, or what another tool wrote. */
import { stat } from 'node:fs/promises';
import { readChunks } from '../manifest/bounded-read.ts';

export type KindOfFile = 'experiment' | 'record' | 'results';

/** So much of the beginning of a file is looked at. */
export const HEAD_BYTES = 64 * 1024;

/** Whether something other than a folder is there. A pipe counts. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** Of a regular file: a pipe would lose its beginning, and holds results. */
export async function kindOfFile(path: string): Promise<KindOfFile> {
  if (!(await stat(path)).isFile()) return 'results';
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of readChunks(path, { maxBytes: Number.POSITIVE_INFINITY })) {
    parts.push(chunk);
    size += chunk.length;
    if (size >= HEAD_BYTES) break;
  }
  return kindOfHead(Buffer.concat(parts));
}

/** The line that every record begins with, also as another program writes it again: with spaces, or its fields in another order. */
const SPEC_LINE = /^\{[^\n]*"kind"\s*:\s*"spec"\s*[,}]/m;

export function kindOfHead(head: Buffer): KindOfFile {
  const text = head.subarray(0, HEAD_BYTES).toString('utf8');
  if (SPEC_LINE.test(text)) return 'record';
  return /["']?apiVersion["']?\s*:\s*["']?iter8\.tools\//.test(text) ? 'experiment' : 'results';
}
