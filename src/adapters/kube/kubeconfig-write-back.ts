/** Puts new tokens into the kubeconfig that holds the old ones, and changes nothing else of it. */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { chown, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { systemReason } from '../../text/system-reasons.ts';
import { readBounded } from '../manifest/bounded-read.ts';
import { readManifest } from '../manifest/parse-documents.ts';
import { MAX_KUBECONFIG_BYTES } from './kubeconfig.ts';

export interface Replacement {
  /** Key in `users[].user.auth-provider.config`. */
  readonly field: string;
  readonly before: string | undefined;
  readonly after: string;
}

/**
 * Undefined when the tokens are written, or were in none of the files; otherwise why not. A symbolic link stays one: the file
 * that it leads to is replaced, with the permissions and the owner that it has. The text is changed only where the result
 * reads as the same kubeconfig with these fields replaced.
 */
export async function replaceInKubeconfig(
  files: readonly string[],
  replacements: readonly Replacement[],
): Promise<string | undefined> {
  const changes = replacements.filter(({ before, after }) => before !== undefined && before !== '' && before !== after);
  let failure: string | undefined;
  for (const file of files) {
    try {
      const real = await realpath(file);
      const text = (await readBounded(real, { maxBytes: MAX_KUBECONFIG_BYTES })).toString('utf8');
      if (!changes.some(({ before }) => text.includes(before!))) continue;
      const next = rewritten(text, changes);
      if (next === undefined) failure = `${file} holds the old ones in a form that cannot be replaced`;
      else if (next !== text) await replaceFile(real, next);
    } catch (error) {
      failure = `${file}: ${systemReason(error)}`;
    }
  }
  return failure;
}

/** As they stand in the text: plain, or between quotes; a new token that would not stand plain is quoted. */
function rewritten(text: string, changes: readonly Replacement[]): string | undefined {
  const present = valueOf(text);
  if (present === undefined) return undefined;
  const wanted = replacedValue(present, changes);
  const replaceAll = (write: (after: string) => string) =>
    // A function, since `$&` and its like mean something in a replacement text.
    changes.reduce((rest, { before, after }) => rest.replaceAll(before!, () => write(after)), text);
  return [
    (after: string) => after,
    (after: string) => JSON.stringify(after),
    (after: string) => JSON.stringify(after).slice(1, -1),
  ]
    .map(replaceAll)
    .find((next) => isDeepStrictEqual(valueOf(next), wanted));
}

function valueOf(text: string): unknown {
  const { objects, issues } = readManifest(text, 'kubeconfig');
  return issues.length > 0 || objects.length !== 1 ? undefined : objects[0]!.value;
}

function replacedValue(present: unknown, changes: readonly Replacement[]): unknown {
  const replaced = (value: unknown, key?: string): unknown => {
    if (Array.isArray(value)) return value.map((one) => replaced(one));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, replaced(one, name)]));
    const change = changes.find(({ field, before }) => field === key && before === value);
    return change === undefined ? value : change.after;
  };
  return replaced(present);
}

async function replaceFile(file: string, text: string): Promise<void> {
  const { mode, uid, gid } = await stat(file);
  const aside = `${file}.iter8ctl-${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(aside, text, { mode: mode & 0o777, flag: 'wx' });
    // Another owner than ours, as under sudo, is kept where that is allowed.
    await chown(aside, uid, gid).catch(() => undefined);
    await rename(aside, file);
  } finally {
    await rm(aside, { force: true });
  }
}
