/**
 * Experiments and metrics in memory, for tests.
 *
 * Limitations: one process; `watch` tells every state, never `stale`; objects are not validated; nothing survives.
 */
import { randomUUID } from 'node:crypto';
import { withDefaults, metricWithDefaults } from '../../domain/api/defaults.ts';
import { keyText, type Experiment, type ObjectKey, type WrittenExperiment } from '../../domain/api/experiment.ts';
import type { Metric, WrittenMetric } from '../../domain/api/metric.ts';
import { matchesSelector, parseSelector } from '../../domain/api/selector.ts';
import type { ExperimentStore, StoreEvent, WatchOptions } from '../../engine/ports.ts';
import { ConflictError, NotFoundError } from '../../errors.ts';
import type { Clock } from '../../io.ts';
import {
  LOCAL_NAMESPACE,
  nameFor,
  newObject,
  replacedObject,
  withMetadataPatch,
  withNextVersion,
  withStatusPatch,
  type StoredObject,
} from './stored-object.ts';

export function createMemoryStore({ clock }: { readonly clock: Clock }): ExperimentStore {
  const experiments = new Map<string, StoredObject>();
  const metrics = new Map<string, StoredObject>();
  const watchers = new Set<(event: StoreEvent) => void>();
  const tell = (kind: 'added' | 'modified' | 'deleted', object: Experiment) =>
    watchers.forEach((watcher) => watcher({ kind, object }));
  const shown = (stored: StoredObject) =>
    withDefaults(structuredClone(stored) as WrittenExperiment, { namespace: LOCAL_NAMESPACE });
  const shownMetric = (stored: StoredObject) =>
    metricWithDefaults(structuredClone(stored) as WrittenMetric, { namespace: LOCAL_NAMESPACE });
  const found = (objects: Map<string, StoredObject>, key: ObjectKey): StoredObject => {
    const stored = objects.get(keyText(key));
    if (stored === undefined) throw new NotFoundError(`${keyText(key)} not found in memory`);
    return stored;
  };
  const add = (objects: Map<string, StoredObject>, written: WrittenExperiment | WrittenMetric): StoredObject => {
    const key = { namespace: written.metadata.namespace ?? LOCAL_NAMESPACE, name: nameFor(written) };
    if (objects.has(keyText(key))) throw new ConflictError(`${keyText(key)} already exists in memory`);
    const stored = newObject(structuredClone(written), { ...key, uid: randomUUID(), nowMs: clock.now() });
    objects.set(keyText(key), stored);
    return stored;
  };
  const change = (
    key: ObjectKey,
    expected: string | undefined,
    patch: (stored: StoredObject) => StoredObject,
  ): Experiment => {
    const stored = found(experiments, key);
    if (expected !== undefined && expected !== stored.metadata['resourceVersion'])
      throw new ConflictError(`${keyText(key)} was changed by somebody else`);
    const changed = patch(stored);
    if (changed === stored) return shown(stored);
    const next = withNextVersion(changed);
    experiments.set(keyText(key), next);
    tell('modified', shown(next));
    return shown(next);
  };
  // Errors of the functions above become rejections.
  const later = <T>(work: () => T): Promise<T> => Promise.resolve().then(work);
  const matching = ({ namespace, selector, name }: WatchOptions) => {
    const wanted = parseSelector(selector ?? '');
    return (experiment: Experiment) =>
      (namespace === undefined || experiment.metadata.namespace === namespace) &&
      (name === undefined || experiment.metadata.name === name) &&
      matchesSelector(wanted, experiment.metadata.labels);
  };
  return {
    description: 'memory',
    get: (key) => later(() => shown(found(experiments, key))),
    list: (options = {}) => later(() => [...experiments.values()].map(shown).filter(matching(options))),
    watch: (options) =>
      watch([...experiments.values()].map(shown), { ...options, matches: matching(options), watchers }),
    create: (written) =>
      later(() => {
        const created = shown(add(experiments, written));
        tell('added', created);
        return created;
      }),
    patchStatus: (key, patch, options = {}) =>
      later(() => change(key, options.resourceVersion, (stored) => withStatusPatch(stored, patch))),
    patchMetadata: (key, patch, options = {}) =>
      later(() => change(key, options.resourceVersion, (stored) => withMetadataPatch(stored, patch))),
    delete: (key) =>
      later(() => {
        const gone = shown(found(experiments, key));
        experiments.delete(keyText(key));
        tell('deleted', gone);
      }),
    getMetric: (key): Promise<Metric> => later(() => shownMetric(found(metrics, key))),
    createMetric: (written) => later(() => shownMetric(add(metrics, written))),
    replaceMetric: (written) =>
      later(() => {
        const key = { namespace: written.metadata.namespace ?? LOCAL_NAMESPACE, name: written.metadata.name ?? '' };
        const next = withNextVersion(replacedObject(found(metrics, key), structuredClone(written)));
        metrics.set(keyText(key), next);
        return shownMetric(next);
      }),
  };
}

interface Watching {
  readonly signal: AbortSignal;
  readonly matches: (experiment: Experiment) => boolean;
  readonly watchers: Set<(event: StoreEvent) => void>;
}

async function* watch(
  present: readonly Experiment[],
  { signal, matches, watchers }: Watching,
): AsyncGenerator<StoreEvent> {
  const queue: StoreEvent[] = [];
  let wake = () => undefined as void;
  const watcher = (event: StoreEvent) => {
    if ('object' in event && !matches(event.object)) return;
    queue.push(event);
    wake();
  };
  const stop = () => wake();
  watchers.add(watcher);
  signal.addEventListener('abort', stop);
  try {
    for (const object of present) if (matches(object)) yield { kind: 'added', object };
    yield { kind: 'synced' };
    while (!signal.aborted) {
      const event = queue.shift();
      if (event !== undefined) yield event;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    watchers.delete(watcher);
    signal.removeEventListener('abort', stop);
  }
}
