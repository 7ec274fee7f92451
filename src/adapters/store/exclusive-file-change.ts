/**
 * Read-modify-write of a file, atomic and exclusive between processes.
 *
 * The claim (`exclusive-claim.ts`) is also the temporary file: the new text is written into it, synced, and renamed to its place,
 * which commits and releases at once. Who was evicted meanwhile has no such file any more, so that its rename fails and the
 * change is made again from what is there now. A killed writer leaves the old text, and a claim that the next one evicts.
 */
import { access, chmod, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UnavailableError } from '../../errors.ts';
import type { Clock } from '../../io.ts';
import { claimToken, claimantOf, identifyProcess, livenessOf, type ProcessIdentity } from './process-identity.ts';
import { claimFolder, presentClaim, removeClaim, sweepClaims, tryClaim } from './exclusive-claim.ts';
import { errorCode, storeError } from './file-system-errors.ts';
import { makeFolderOf } from './local-layout.ts';
import { SerialQueues } from './serial-queues.ts';
import { readTextFile } from './text-file.ts';

/** A claim is held for milliseconds. One that is older belongs to a process that is stopped, or to another machine. */
const STALE_AFTER_MS = 15_000;
/** Give up: more than one stale claim may stand in the way, endless ones may not. */
const PATIENCE_MS = 60_000;
const FIRST_LOOK_MS = 10;
const LONGEST_SLEEP_MS = 16;
const MAX_EVICTIONS = 10;

/** New text of a file, undefined to remove it, and what the caller gets. */
export interface Changed<T> {
  readonly text: string | undefined;
  readonly result: T;
}

/** From the present text of a file; undefined: there is none. */
export type TextChange<T> = (before: string | undefined) => Changed<T>;

export class FileChanger {
  readonly #clock: Clock;
  readonly #pid: number;
  #self: Promise<ProcessIdentity> | undefined;
  readonly #queues = new SerialQueues();
  readonly #swept = new Set<string>();

  constructor(options: { readonly clock: Clock; readonly pid: number }) {
    this.#clock = options.clock;
    this.#pid = options.pid;
  }

  /**
   * Nothing is written when `change` returns the text that it was given, or throws: its error is passed on. It may be
   * called again with a newer text. Rejects with ForbiddenError or UnavailableError when the file system refuses.
   */
  change<T>(path: string, change: TextChange<T>, signal?: AbortSignal): Promise<T> {
    return this.#queues.run(path, async () => {
      for (let attempt = 0; attempt < MAX_EVICTIONS; attempt += 1) {
        try {
          return await this.#tryChange(path, change, signal);
        } catch (error) {
          // Our claim is gone: evicted, or somebody removed the whole folder.
          if (errorCode(error) !== 'ENOENT') throw storeError(error, 'cannot write', path);
        }
      }
      throw new UnavailableError(`cannot write ${path}: the claim on it was taken away ${MAX_EVICTIONS} times`);
    });
  }

  /** Rejects with ENOENT when our claim was evicted before the change was made. */
  async #tryChange<T>(path: string, change: TextChange<T>, signal: AbortSignal | undefined): Promise<T> {
    const folder = claimFolder(path);
    const name = await this.#claim(path, folder, signal);
    const claim = join(folder, name);
    try {
      const before = await readTextFile(path);
      const { text, result } = change(before?.text);
      if (text === before?.text) return result;
      if (text === undefined) {
        await access(claim);
        await unlink(path);
        return result;
      }
      await writeSynced(claim, text);
      if (before !== undefined) await chmod(claim, Number(before.stat.mode & 0o777n));
      await rename(claim, path);
      return result;
    } finally {
      await removeClaim(folder, name);
    }
  }

  async #claim(path: string, folder: string, signal: AbortSignal | undefined): Promise<string> {
    const self = await (this.#self ??= identifyProcess(this.#pid));
    await makeFolderOf(path);
    await this.#sweep(dirname(path), self);
    const startMs = this.#clock.monotonicMs();
    let seen: { name: string; sinceMs: number; lookAfterMs: number } | undefined;
    for (let attempt = 0; ; attempt += 1) {
      signal?.throwIfAborted();
      const present = await presentClaim(folder);
      if (present === undefined) {
        const token = claimToken(self);
        if (await tryClaim(folder, { name: token, token, content: '' })) return token;
        continue;
      }
      const nowMs = this.#clock.monotonicMs();
      if (seen?.name !== present) seen = { name: present, sinceMs: nowMs, lookAfterMs: FIRST_LOOK_MS };
      const seenMs = nowMs - seen.sinceMs;
      if (seenMs >= seen.lookAfterMs) {
        seen.lookAfterMs *= 2;
        if (seenMs >= STALE_AFTER_MS || (await isDead(present, self))) {
          await removeClaim(folder, present);
          continue;
        }
      }
      if (nowMs - startMs > PATIENCE_MS) {
        throw new UnavailableError(
          `cannot write ${path}: other processes have been writing it for ${PATIENCE_MS / 1000} s`,
        );
      }
      // Random, so that waiters do not move in step.
      await this.#clock.sleep(1 + Math.random() * Math.min(LONGEST_SLEEP_MS, 2 ** attempt), signal);
    }
  }

  /** What killed writers left in a folder is removed when we first write there. */
  async #sweep(parent: string, self: ProcessIdentity): Promise<void> {
    if (this.#swept.has(parent)) return;
    this.#swept.add(parent);
    await sweepClaims(parent, (token) => isDead(token, self));
  }
}

async function isDead(token: string, self: ProcessIdentity): Promise<boolean> {
  const claimant = claimantOf(token);
  return claimant !== undefined && (await livenessOf(claimant, self)) === 'dead';
}

/** Into an existing file only: a claim that was evicted must not come back. */
async function writeSynced(path: string, text: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
