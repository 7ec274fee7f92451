/** An experiment of the same name that was made while the one before it was driven (kubectl replace --force). */
import { expect, it } from 'vitest';
import { NotFoundError } from '../../src/errors.ts';
import { Reconciler } from '../../src/controller/reconcile.ts';
import type { DriverLock } from '../../src/drive/ports.ts';
import { conformance } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';

it('an experiment that is deleted and made again while it is driven is driven again', async () => {
  const still = fakeClock();
  const clock = { ...still, sleep: (ms: number, signal?: AbortSignal) => still.sleep(Math.ceil(ms), signal) };
  const store = createMemoryStore({ clock });
  const key = { namespace: 'default', name: 'hello-experiment' };
  await store.create(conformance());
  const stop = new AbortController();
  const lock: DriverLock = {
    acquire: () => Promise.resolve({ held: { lost: new AbortController().signal, release: () => Promise.resolve() } }),
    holder: () => Promise.resolve(undefined),
  };
  const driven: (string | undefined)[] = [];
  let made: string | undefined;
  let sawIt = (): void => undefined;
  const seen = new Promise<void>((resolve) => (sawIt = resolve));
  const reconciler: Reconciler = new Reconciler(
    {
      store,
      lock,
      clock,
      self: { identity: 'test', description: 'test' },
      log: () => undefined,
      seen: ({ metadata }) => {
        if (made !== undefined && metadata.uid === made) sawIt();
      },
      drive: async ({ metadata }) => {
        driven.push(metadata.uid);
        if (driven.length > 1) return stop.abort();
        // kubectl replace --force: what is saved next meets another object.
        await store.delete(key);
        made = (await store.create(conformance())).metadata.uid;
        await seen;
        throw new NotFoundError('experiment default/hello-experiment was deleted while it was driven');
      },
    },
    { stop: stop.signal },
  );
  await reconciler.run();
  expect(driven).toHaveLength(2);
  expect(driven[1]).toBe(made);
});
