/** What a controller knows of its experiments: each as it is, those that are deleted, and whether anybody drives it. */
import { expect, it } from 'vitest';
import { healthAnswer } from '../../src/controller/health-answer.ts';
import { Reconciler } from '../../src/controller/reconcile.ts';
import type { DriverLock } from '../../src/drive/ports.ts';
import { conformance } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';

it('an experiment is driven by it, by another, or by nobody until it is tried again', async () => {
  // Pauses before another try are no whole numbers, and time since 1970 leaves no room for the rest.
  const still = fakeClock();
  const clock = { ...still, sleep: (ms: number, signal?: AbortSignal) => still.sleep(Math.ceil(ms), signal) };
  const store = createMemoryStore({ clock });
  const written = conformance();
  const key = { namespace: 'default', name: 'hello-experiment' };
  await store.create(written);
  const stop = new AbortController();
  const seen: string[] = [];
  const known: (readonly [when: string, driven: boolean, locked: number])[] = [];
  const note = (when: string) => known.push([when, reconciler.isDriven(key), reconciler.state.locked]);
  let looks = 0;
  const lock: DriverLock = {
    acquire: () => {
      looks += 1;
      note(`look ${looks}`);
      return Promise.resolve(
        looks === 1
          ? { heldBy: { identity: 'run', description: 'a run' } }
          : { held: { lost: new AbortController().signal, release: () => Promise.resolve() } },
      );
    },
    holder: () => Promise.resolve(undefined),
  };
  let drives = 0;
  const reconciler: Reconciler = new Reconciler(
    {
      store,
      lock,
      clock,
      self: { identity: 'test', description: 'test' },
      log: () => undefined,
      drive: async () => {
        drives += 1;
        note(`drive ${drives}`);
        if (drives === 1) throw new Error('its API server is away');
        await store.delete(key);
        stop.abort();
      },
      seen: ({ metadata }) => seen.push(`seen ${metadata.name}`),
      gone: ({ name }) => seen.push(`gone ${name}`),
    },
    { stop: stop.signal },
  );
  await reconciler.run();
  expect(known).toEqual([
    ['look 1', false, 0],
    ['look 2', true, 0], // the other had it
    ['drive 1', true, 1],
    ['look 3', false, 0], // nobody, meanwhile
    ['drive 2', true, 1],
  ]);
  expect(seen[0]).toBe('seen hello-experiment');
  expect(reconciler.state).toMatchObject({ locked: 0, failedAttempts: 1 });
});

it('answers by what it is asked for', async () => {
  let ready = false;
  const health = {
    ready: () => ready,
    metrics: (accept: string) => Promise.resolve({ type: 't', text: `m ${accept}` }),
  };
  const ask = async (path: string) => {
    const { code, text } = await healthAnswer({ path, accept: 'a' }, health);
    return `${code} ${text}`;
  };
  expect(await ask('/readyz')).toBe('503 not ready: experiments are not listed yet\n');
  ready = true;
  expect(await Promise.all(['/readyz', '/healthz', '/metrics', '/'].map(ask))).toEqual([
    '200 ok\n',
    '200 ok\n',
    '200 m a',
    '404 there are /healthz, /readyz and /metrics\n',
  ]);
});
