/** Experiments and metrics in the memory of this process: the store of tests. */
import { randomUUID } from 'node:crypto';
import { metricWithDefaults, withDefaults } from '../../src/experiment/defaults.ts';
import { type Experiment, keyText, type ObjectKey, type WrittenExperiment } from '../../src/experiment/experiment.ts';
import type { Metric, WrittenMetric } from '../../src/experiment/metric.ts';
import { parseExperiment, parseMetric } from '../../src/experiment/parse.ts';
import { matchesSelector, parseSelector } from '../../src/experiment/label-selector.ts';
import type { ExperimentStore, ListAllOptions, PatchOptions, StoreEvent, WatchOptions } from '../../src/drive/ports.ts';
import { keptOf } from '../../src/drive/ports.ts';
import type { MergePatch } from '../../src/experiment/apply-merge-patch.ts';
import { ConflictError, InvalidManifestError, NotFoundError } from '../../src/errors.ts';
import type { Clock } from '../../src/io.ts';
import { checkKey } from '../../src/adapters/store/local-layout.ts';
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
} from '../../src/adapters/store/object-changes.ts';
import { eventsBetween } from '../../src/adapters/store/watch-event.ts';

export interface MemoryStoreOptions {
  /** For creationTimestamp. */
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * Keeps the contract of ExperimentStore. What it does not do: outlive the process, be seen by another process, fail, be
 * slow, lose a connection (no `stale`), hold objects that cannot be read, obey finalizers, or check more than the shape.
 */
export function createMemoryStore(options: MemoryStoreOptions): ExperimentStore {
  return new MemoryStore(options);
}

class MemoryStore implements ExperimentStore {
  readonly description = 'memory';
  readonly #clock: Pick<Clock, 'now'>;
  readonly #experiments = new Map<string, StoredObject>();
  readonly #metrics = new Map<string, StoredObject>();
  readonly #wakes = new Set<() => void>();

  constructor(options: MemoryStoreOptions) {
    this.#clock = options.clock;
  }

