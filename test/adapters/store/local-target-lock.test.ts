import { expect, it } from 'vitest';
import { createMemoryStore } from '../../support/memory-store.ts';
import { createTargetLock } from '../../../src/adapters/store/local-target-lock.ts';
import { keyText, type Experiment } from '../../../src/experiment/experiment.ts';
import type { DriverLock, ExperimentStore, Holder, ListAllOptions } from '../../../src/drive/ports.ts';

/** Locks in a map: no heartbeat, nobody dies. */
function mapLock(): DriverLock {
  const held = new Map<string, Holder>();
  return {
    acquire: (key, holder) => {
      const present = held.get(keyText(key));
      if (present !== undefined && present.identity !== holder.identity) return Promise.resolve({ heldBy: present });
      held.set(keyText(key), holder);
      return Promise.resolve({
        held: { lost: new AbortController().signal, release: () => Promise.resolve(void held.delete(keyText(key))) },
      });
    },
    holder: (key) => Promise.resolve(held.get(keyText(key))),
  };
}

async function setup() {
  let now = Date.parse('2026-11-24T08:00:00Z');
  const store = createMemoryStore({ clock: { now: () => now } });
  const drivers = mapLock();
  const targets = createTargetLock({ store, targets: mapLock(), drivers, targetsNamespace: 'targets' });
  const create = async (namespace: string, name: string, target = 'shop'): Promise<Experiment> => {
    now += 1000;
    await store.create({
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Experiment',
      metadata: { namespace, name },
      spec: { target, strategy: { testingPattern: 'Conformance' } },
    });
    await drivers.acquire({ namespace, name }, { identity: name, description: name });
    return store.patchStatus({ namespace, name }, { stage: 'Waiting' });
  };
  const take = (experiment: Experiment) =>
    targets.acquire(experiment, { identity: `driver of ${experiment.metadata.name}`, description: 'd' });
  return { create, take, store, drivers };
}

it('gives a target to one experiment at a time, whatever its namespace, and other targets at once', async () => {
  const { create, take } = await setup();
  const [a, b, c] = [await create('n', 'a'), await create('m', 'b'), await create('n', 'c', 'other')];
  const first = await take(a);
  expect('held' in first).toBe(true);
  expect(await take(b)).toEqual({ heldBy: expect.objectContaining({ description: 'experiment n/a' }) as Holder });
  expect('held' in (await take(c))).toBe(true);
  if ('held' in first) await first.held.release();
  expect('held' in (await take(a))).toBe(true);
});

it('lets the one that was created first go first', async () => {
  const { create, take } = await setup();
  const [a, b] = [await create('n', 'z'), await create('n', 'a')];
  expect(await take(b)).toEqual({
    heldBy: expect.objectContaining({ description: 'experiment n/z, which waits longer,' }) as Holder,
  });
  expect('held' in (await take(a))).toBe(true);
});

it('waits for nobody whom nobody drives', async () => {
  const { create, take, drivers } = await setup();
  const [a, b] = [await create('n', 'a'), await create('n', 'b')];
  const own = await drivers.acquire({ namespace: 'n', name: a.metadata.name }, { identity: 'a', description: 'a' });
  if ('held' in own) await own.held.release();
  expect('held' in (await take(b))).toBe(true);
});

it('looks once for all experiments that begin together, and at no more of each than its place in line', async () => {
  const { store } = await setup();
  let lists = 0;
  const kept: Experiment[] = [];
  const targets = createTargetLock({
    store: Object.assign(Object.create(store) as ExperimentStore, {
      list: async (options: ListAllOptions) => {
        lists += 1;
        const found = await store.list(options);
        kept.push(...found);
        return found;
      },
    }),
    targets: mapLock(),
    drivers: mapLock(),
  });
  const names = Array.from({ length: 20 }, (_, k) => `e${k}`);
  const experiments = await Promise.all(
    names.map(async (name) => {
      await store.create({
        apiVersion: 'iter8.tools/v2alpha2',
        kind: 'Experiment',
        metadata: { namespace: 'n', name },
        spec: { target: name, strategy: { testingPattern: 'Conformance' } },
      });
      return store.patchStatus({ namespace: 'n', name }, { stage: 'Waiting', message: 'x'.repeat(1000) });
    }),
  );
  await store.create({
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { namespace: 'n', name: 'ended' },
    spec: { target: 'e0', strategy: { testingPattern: 'Conformance' } },
  });
  await store.patchStatus(
    { namespace: 'n', name: 'ended' },
    { stage: 'Completed', conditions: [{ type: 'Completed', status: 'True' }] },
  );
  const holder = { identity: 'controller', description: 'controller' };
  const answers = await Promise.all(experiments.map((one) => targets.acquire(one, holder)));
  expect(answers.every((answer) => 'held' in answer)).toBe(true);
  expect(lists).toBeLessThanOrEqual(2);
  expect(new Set(kept.map(({ metadata }) => metadata.name))).toEqual(new Set(names));
  expect(kept.some(({ status }) => status?.message !== undefined)).toBe(false);
});
