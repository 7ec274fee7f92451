/** An experiment of the same name that was made while the one before it was driven (kubectl replace --force). */
import { expect, it } from 'vitest';
import { NotFoundError } from '../../src/errors.ts';
import { controllerInMemory } from '../support/controller-in-memory.ts';
import { conformance } from '../support/driving.ts';

it('an experiment that is deleted and made again while it is driven is driven again', async () => {
  const { store, stop, controller } = controllerInMemory();
  const key = { namespace: 'default', name: 'hello-experiment' };
  await store.create(conformance());
  const driven: (string | undefined)[] = [];
  let made: string | undefined;
  let sawIt = (): void => undefined;
  const seen = new Promise<void>((resolve) => (sawIt = resolve));
  const reconciler = controller({
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
  });
  await reconciler.run();
  expect(driven).toHaveLength(2);
  expect(driven[1]).toBe(made);
});
