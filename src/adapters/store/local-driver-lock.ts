/**
 * One driver an experiment, in local mode: a claim in `locks/<namespace>/<name>/` (`exclusive-claim.ts`), whose file says who drives, and
 * whose modification time is the heartbeat. The heartbeat counts only where it is not known whether the holder lives (another
 * machine): one that lives holds its lock however long it was suspended, and one that is dead has none.
 */
import { access, open, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectKey } from '../../experiment/experiment.ts';
import { HELD_MS, RENEW_EVERY_MS } from '../../drive/lock-timing.ts';
import type { DriverLock, HeldLock, Holder } from '../../drive/ports.ts';
import { UnavailableError } from '../../errors.ts';
import type { Clock } from '../../io.ts';
import { presentClaim, removeClaim, tryClaim } from './exclusive-claim.ts';
import { errorCode, storeError } from './file-system-errors.ts';
import { makeFolderOf, objectPath } from './local-layout.ts';
import { claimToken, claimantOf, identifyProcess, livenessOf, type ProcessIdentity } from './process-identity.ts';

const MOST_ATTEMPTS = 20;

export interface FileLockOptions {
  readonly dir: string;
  readonly clock: Clock;
  /** Of this process. */
  readonly pid: number;
}

export function createFileLock(options: FileLockOptions): DriverLock {
  return new FileLock(options);
}

class FileLock implements DriverLock {
  readonly #options: FileLockOptions;
  #identity: Promise<ProcessIdentity> | undefined;

  constructor(options: FileLockOptions) {
    this.#options = options;
  }

  /** Found out when it is needed: most commands meet no lock. */
  get #self(): Promise<ProcessIdentity> {
    this.#identity ??= identifyProcess(this.#options.pid);
    return this.#identity;
  }

  async acquire(
    key: ObjectKey,
    holder: Holder,
    signal?: AbortSignal,
  ): Promise<{ readonly held: HeldLock } | { readonly heldBy: Holder }> {
    const folder = objectPath(this.#options.dir, 'locks', key);
    try {
      await makeFolderOf(folder);
      const token = claimToken(await this.#self);
      for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
        signal?.throwIfAborted();
        if (await tryClaim(folder, { name: token, token, content: `${JSON.stringify(holder)}\n` })) {
          await this.#beat(join(folder, token));
          return { held: this.#hold(folder, token) };
        }
        const present = await this.#present(folder);
        if (present === undefined) continue;
        if (present.live) return { heldBy: present.holder };
        await removeClaim(folder, present.name);
      }
    } catch (error) {
      throw storeError(error, 'cannot lock', folder);
    }
    throw new UnavailableError(`cannot lock ${folder}: it changed hands ${MOST_ATTEMPTS} times`);
  }

  async holder(key: ObjectKey, signal?: AbortSignal): Promise<Holder | undefined> {
    signal?.throwIfAborted();
    const folder = objectPath(this.#options.dir, 'locks', key);
    try {
      const present = await this.#present(folder);
      return present?.live === true ? present.holder : undefined;
    } catch (error) {
      throw storeError(error, 'cannot read', folder);
    }
  }

  /** The present claim, and whether its maker is to be respected; undefined when the folder is free. */
  async #present(
    folder: string,
  ): Promise<{ readonly name: string; readonly holder: Holder; readonly live: boolean } | undefined> {
    const name = await presentClaim(folder);
    if (name === undefined) return undefined;
    try {
      const file = join(folder, name);
      const [text, { mtimeMs }] = [await readSmall(file), await stat(file)];
      const claimant = claimantOf(name);
      const liveness = claimant === undefined ? 'unknown' : await livenessOf(claimant, await this.#self);
      const fresh = this.#options.clock.now() - mtimeMs < HELD_MS;
      return { name, holder: holderIn(text, name), live: liveness === 'alive' || (liveness === 'unknown' && fresh) };
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined; // released meanwhile
      throw error;
    }
  }

  async #beat(file: string): Promise<void> {
    const now = new Date(this.#options.clock.now());
    await utimes(file, now, now);
  }

  #hold(folder: string, name: string): HeldLock {
    const lost = new AbortController();
    const file = join(folder, name);
    const onError = (error: unknown) => {
      // Somebody else took it, or the whole folder was removed. Anything else may pass: others see the heartbeat age.
      if (errorCode(error) !== 'ENOENT') return;
      clearInterval(timer);
      lost.abort(new UnavailableError('the lock was taken over by another driver'));
    };
    const timer = setInterval(() => void this.#beat(file).catch(onError), RENEW_EVERY_MS);
    timer.unref();
    return {
      lost: lost.signal,
      confirm: () => access(file).catch(onError),
      release: async () => {
        clearInterval(timer);
        await removeClaim(folder, name);
      },
    };
  }
}

/** The first kilobyte: a holder is a line. */
async function readSmall(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024), 0, 1024, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** A claim that is just being written may be empty. */
function holderIn(text: string, name: string): Holder {
  try {
    const { identity, description } = JSON.parse(text) as Partial<Holder>;
    if (typeof identity === 'string' && typeof description === 'string') return { identity, description };
  } catch {
    // reported below
  }
  return { identity: name, description: 'another process' };
}
