/** A driver lock that is lost in the middle of a drive. */
import { expect, it } from 'vitest';
import { controllerInMemory, held, lockOf } from '../support/controller-in-memory.ts';
import { conformance } from '../support/driving.ts';

it('does not end an experiment: it is looked at again until it has ended', async () => {
  const { store, stop, controller } = controllerInMemory();
  await store.create(conformance());
  const lost = new AbortController();
  let drives = 0;
  // Whoever took the lock is gone again, and has changed nothing: no event follows.
  const lock = lockOf(() => held(drives === 0 ? lost.signal : undefined));
  const reconciler = controller({
    lock,
    drive: () => {
      drives += 1;
      if (drives === 1) lost.abort();
      else stop.abort();
      return Promise.resolve();
    },
  });
  await reconciler.run();
  expect(drives).toBe(2);
  expect(reconciler.state).toMatchObject({ unfinished: 1, completed: 0 });
});
