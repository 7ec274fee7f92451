/**
 * Mutual exclusion between processes, by a folder that holds at most one file: the claim of its holder.
 *
 *     claim     make a folder aside with the claim in it; rename it to the folder's place. rename(2) of a folder succeeds
 *               only where there is nothing or an empty folder, and is atomic: of many exactly one succeeds.
 *     release   remove the claim, or rename it away; the empty folder is free.
 *     evict     remove the dead holder's claim *by its name*. Names are never used twice, so of two who both saw the same
 *               dead claim the second finds nothing to remove: it can never hit a claim made meanwhile. This is the race
 *               that a lock file with one fixed name loses.
 *
 * A holder that was evicted (it was stopped, and runs again) notices at its next step: its file is not there any more.
 */
import { mkdir, readdir, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from './file-system-errors.ts';

/** The name of the folder aside from which a claim is made; `sweepClaims` finds it again. */
const ASIDE = /^\.(.+)\.aside$/;
const CLAIM_SUFFIX = '.claim';

/** The folder for claims on a file: beside it, so that a rename from one to the other stays within one file system. */
export function claimFolder(path: string): string {
  return join(dirname(path), `.${basename(path)}${CLAIM_SUFFIX}`);
}

/**
 * Tries once to put the claim `name` with `content` into `folder`; false when somebody holds it. The parent folder must be
 * there. `token` keeps the folder aside apart from those of others. Rejects with errors of the file system.
 */
export async function tryClaim(
  folder: string,
  claim: { readonly name: string; readonly token: string; readonly content: string },
): Promise<boolean> {
  const aside = join(dirname(folder), `.${claim.token}.aside`);
  await mkdir(aside);
  try {
    await writeFile(join(aside, claim.name), claim.content);
    await rename(aside, folder);
    return true;
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    const code = errorCode(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    // Some systems rename onto nothing only. Removing an empty folder is safe at any time; the caller tries again.
    if (code === 'EPERM' && (await removeIfEmpty(folder))) return false;
    throw error;
  }
}

/** Name of the present claim; undefined when the folder is free. */
export async function presentClaim(folder: string): Promise<string | undefined> {
  try {
    return (await readdir(folder))[0];
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes exactly this claim: to release one's own, or to evict a dead holder's. No error when it is gone already. */
export async function removeClaim(folder: string, name: string): Promise<void> {
  try {
    await unlink(join(folder, name));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  await removeIfEmpty(folder);
}

/** Tidies up after a release; true when the folder was there and empty. */
async function removeIfEmpty(folder: string): Promise<boolean> {
  return rmdir(folder).then(
    () => true,
    () => false,
  );
}

/** Removes what claimants that were killed left in a folder. `isDead` is asked with the names of claims. */
export async function sweepClaims(parent: string, isDead: (name: string) => Promise<boolean>): Promise<void> {
  for (const entry of await readdir(parent)) {
    const path = join(parent, entry);
    const token = ASIDE.exec(entry)?.[1];
    if (token !== undefined && (await isDead(token))) await rm(path, { recursive: true, force: true });
    if (!entry.startsWith('.') || !entry.endsWith(CLAIM_SUFFIX)) continue;
    const claim = await presentClaim(path);
    if (claim !== undefined && (await isDead(claim))) await removeClaim(path, claim);
  }
}
