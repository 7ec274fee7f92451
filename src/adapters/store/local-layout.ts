/**
 * Where things lie in the local folder, and that nothing leaves it.
 *
 *     experiments/<namespace>/<name>.yaml     metrics/...     secrets/...     records/<namespace>/<name>.ndjson
 *     locks/<namespace>/<name>/               present while somebody drives the experiment
 *
 * Names that start with a dot are ours, and gone after a moment: claims (`exclusive-claim.ts`).
 */
import { lstat, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ObjectKey } from '../../experiment/experiment.ts';
import { LABEL, SUBDOMAIN } from '../../experiment/object-names.ts';
import { ForbiddenError, UnavailableError, UsageError } from '../../errors.ts';
import { errorCode, storeError } from './file-system-errors.ts';

/** The folders below the root. */
export type Kind = 'experiments' | 'metrics' | 'secrets' | 'records' | 'locks';

/** A file name has at most 255 bytes, and the names of claims add some to it. Kubernetes allows 253. */
const LONGEST_NAME = 180;
const MOST_ATTEMPTS = 3;

/** A namespace: a DNS label. */
export function isNamespace(text: string): boolean {
  return LABEL.test(text);
}

/** A name of an object: a DNS subdomain that fits a file name. */
function isObjectName(text: string): boolean {
  return text.length <= LONGEST_NAME && SUBDOMAIN.test(text);
}

/** Throws UsageError unless both parts are names in the sense of Kubernetes; so neither can hold `/` or `..`. */
export function checkKey(key: ObjectKey): void {
  if (!isNamespace(key.namespace)) {
    throw new UsageError(`invalid namespace ${JSON.stringify(key.namespace)}`, {
      hint: 'use at most 63 lower-case letters, digits and "-", with a letter or digit at both ends',
    });
  }
  if (!isObjectName(key.name)) {
    throw new UsageError(`invalid name ${JSON.stringify(key.name)}`, {
      hint: `use at most ${LONGEST_NAME} lower-case letters, digits, "-" and ".", with a letter or digit at both ends`,
    });
  }
}

/** Path of the folder of a namespace. The namespace must have been checked. */
export function namespacePath(dir: string, kind: Kind, namespace: string): string {
  return join(dir, kind, namespace);
}

/** Path of the file (for locks: the folder) of an object. Throws UsageError for a bad name. */
export function objectPath(dir: string, kind: Kind, key: ObjectKey): string {
  checkKey(key);
  const extension = { experiments: '.yaml', metrics: '.yaml', secrets: '.yaml', records: '.ndjson', locks: '' }[kind];
  return join(namespacePath(dir, kind, key.namespace), `${key.name}${extension}`);
}

/** The key of a file in the folder of a namespace, or undefined when it is not a file of an object. */
export function keyOfFile(namespace: string, file: string): ObjectKey | undefined {
  const name = file.endsWith('.yaml') ? file.slice(0, -'.yaml'.length) : '';
  return isObjectName(name) ? { namespace, name } : undefined;
}

/**
 * Throws ForbiddenError when the folder of a kind, or of a namespace in it, is a symbolic link: what is written must stay
 * inside. The root itself may be one, since the user named it.
 */
export async function refuseLinks(path: string): Promise<void> {
  const namespaceFolder = dirname(path);
  for (const folder of [dirname(namespaceFolder), namespaceFolder]) {
    try {
      if ((await lstat(folder)).isSymbolicLink()) {
        throw new ForbiddenError(`${folder} is a symbolic link`, {
          hint: 'files of the local folder must lie in it: replace the link by a real folder',
        });
      }
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw storeError(error, 'cannot read', folder);
    }
  }
}

/** Makes the folder that `path` lies in, and refuses links on the way. */
export async function makeFolderOf(path: string): Promise<void> {
  await refuseLinks(path);
  await makeFolders(dirname(path));
}

/**
 * A folder with those above it. Node's own `recursive` never ends where a folder cannot be made, as below /proc.
 *
 * Rejects with ForbiddenError or UnavailableError, also when no folder can be made although the one above is there.
 */
export async function makeFolders(folder: string, mode?: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const missing: string[] = [];
      for (let at = folder; !(await isThere(at)); at = dirname(at)) missing.unshift(at);
      for (const path of missing) await mkdir(path, { mode }).catch(ignoreExisting);
      return;
    } catch (error) {
      // The folder above was removed meanwhile, or nothing can be made in it.
      if (errorCode(error) !== 'ENOENT') throw storeError(error, 'cannot make the folder', folder);
      if (attempt === MOST_ATTEMPTS)
        throw new UnavailableError(`cannot make the folder ${folder}: its file system takes none`, { cause: error });
    }
  }
}

/** Somebody else was faster. */
function ignoreExisting(error: unknown): void {
  if (errorCode(error) !== 'EEXIST') throw error;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    return false;
  }
}
