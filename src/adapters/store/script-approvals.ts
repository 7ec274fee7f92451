/**
 * What the person at this machine has approved to be run here: fingerprints of scripts, one empty file each, so that a run
 * that was killed may be resumed by name (docs/behavior.md 2).
 */
import type { Stats } from 'node:fs';
import { lstat, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { storeError } from './file-system-errors.ts';
import { makeFolders } from './local-layout.ts';

export interface Approvals {
  /** Rejects with an Iter8Error that says why not. */
  remember(fingerprints: readonly string[]): Promise<void>;
  has(fingerprint: string): Promise<boolean>;
}

export function createApprovals({ dir }: { readonly dir: string }): Approvals {
  const folder = path.join(dir, 'approvals');
  return {
    remember: async (fingerprints) => {
      try {
        await makeFolders(folder, 0o700);
        for (const fingerprint of fingerprints) await writeFile(path.join(folder, fingerprint), '', { mode: 0o600 });
      } catch (error) {
        throw storeError(error, 'cannot write', folder);
      }
    },
    has: (fingerprint) =>
      lstat(path.join(folder, fingerprint)).then(
        (stat) => stat.isFile() && isOwn(stat),
        () => false,
      ),
  };
}

/** In a folder that others may write to, what somebody else has approved is not ours. Windows knows no such owner. */
function isOwn({ uid }: Stats): boolean {
  const own = userInfo().uid;
  return own < 0 || uid === own;
}
