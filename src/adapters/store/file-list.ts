/** Which namespaces and experiments there are in a folder, by the names of files alone. */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectKey } from '../../experiment/experiment.ts';
import { UsageError } from '../../errors.ts';
import { errorCode, storeError } from './file-system-errors.ts';
import { isNamespace, keyOfFile, namespacePath } from './local-layout.ts';

/** All namespaces with a folder, or the given one. Throws UsageError when that is no name of a namespace. */
export async function listNamespaces(dir: string, namespace?: string): Promise<string[]> {
  if (namespace === undefined) {
    const entries = await entriesOf(join(dir, 'experiments'));
    return entries.filter((entry) => entry.isDirectory() && isNamespace(entry.name)).map((entry) => entry.name);
  }
  if (!isNamespace(namespace)) throw new UsageError(`invalid namespace ${JSON.stringify(namespace)}`);
  return [namespace];
}

/** Experiments of a namespace, readable or not; none when the folder is absent. */
export async function listKeys(dir: string, namespace: string): Promise<ObjectKey[]> {
  const entries = await entriesOf(namespacePath(dir, 'experiments', namespace));
  return entries.map((entry) => keyOfFile(namespace, entry.name)).filter((key) => key !== undefined);
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw storeError(error, 'cannot list', folder);
  }
}
