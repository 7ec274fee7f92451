/**
 * What every store keeps: run against memory, files and, later, a real API server. Nothing here may assume what an API server
 * with our CRDs does not keep: versions are opaque, lists have no order, states between may be left out by a watch.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import { outlineOf } from '../../src/experiment/list-outline.ts';
import type { WrittenMetric } from '../../src/experiment/metric.ts';
import { ConflictError, NotFoundError } from '../../src/errors.ts';
import type { ExperimentStore, StoreEvent } from '../../src/drive/ports.ts';

export interface StoreUnderTest {
  readonly store: ExperimentStore;
  /** Namespaces that may be used, and are empty. */
  readonly namespaces: readonly [string, string];
  close(): Promise<void>;
}

const written = (namespace: string, name: string, change: Partial<WrittenExperiment> = {}): WrittenExperiment => ({
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Experiment',
  metadata: { name, namespace, labels: { team: 'shop', tier: name } },
  spec: { target: 'shop', strategy: { testingPattern: 'Conformance' }, versionInfo: { baseline: { name: 'v1' } } },
  ...change,
});

const metric = (namespace: string, description: string): WrittenMetric => ({
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Metric',
  metadata: { name: 'books', namespace },
  spec: { description, units: 'books' },
});

export function storeContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store`, () => {
    let under: StoreUnderTest;
    let store: ExperimentStore;
    let ns: string;
    beforeEach(async () => {
      under = await make();
      store = under.store;
      ns = under.namespaces[0];
    });
    afterEach(() => under.close());

    it('creates an object without its status, and gives it back with defaults', async () => {
      const created = await store.create(written(ns, 'a', { status: { stage: 'Completed' } }));
      expect(created.status?.stage).toBeUndefined();
      expect(created.metadata).toMatchObject({ name: 'a', namespace: ns, labels: { team: 'shop' } });
      expect(created.metadata.uid).toMatch(/./);
      expect(created.metadata.resourceVersion).toMatch(/./);
      expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(created.spec.duration).toEqual({ intervalSeconds: 20, iterationsPerLoop: 15, maxLoops: 1 });
      expect(await store.get({ namespace: ns, name: 'a' })).toEqual(created);
    });

    it('refuses to create what is there, and to give or change what is not', async () => {
      await store.create(written(ns, 'a'));
      await expect(store.create(written(ns, 'a'))).rejects.toBeInstanceOf(ConflictError);
      const absent = { namespace: ns, name: 'b' };
      await expect(store.get(absent)).rejects.toBeInstanceOf(NotFoundError);
      await expect(store.patchStatus(absent, { stage: 'Waiting' })).rejects.toBeInstanceOf(NotFoundError);
      await expect(store.patchMetadata(absent, { labels: { a: 'b' } })).rejects.toBeInstanceOf(NotFoundError);
      await expect(store.delete(absent)).rejects.toBeInstanceOf(NotFoundError);
      await expect(store.getMetric(absent)).rejects.toBeInstanceOf(NotFoundError);
    });

    it('makes a name from generateName, a new one each time', async () => {
      const generated = { ...written(ns, 'a'), metadata: { generateName: 'shop-', namespace: ns } };
      const names = [await store.create(generated), await store.create(generated)].map(({ metadata }) => metadata.name);
      expect(names[0]).toMatch(/^shop-[a-z0-9]{5}$/);
      expect(names[0]).not.toBe(names[1]);
    });

    it('patches the status alone, as a merge: null deletes, lists are replaced, what others wrote stays', async () => {
      await store.create(written(ns, 'a'));
      const key = { namespace: ns, name: 'a' };
      await store.patchStatus(key, {
        stage: 'Waiting',
        message: 'm',
        analysis: {
          weights: { data: [{ name: 'v1', value: 100 }], provenance: 'p', timestamp: '2026-11-24T08:00:00Z' },
        },
      });
      const after = await store.patchStatus(key, {
        message: null,
        completedIterations: 3,
        analysis: { weights: { data: [] } },
      });
      expect(after.status).toMatchObject({
        stage: 'Waiting',
        completedIterations: 3,
        analysis: { weights: { data: [], provenance: 'p' } },
      });
      expect(after.status?.message).toBeUndefined();
      expect(after.spec.target).toBe('shop');
      expect((await store.get(key)).status).toEqual(after.status);
    });

    it('keeps what is ours in the only free-form place', async () => {
      await store.create(written(ns, 'a'));
      const data = { iter8ctl: { format: 1, nested: { list: [1, 2.5, 'x', null], text: 'ü \u001b[31m', empty: {} } } };
      const after = await store.patchStatus(
        { namespace: ns, name: 'a' },
        { analysis: { aggregatedBuiltinHists: { data, provenance: 'p', timestamp: '2026-11-24T08:00:00Z' } } },
      );
      expect(after.status?.analysis?.aggregatedBuiltinHists?.data).toMatchObject({
        iter8ctl: { format: 1, nested: { text: 'ü \u001b[31m' } },
      });
    });

    it('patches labels and annotations without touching the status', async () => {
      await store.create(written(ns, 'a'));
      const key = { namespace: ns, name: 'a' };
      await store.patchStatus(key, { stage: 'Waiting' });
      const after = await store.patchMetadata(key, { labels: { tier: null, new: 'x' }, annotations: { note: 'y' } });
      expect(after.metadata.labels).toEqual({ team: 'shop', new: 'x' });
      expect(after.metadata.annotations).toMatchObject({ note: 'y' });
      expect(after.status?.stage).toBe('Waiting');
    });

    it('refuses a patch of a version that is not the present one', async () => {
      const created = await store.create(written(ns, 'a'));
      const key = { namespace: ns, name: 'a' };
      const resourceVersion = created.metadata.resourceVersion!;
      const after = await store.patchStatus(key, { stage: 'Waiting' }, { resourceVersion });
      expect(after.metadata.resourceVersion).not.toBe(resourceVersion);
      await expect(store.patchStatus(key, { stage: 'Running' }, { resourceVersion })).rejects.toBeInstanceOf(
        ConflictError,
      );
      expect((await store.get(key)).status?.stage).toBe('Waiting');
    });

    it('refuses a patch that is meant for an object which is gone, when another has its name', async () => {
      const key = { namespace: ns, name: 'a' };
      const first = await store.create(written(ns, 'a'));
      await store.delete(key);
      await store.create(written(ns, 'a'));
      const { uid } = first.metadata;
      await expect(store.patchStatus(key, { stage: 'Running' }, { uid })).rejects.toBeInstanceOf(ConflictError);
      expect((await store.get(key)).status?.stage).toBeUndefined();
    });

    it('loses no patch of many at once', async () => {
      await store.create(written(ns, 'a'));
      const key = { namespace: ns, name: 'a' };
      const base = { provenance: 'p', timestamp: '2026-11-24T08:00:00Z' };
      await Promise.all(
        Array.from({ length: 50 }, (_, k) =>
          store.patchStatus(key, { analysis: { aggregatedBuiltinHists: { ...base, data: { [`k${k}`]: k } } } }),
        ),
      );
      expect(Object.keys((await store.get(key)).status!.analysis!.aggregatedBuiltinHists!.data)).toHaveLength(50);
    });

    it('lists by namespace and label', async () => {
      const other = under.namespaces[1];
      await Promise.all([
        store.create(written(ns, 'a')),
        store.create(written(ns, 'b')),
        store.create(written(other, 'c')),
      ]);
      const names = async (options: Parameters<ExperimentStore['list']>[0]) =>
        new Set((await store.list(options)).map(({ metadata }) => metadata.name));
      expect(await names({ namespace: ns })).toEqual(new Set(['a', 'b']));
      expect(await names({ namespace: other })).toEqual(new Set(['c']));
      expect((await names({})).size).toBeGreaterThanOrEqual(3);
      expect(await names({ namespace: ns, selector: 'tier=a' })).toEqual(new Set(['a']));
      expect(await names({ namespace: ns, selector: 'team=shop,tier!=a' })).toEqual(new Set(['b']));
      const kept = await store.list({ namespace: ns, selector: 'tier=a', trim: outlineOf });
      expect(kept).toEqual([outlineOf(await store.get({ namespace: ns, name: 'a' }))]);
      expect(kept[0]!.metadata.labels).toMatchObject({ tier: 'a' });
    });

    it('deletes', async () => {
      await store.create(written(ns, 'a'));
      await store.delete({ namespace: ns, name: 'a' });
      await expect(store.get({ namespace: ns, name: 'a' })).rejects.toBeInstanceOf(NotFoundError);
    });

    it('keeps metrics, and replaces them only when asked', async () => {
      expect((await store.createMetric(metric(ns, 'one'))).spec).toMatchObject({
        description: 'one',
        type: 'Gauge',
        method: 'GET',
      });
      await expect(store.createMetric(metric(ns, 'two'))).rejects.toBeInstanceOf(ConflictError);
      await store.replaceMetric(metric(ns, 'two'));
      expect((await store.getMetric({ namespace: ns, name: 'books' })).spec.description).toBe('two');
    });

    it('reports to a watcher what is there, that this is all, and then every newest state', async () => {
      await store.create(written(ns, 'a'));
      const controller = new AbortController();
      const reported: StoreEvent[] = [];
      const reached = (holds: () => boolean) =>
        new Promise<void>((resolve) => {
          waiting.push(() => holds() && (resolve(), true));
        });
      const waiting: (() => boolean)[] = [];
      const watching = (async () => {
        for await (const event of store.watch({ namespace: ns, signal: controller.signal })) {
          reported.push(event);
          for (const check of waiting) check();
        }
      })();
      await reached(() => reported.some(({ kind }) => kind === 'synced'));
      expect(reported.map(({ kind }) => kind)).toEqual(['added', 'synced']);
      const last = reached(() =>
        reported.some((event) => event.kind === 'modified' && event.object.status?.completedIterations === 5),
      );
      for (let k = 1; k <= 5; k++) await store.patchStatus({ namespace: ns, name: 'a' }, { completedIterations: k });
      await last;
      const gone = reached(() =>
        reported.some((event) => event.kind === 'deleted' && event.object.metadata.name === 'a'),
      );
      await store.delete({ namespace: ns, name: 'a' });
      await gone;
      controller.abort();
      await watching.catch((error: unknown) => expect(controller.signal.aborted, String(error)).toBe(true));
    });
  });
}
