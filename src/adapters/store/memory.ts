/** stand-in */
import { withDefaults, metricWithDefaults } from '../../domain/api/defaults.ts';
import { applyMergePatch } from '../../domain/api/merge-patch.ts';
import { keyText, type Experiment, type WrittenExperiment } from '../../domain/api/experiment.ts';
import { ConflictError, NotFoundError } from '../../errors.ts';
import type { Clock } from '../../io.ts';
import type { ExperimentStore } from '../../engine/ports.ts';
export function createMemoryStore({ clock }: { clock: Clock }): ExperimentStore {
  const objects = new Map<string, WrittenExperiment>();
  let version = 0;
  const show = (w: WrittenExperiment): Experiment => withDefaults(structuredClone(w), { namespace: 'default' });
  const change = (key: { namespace: string; name: string }, f: (w: WrittenExperiment) => WrittenExperiment) => {
    const present = objects.get(keyText(key));
    if (present === undefined) return Promise.reject(new NotFoundError('absent'));
    const next = f(present);
    next.metadata = { ...next.metadata, resourceVersion: String(++version) };
    objects.set(keyText(key), next);
    return Promise.resolve(show(next));
  };
  return {
    description: 'memory',
    get: (key) => {
      const x = objects.get(keyText(key));
      return x === undefined ? Promise.reject(new NotFoundError('absent')) : Promise.resolve(show(x));
    },
    list: () => Promise.resolve([...objects.values()].map(show)),
    watch: async function* () {
      await Promise.resolve();
    },
    create: (written) => {
      const { status: _, ...rest } = structuredClone(written);
      const key = keyText({ namespace: written.metadata.namespace ?? 'default', name: written.metadata.name! });
      if (objects.has(key)) return Promise.reject(new ConflictError('there'));
      objects.set(key, {
        ...rest,
        metadata: {
          ...rest.metadata,
          uid: 'u',
          resourceVersion: String(++version),
          creationTimestamp: new Date(clock.now()).toISOString(),
        },
      } as WrittenExperiment);
      return Promise.resolve(show(objects.get(key)!));
    },
    patchStatus: (key, patch) =>
      change(key, (w) => ({ ...w, status: applyMergePatch(w.status ?? {}, patch) as never })),
    patchMetadata: (key, patch) =>
      change(key, (w) => ({ ...w, metadata: applyMergePatch(w.metadata, patch) as never })),
    delete: (key) => {
      objects.delete(keyText(key));
      return Promise.resolve();
    },
    getMetric: () => Promise.reject(new NotFoundError('absent')),
    createMetric: (m) => Promise.resolve(metricWithDefaults(m, { namespace: 'default' })),
    replaceMetric: (m) => Promise.resolve(metricWithDefaults(m, { namespace: 'default' })),
  };
}