  async get(key: ObjectKey, signal?: AbortSignal): Promise<Experiment> {
    return reading(signal, () => experimentOf(this.#stored(key)));
  }

  async list(options: ListAllOptions = {}): Promise<Experiment[]> {
    return reading(options.signal, () =>
      [...this.#experiments.values()]
        .map(experimentOf)
        .filter(selection(options))
        .flatMap((experiment) => keptOf(experiment, options) ?? []),
    );
  }

  async *watch(options: WatchOptions & { readonly signal: AbortSignal }): AsyncGenerator<StoreEvent, void, undefined> {
    const { signal } = options;
    const reported = new Map<string, Experiment>();
    let pending = true;
    let wakeSleeper = (): void => undefined;
    const wake = () => {
      pending = true;
      wakeSleeper();
    };
    this.#wakes.add(wake);
    signal.addEventListener('abort', wake);
    try {
      for (let synced = false; !signal.aborted; synced = true) {
        pending = false;
        yield* this.#changes(options, reported);
        if (!synced && !signal.aborted) yield { kind: 'synced' };
        if (pending) continue;
        await new Promise<void>((resolve) => {
          wakeSleeper = resolve;
        });
      }
    } finally {
      this.#wakes.delete(wake);
      signal.removeEventListener('abort', wake);
    }
  }

  async create(experiment: WrittenExperiment, signal?: AbortSignal): Promise<Experiment> {
    return reading(signal, () => this.#create(this.#experiments, experiment, experimentOf));
  }

  async patchStatus(key: ObjectKey, patch: MergePatch, options: PatchOptions = {}): Promise<Experiment> {
    return reading(options.signal, () => this.#patch(key, withStatusPatch(this.#stored(key), copyOf(patch)), options));
  }

  async patchMetadata(key: ObjectKey, patch: MergePatch, options: PatchOptions = {}): Promise<Experiment> {
    return reading(options.signal, () =>
      this.#patch(key, withMetadataPatch(this.#stored(key), copyOf(patch)), options),
    );
  }

  async delete(key: ObjectKey, signal?: AbortSignal): Promise<void> {
    return reading(signal, () => {
      this.#stored(key);
      this.#experiments.delete(keyText(key));
      this.#wake();
    });
  }

  async getMetric(key: ObjectKey, signal?: AbortSignal): Promise<Metric> {
    return reading(signal, () => metricOf(this.#storedMetric(key)));
  }

  async createMetric(metric: WrittenMetric, signal?: AbortSignal): Promise<Metric> {
    return reading(signal, () => this.#create(this.#metrics, metric, metricOf));
  }

  async replaceMetric(metric: WrittenMetric, signal?: AbortSignal): Promise<Metric> {
    const key = { namespace: metric.metadata.namespace ?? LOCAL_NAMESPACE, name: metric.metadata.name ?? '' };
    return reading(signal, () => {
      const object = withNextVersion(replacedObject(this.#storedMetric(key), copyOf(metric)));
      const result = metricOf(object);
      this.#metrics.set(keyText(key), object);
      return result;
    });
  }

  #create<T>(
    objects: Map<string, StoredObject>,
    written: WrittenExperiment | WrittenMetric,
    parse: (object: StoredObject) => T,
  ): T {
    const namespace = written.metadata.namespace ?? LOCAL_NAMESPACE;
    let key = { namespace, name: nameFor(written) };
    while (objects.has(keyText(key)) && hasGeneratedName(written)) key = { namespace, name: nameFor(written) };
    checkKey(key);
    if (objects.has(keyText(key))) throw new ConflictError(`${keyText(key)} already exists in memory`);
    const object = newObject(copyOf(written), { ...key, uid: randomUUID(), nowMs: this.#clock.now() });
    const result = parse(object);
    objects.set(keyText(key), object);
    this.#wake();
    return result;
  }

  #patch(key: ObjectKey, patched: StoredObject, options: PatchOptions): Experiment {
    const before = this.#stored(key);
    const present = before.metadata['resourceVersion'];
    if (options.resourceVersion !== undefined && options.resourceVersion !== present) {
      throw new ConflictError(`${keyText(key)} in memory was changed by somebody else`);
    }
    checkUid(before, options.uid, `${keyText(key)} in memory`);
    if (patched === before) return experimentOf(before);
    const object = withNextVersion(patched);
    const result = experimentOf(object); // an invalid status throws, and nothing is kept
    this.#experiments.set(keyText(key), object);
    this.#wake();
    return result;
  }

  /** What differs from what was reported; `reported` is brought up to date with each event. */
  *#changes(options: WatchOptions, reported: Map<string, Experiment>): Generator<StoreEvent, void, undefined> {
    const selects = selection(options);
    for (const id of new Set([...reported.keys(), ...this.#experiments.keys()])) {
      const before = reported.get(id);
      const object = this.#experiments.get(id);
      const present = object && experimentOf(object);
      const after = present && selects(present) ? present : undefined;
      if (before === undefined ? after === undefined : isSame(before, after)) continue;
      if (after === undefined) reported.delete(id);
      else reported.set(id, after);
      yield* eventsBetween(before, after);
    }
  }

  #stored(key: ObjectKey): StoredObject {
    checkKey(key);
    const object = this.#experiments.get(keyText(key));
    if (object === undefined) throw new NotFoundError(`experiment ${keyText(key)} not found in memory`);
    return object;
  }

  #storedMetric(key: ObjectKey): StoredObject {
    checkKey(key);
    const object = this.#metrics.get(keyText(key));
    if (object === undefined) throw new NotFoundError(`metric ${keyText(key)} not found in memory`);
    return object;
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }
}

function selection({ namespace, name, selector = '' }: WatchOptions): (experiment: Experiment) => boolean {
  const labels = parseSelector(selector);
  return ({ metadata }) =>
    (namespace === undefined || metadata.namespace === namespace) &&
    (name === undefined || metadata.name === name) &&
    matchesSelector(labels, metadata.labels);
}

function isSame(before: Experiment, after: Experiment | undefined): boolean {
  const { uid, resourceVersion } = before.metadata;
  return after?.metadata.uid === uid && after?.metadata.resourceVersion === resourceVersion;
}

/** Answers later, as a real store does, and not when aborted. */
async function reading<T>(signal: AbortSignal | undefined, read: () => T): Promise<T> {
  signal?.throwIfAborted();
  await Promise.resolve();
  return read();
}

/** As it would come out of a real store: nothing shared, nothing undefined. */
function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

function experimentOf(object: StoredObject): Experiment {
  const { value, issues } = parseExperiment(copyOf(object));
  if (value === undefined) throw new InvalidManifestError('not a valid Experiment', issues);
  return withDefaults(value, { namespace: LOCAL_NAMESPACE });
}

function metricOf(object: StoredObject): Metric {
  const { value, issues } = parseMetric(copyOf(object));
  if (value === undefined) throw new InvalidManifestError('not a valid Metric', issues);
  return metricWithDefaults(value, { namespace: LOCAL_NAMESPACE });
}
