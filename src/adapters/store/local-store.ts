/** Experiments and metrics as YAML files in a folder (`local-layout.ts`): the store of local mode. */
import { createHash, randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { type Experiment, keyText, type ObjectKey, type WrittenExperiment } from '../../experiment/experiment.ts';
import type { Metric, WrittenMetric } from '../../experiment/metric.ts';
import { matchesSelector, parseSelector } from '../../experiment/label-selector.ts';
import {
  keptOf,
  type ExperimentStore,
  type ListAllOptions,
  type PatchOptions,
  type StoreEvent,
  type WatchOptions,
} from '../../drive/ports.ts';
import type { MergePatch } from '../../experiment/apply-merge-patch.ts';
import { ConflictError, NotFoundError } from '../../errors.ts';
import type { Clock } from '../../io.ts';
import { type Changed, FileChanger } from './exclusive-file-change.ts';
import {
  experimentIn,
  fileOf,
  type FileText,
  metricIn,
  type ObjectFile,
  readObjectFile,
  resourceVersion,
} from './file-object.ts';
import { watchFolder } from './file-watch.ts';
import { listKeys, listNamespaces } from './file-list.ts';
import { type Kind, objectPath, refuseLinks } from './local-layout.ts';
import {
  checkUid,
  hasGeneratedName,
  LOCAL_NAMESPACE,
  nameFor,
  newObject,
  replacedObject,
  type StoredObject,
  withMetadataPatch,
  withNextVersion,
  withStatusPatch,
} from './object-changes.ts';
import { readerOfMany, type ReadOne } from './many-files.ts';
import { decode, readTextFile } from './text-file.ts';

export interface FileStoreOptions {
  /** Root of the folder, e.g. `./.iter8`; made with the first object. */
  readonly dir: string;
  readonly clock: Clock;
  /** Of this process. */
  readonly pid: number;
  /** The folder as messages name it, e.g. as it was typed; absent: `dir`. */
  readonly shownDir?: string | undefined;
  /** Called for each file that `list` and `watch` skip: an Iter8Error whose message names the path. */
  readonly onUnreadable?: ((error: unknown, path: string) => void) | undefined;
}

const MAX_NAMES_TRIED = 8;
/** Files that `list` reads side by side. */
const READERS = 16;

export function createFileStore(options: FileStoreOptions): ExperimentStore {
  return new FileStore(options);
}

class FileStore implements ExperimentStore {
  readonly description: string;
  readonly #options: FileStoreOptions;
  readonly #changer: FileChanger;

  constructor(options: FileStoreOptions) {
    this.description = `folder ${options.shownDir ?? options.dir}`;
    this.#options = options;
    this.#changer = new FileChanger({ clock: options.clock, pid: options.pid });
  }

  async get(key: ObjectKey, signal?: AbortSignal): Promise<Experiment> {
    signal?.throwIfAborted();
    const file = await this.#read('experiments', key);
    if (file === undefined) throw this.#notFound('experiments', key);
    return experimentIn(readObjectFile(file));
  }

  async list(options: ListAllOptions = {}): Promise<Experiment[]> {
    const selector = parseSelector(options.selector ?? '');
    const { dir } = this.#options;
    const namespaces = await listNamespaces(dir, options.namespace);
    const keys = (await Promise.all(namespaces.map((namespace) => listKeys(dir, namespace)))).flat();
    const found: Experiment[] = [];
    const next = keys.values();
    // Once for each folder: asking for each file takes as long as reading it.
    const folders = new Map<string, Promise<void>>();
    const checkFolder = (path: string) => {
      const folder = dirname(path);
      const checked = folders.get(folder) ?? refuseLinks(path);
      folders.set(folder, checked);
      return checked;
    };
    const matches = ({ metadata }: Experiment) => matchesSelector(selector, metadata.labels);
    const readOne = readerOfMany(this.#options.clock);
    const reader = async () => {
      for (const key of next) {
        options.signal?.throwIfAborted();
        const kept = await this.#kept(key, { ...options, matches, checkFolder, readOne });
        if (kept !== undefined) found.push(kept);
      }
    };
    await Promise.all(Array.from({ length: READERS }, reader));
    return found;
  }

  watch(options: WatchOptions & { readonly signal: AbortSignal }): AsyncIterable<StoreEvent> {
    return watchFolder({
      dir: this.#options.dir,
      clock: this.#options.clock,
      onUnreadable: this.#options.onUnreadable ?? (() => undefined),
      watch: options,
    });
  }

  async create(experiment: WrittenExperiment, signal?: AbortSignal): Promise<Experiment> {
    return this.#create('experiments', experiment, experimentIn, signal);
  }

  async patchStatus(key: ObjectKey, patch: MergePatch, options: PatchOptions = {}): Promise<Experiment> {
    return this.#patch(key, (stored) => withStatusPatch(stored, patch), options);
  }

  async patchMetadata(key: ObjectKey, patch: MergePatch, options: PatchOptions = {}): Promise<Experiment> {
    return this.#patch(key, (stored) => withMetadataPatch(stored, patch), options);
  }

  async delete(key: ObjectKey, signal?: AbortSignal): Promise<void> {
    await this.#change('experiments', key, signal, (before) => {
      if (before === undefined) throw this.#notFound('experiments', key);
      return { text: undefined, result: undefined };
    });
  }

  async getMetric(key: ObjectKey, signal?: AbortSignal): Promise<Metric> {
    signal?.throwIfAborted();
    const file = await this.#read('metrics', key);
    if (file === undefined) throw this.#notFound('metrics', key);
    return metricIn(readObjectFile(file));
  }

  async createMetric(metric: WrittenMetric, signal?: AbortSignal): Promise<Metric> {
    return this.#create('metrics', metric, metricIn, signal);
  }

  async replaceMetric(metric: WrittenMetric, signal?: AbortSignal): Promise<Metric> {
    const key = { namespace: metric.metadata.namespace ?? LOCAL_NAMESPACE, name: metric.metadata.name ?? '' };
    return this.#change('metrics', key, signal, (before) => {
      if (before === undefined) throw this.#notFound('metrics', key);
      const file = fileOf(withNextVersion(replacedObject(readObjectFile(before).object, metric)), before);
      return { text: file.text, result: metricIn(file) };
    });
  }

  async #create<T>(
    kind: Kind,
    written: WrittenExperiment | WrittenMetric,
    parse: (file: ObjectFile) => T,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const namespace = written.metadata.namespace ?? LOCAL_NAMESPACE;
    for (let attempt = 1; ; attempt += 1) {
      const key = { namespace, name: nameFor(written) };
      const object = newObject(written, { ...key, uid: randomUUID(), nowMs: this.#options.clock.now() });
      try {
        return await this.#change(kind, key, signal, (before, path) => {
          if (before !== undefined)
            throw new ConflictError(`${singular(kind)} ${keyText(key)} already exists in ${this.description}`);
          const file = fileOf(object, { key, path });
          return { text: file.text, result: parse(file) };
        });
      } catch (error) {
        const again = error instanceof ConflictError && hasGeneratedName(written) && attempt < MAX_NAMES_TRIED;
        if (!again) throw error;
      }
    }
  }

  async #patch(
    key: ObjectKey,
    change: (stored: StoredObject) => StoredObject,
    options: PatchOptions,
  ): Promise<Experiment> {
    return this.#change('experiments', key, options.signal, (before) => {
      if (before === undefined) throw this.#notFound('experiments', key);
      const stored = readObjectFile(before);
      const present = resourceVersion(stored);
      if (options.resourceVersion !== undefined && options.resourceVersion !== present) {
        throw new ConflictError(
          `experiment ${keyText(key)} in ${this.description} was changed by somebody else: expected version ${options.resourceVersion}, found ${present}`,
        );
      }
      checkUid(stored.object, options.uid, `experiment ${keyText(key)} in ${this.description}`);
      const changed = change(stored.object);
      const file = changed === stored.object ? stored : fileOf(withNextVersion(changed), before);
      return { text: file.text, result: experimentIn(file) }; // an invalid status throws, and nothing is written
    });
  }

  /** Reads, changes and writes the file of an object with nobody in between. */
  async #change<T>(
    kind: Kind,
    key: ObjectKey,
    signal: AbortSignal | undefined,
    change: (before: FileText | undefined, path: string) => Changed<T>,
  ): Promise<T> {
    const path = objectPath(this.#options.dir, kind, key);
    return this.#changer.change(
      path,
      (text) => change(text === undefined ? undefined : { key, path, text }, path),
      signal,
    );
  }

  async #read(kind: Kind, key: ObjectKey, checkFolder = refuseLinks): Promise<FileText | undefined> {
    const path = objectPath(this.#options.dir, kind, key);
    await checkFolder(path);
    const file = await readTextFile(path);
    return file === undefined ? undefined : { key, path, text: file.text };
  }

  /** What a list has of it. Undefined when it is gone, is not asked for, or cannot be read, which is reported. */
  async #kept(
    key: ObjectKey,
    how: ListAllOptions & {
      readonly matches: (experiment: Experiment) => boolean;
      readonly checkFolder: typeof refuseLinks;
      readonly readOne: ReadOne;
    },
  ): Promise<Experiment | undefined> {
    const { known, matches, checkFolder, readOne } = how;
    const path = objectPath(this.#options.dir, 'experiments', key);
    const ofText = (text: string): Experiment | undefined => {
      const experiment = experimentIn(readObjectFile({ key, path, text }));
      return matches(experiment) ? keptOf(experiment, how) : undefined;
    };
    try {
      await checkFolder(path);
      if (known === undefined) {
        const file = await readTextFile(path);
        return file === undefined ? undefined : ofText(file.text);
      }
      return await readOne(path, (bytes) => {
        const checksum = checksumOf(key, bytes);
        const before = known.of(checksum);
        if (before !== undefined) return matches(before) ? before : undefined;
        const kept = ofText(decode(bytes, path));
        if (kept !== undefined) known.learn(checksum, kept);
        return kept;
      });
    } catch (error) {
      this.#options.onUnreadable?.(error, path);
      return undefined;
    }
  }

  #notFound(kind: Kind, key: ObjectKey): NotFoundError {
    return new NotFoundError(`${singular(kind)} ${keyText(key)} not found in ${this.description}`);
  }
}

/** An object has its name by its path. */
function checksumOf(key: ObjectKey, bytes: Uint8Array): string {
  return createHash('sha256')
    .update(`${keyText(key)}\0`)
    .update(bytes)
    .digest('hex');
}

function singular(kind: Kind): string {
  return kind === 'metrics' ? 'metric' : 'experiment';
}
