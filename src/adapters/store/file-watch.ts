/**
 * Reports what happens to the experiments of a folder, whoever changes them.
 *
 *     watch the folders -> list them -> look at each file, report what changed -> wait until woken -> again
 *
 * Each round compares all files with what was reported last, so that nothing depends on notices being complete. Nothing is
 * queued: a file is read when the consumer asks for the next event, and then its newest state is reported.
 */
import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BigIntStats } from 'node:fs';
import { type Experiment, keyText, type ObjectKey } from '../../experiment/experiment.ts';
import { matchesSelector, parseSelector, type Selector } from '../../experiment/label-selector.ts';
import type { StoreEvent, WatchOptions } from '../../drive/ports.ts';
import { messageOf } from '../../errors.ts';
import type { Clock } from '../../io.ts';
import { listKeys, listNamespaces } from './file-list.ts';
import { experimentIn, readObjectFile } from './file-object.ts';
import { FolderWakeup } from './folder-wakeup.ts';
import { checkKey, keyOfFile, isNamespace, namespacePath, objectPath, refuseLinks } from './local-layout.ts';
import { readTextFile } from './text-file.ts';
import { eventsBetween, withoutAnalysis } from './watch-event.ts';

/** Looking again without a notice: all folders are watched, or not. */
const POLL_MS = 1000;
const POLL_UNWATCHED_MS = 200;
/** Rounds take at most one part in so many of the time while nothing happens. */
const POLL_SPACING = 20;
/**
 * A file changed less than this ago may change again without another time stamp or size, so that its stamp proves nothing.
 * The time of a file moves in steps of up to 10 ms; on some file systems 2 s, where size or inode show a change.
 */
const SETTLED_AFTER_MS = 100;

/** What was reported last of one file. */
interface Reported {
  /** Changes with each change of the file, unless two fall in one tick of the system's clock. */
  readonly stamp: string;
  readonly settled: boolean;
  readonly textHash: string;
  /** As reported; undefined: nothing was reported, because it does not match or cannot be read. */
  readonly shown: Experiment | undefined;
  /** Cannot be read; `suspected` as long as somebody may still be in the middle of writing it. */
  readonly broken?: 'suspected' | 'reported' | undefined;
}

export interface FolderWatchOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly onUnreadable: (error: unknown, path: string) => void;
  readonly watch: WatchOptions & { readonly signal: AbortSignal };
}

