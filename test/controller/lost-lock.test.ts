/** A driver lock that is lost in the middle of a drive. */
import { expect, it } from 'vitest';
import { Reconciler } from '../../src/controller/reconcile.ts';
import type { DriverLock } from '../../src/drive/ports.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { conformance } from '../support/driving.ts';
import { createMemoryStore } from '../support/memory-store.ts';

it('does not end an experiment: it is looked at again until it has ended', async () => {
  const clock = fakeClock();
  const store = createMemoryStore({ clock });
  await store.create(conformance());
  const stop = new AbortController();
  const lost = new AbortController();
  let drives = 0;
  // Whoever took the lock is gone again, and has changed nothing: no event follows.
  const lock: DriverLock = {
    acquire: () =>
      Promise.resolve({
        held: {
          lost: drives === 0 ? lost.signal : new AbortController().signal,
          release: () => Promise.resolve(),
        },
      }),
    holder: () => Promise.resolve(undefined),
  };
  const reconciler: Reconciler = new Reconciler(
    {
      store,
      lock,
      clock,
      self: { identity: 'test', description: 'test' },
      log: () => undefined,
      drive: () => {
        drives += 1;
        if (drives === 1) lost.abort();
        else stop.abort();
        return Promise.resolve();
      },
    },
    { stop: stop.signal },
  );
  await reconciler.run();
  expect(drives).toBe(2);
  expect(reconciler.state).toMatchObject({ unfinished: 1, completed: 0 });
});
