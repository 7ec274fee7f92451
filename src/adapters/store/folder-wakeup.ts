/**
 * Wakes a watcher when something happens in folders, at the latest after a while.
 *
 * The notices of the system are hints: they may be missing (network file systems), merged, or late. So they only say when to
 * look again, never what happened.
 */
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock } from '../../io.ts';

interface Watched {
  readonly inode: bigint;
  readonly watcher: FSWatcher;
}

export class FolderWakeup {
  readonly #clock: Clock;
  readonly #concerns: (file: string) => boolean;
  readonly #watched = new Map<string, Watched>();
  #pending = false;
  #closed = false;
  #wakeSleeper: () => void = () => undefined;

  /** `concerns` says for the name of an entry of a folder whether it may matter. */
  constructor(options: { readonly clock: Clock; readonly concerns: (file: string) => boolean }) {
    this.#clock = options.clock;
    this.#concerns = options.concerns;
  }

  /**
   * From now on watches exactly these folders. To be called before they are listed, so that nothing falls between. False
   * when one of them cannot be watched, or is not there: then only looking again helps.
   */
  async setFolders(folders: readonly string[]): Promise<boolean> {
    for (const [folder, watched] of this.#watched) {
      if (!folders.includes(folder)) this.#drop(folder, watched);
    }
    let complete = true;
    for (const folder of folders) complete = (await this.#watch(folder)) && complete;
    return complete;
  }

  /** Resolves when something happened since the last call, or after `atMostMs`, or when closed. Never rejects. */
  async wait(atMostMs: number): Promise<void> {
    if (!this.#pending && !this.#closed) {
      const sleep = new AbortController();
      const woken = new Promise<void>((resolve) => {
        this.#wakeSleeper = resolve;
      });
      await Promise.race([woken, this.#clock.sleep(atMostMs, sleep.signal).catch(() => undefined)]);
      sleep.abort();
    }
    this.#pending = false;
  }

  /** Ends all watching and waiting. */
  close(): void {
    this.#closed = true;
    for (const [folder, watched] of this.#watched) this.#drop(folder, watched);
    this.#wakeSleeper();
  }

  /** Watches belong to a folder, not to its path: one that was removed and made again needs a new one. */
  async #watch(folder: string): Promise<boolean> {
    const inode = await stat(folder, { bigint: true }).then(
      (stats) => stats.ino,
      () => undefined,
    );
    const present = this.#watched.get(folder);
    if (present !== undefined && present.inode !== inode) this.#drop(folder, present);
    if (inode === undefined || this.#closed) return false;
    if (present?.inode === inode) return true;
    try {
      const watcher = watch(folder, { persistent: false }, (_event, file) => {
        if (file === null || this.#concerns(file)) this.#wake();
      });
      const watched = { inode, watcher };
      watcher.on('error', () => {
        this.#drop(folder, watched);
        this.#wake();
      });
      this.#watched.set(folder, watched);
      return true;
    } catch {
      return false; // e.g. the system's limit of watches is reached
    }
  }

  #drop(folder: string, watched: Watched): void {
    watched.watcher.close();
    if (this.#watched.get(folder) === watched) this.#watched.delete(folder);
  }

  #wake(): void {
    this.#pending = true;
    this.#wakeSleeper();
  }
}