/** Ends when the signal aborts. Rejects when the folder cannot be listed at first; later that is reported as `stale`. */
export async function* watchFolder(options: FolderWatchOptions): AsyncGenerator<StoreEvent, void, undefined> {
  const { signal } = options.watch;
  const round = new Round(options);
  const close = () => round.wakeup.close();
  signal.addEventListener('abort', close);
  try {
    let phase: 'first' | 'fresh' | 'stale' = 'first';
    while (!signal.aborted) {
      let waitMs = POLL_UNWATCHED_MS;
      try {
        yield* round.changes();
        waitMs = round.waitMs();
        if (phase === 'first' && !signal.aborted) yield { kind: 'synced' };
        if (phase === 'stale') yield { kind: 'fresh' };
        phase = 'fresh';
      } catch (error) {
        if (phase === 'first') throw error;
        if (phase === 'fresh') yield { kind: 'stale', reason: messageOf(error) };
        phase = 'stale';
      }
      await round.wakeup.wait(waitMs);
    }
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

class Round {
  readonly wakeup: FolderWakeup;
  readonly #options: FolderWatchOptions;
  readonly #selector: Selector;
  readonly #reported = new Map<string, Reported & { readonly key: ObjectKey }>();
  #watched = false;
  #unsettled = false;
  #busyMs = 0;

  constructor(options: FolderWatchOptions) {
    const { name, namespace, selector } = options.watch;
    if (name !== undefined) checkKey({ name, namespace: namespace ?? 'default' });
    this.#options = options;
    this.#selector = parseSelector(selector ?? '');
    this.wakeup = new FolderWakeup({
      clock: options.clock,
      concerns: (file) => isNamespace(file) || this.#wants(keyOfFile('default', file)),
    });
  }

  waitMs(): number {
    if (this.#unsettled) return SETTLED_AFTER_MS;
    return Math.max(this.#watched ? POLL_MS : POLL_UNWATCHED_MS, this.#busyMs * POLL_SPACING);
  }

  /** What changed since the last time it was called. */
  async *changes(): AsyncGenerator<StoreEvent, void, undefined> {
    const { signal } = this.#options.watch;
    const startMs = this.#options.clock.monotonicMs();
    this.#unsettled = false;
    const keys = await this.#list();
    this.#busyMs = this.#options.clock.monotonicMs() - startMs;
    const present = new Set<string>();
    for (const key of keys) {
      if (signal.aborted) return;
      const lookMs = this.#options.clock.monotonicMs();
      const events = await this.#look(key);
      this.#busyMs += this.#options.clock.monotonicMs() - lookMs;
      if (events === undefined) continue;
      present.add(keyText(key));
      yield* events;
    }
    for (const [id, reported] of this.#reported) {
      if (present.has(id)) continue;
      this.#reported.delete(id);
      if (reported.shown !== undefined) yield { kind: 'deleted', object: reported.shown };
    }
  }

  /** First watches, then lists: what comes later wakes us again. */
  async #list(): Promise<ObjectKey[]> {
    const { dir, watch } = this.#options;
    const folders = [dir, join(dir, 'experiments')];
    await this.wakeup.setFolders([
      ...folders,
      ...[...this.#reported.values()].map(({ key }) => namespacePath(dir, 'experiments', key.namespace)),
    ]);
    const namespaces = await listNamespaces(dir, watch.namespace);
    folders.push(...namespaces.map((namespace) => namespacePath(dir, 'experiments', namespace)));
    this.#watched = await this.wakeup.setFolders(folders);
    const keys: ObjectKey[] = [];
    for (const namespace of namespaces)
      keys.push(...(await listKeys(dir, namespace)).filter((key) => this.#wants(key)));
    return keys;
  }

  #wants(key: ObjectKey | undefined): boolean {
    const { name } = this.#options.watch;
    return key !== undefined && (name === undefined || key.name === name);
  }

  /** What to report of one file; undefined when it is gone. */
  async #look(key: ObjectKey): Promise<StoreEvent[] | undefined> {
    const id = keyText(key);
    const path = objectPath(this.#options.dir, 'experiments', key);
    const before = this.#reported.get(id);
    const stamp = await lstat(path, { bigint: true }).then(stampOf, () => undefined);
    if (before?.settled === true && before.stamp === stamp) return [];
    let file: Awaited<ReturnType<typeof readTextFile>>;
    try {
      await refuseLinks(path);
      file = await readTextFile(path);
    } catch (error) {
      if (before?.broken !== 'reported') this.#options.onUnreadable(error, path);
      this.#reported.set(id, {
        key,
        stamp: stamp ?? '',
        settled: false,
        textHash: '',
        shown: before?.shown,
        broken: 'reported',
      });
      return [];
    }
    if (file === undefined) return undefined;
    const settled = this.#isSettled(file.stat);
    if (!settled) this.#unsettled = true;
    const now = { key, stamp: stampOf(file.stat), settled, textHash: hashOf(file.text) };
    if (before?.textHash === now.textHash && before.broken !== 'suspected') {
      this.#reported.set(id, { ...before, ...now });
      return [];
    }
    try {
      const text = { key, path, text: file.text };
      const experiment = experimentIn(readObjectFile(text));
      const shown = matchesSelector(this.#selector, experiment.metadata.labels) ? experiment : undefined;
      this.#reported.set(id, { ...now, shown: shown && withoutAnalysis(shown) });
      return eventsBetween(before?.shown, shown);
    } catch (error) {
      if (settled) this.#options.onUnreadable(error, path);
      this.#reported.set(id, { ...now, shown: before?.shown, broken: settled ? 'reported' : 'suspected' });
      return [];
    }
  }

  #isSettled(stat: BigIntStats): boolean {
    const changedMs = Number(stat.ctimeMs > stat.mtimeMs ? stat.ctimeMs : stat.mtimeMs);
    return this.#options.clock.now() - changedMs > SETTLED_AFTER_MS;
  }
}

function stampOf(stat: BigIntStats): string {
  return `${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
