/** What a controller knows of its experiments: each as it is, those that are deleted, and whether anybody drives it. */
import { expect, it } from 'vitest';
import { healthAnswer } from '../../src/controller/health-answer.ts';
import { controllerInMemory, held, lockOf } from '../support/controller-in-memory.ts';
import { conformance } from '../support/driving.ts';

it('an experiment is driven by it, by another, or by nobody until it is tried again', async () => {
  const { store, stop, controller } = controllerInMemory();
  const written = conformance();
  const key = { namespace: 'default', name: 'hello-experiment' };
  await store.create(written);
  const seen: string[] = [];
  const known: (readonly [when: string, driven: boolean, locked: number])[] = [];
  const note = (when: string) => known.push([when, reconciler.isDriven(key), reconciler.state.locked]);
  let looks = 0;
  const lock = lockOf(() => {
    looks += 1;
    note(`look ${looks}`);
    return looks === 1 ? { heldBy: { identity: 'run', description: 'a run' } } : held();
  });
  let drives = 0;
  const reconciler = controller({
    lock,
    drive: async () => {
      drives += 1;
      note(`drive ${drives}`);
      if (drives === 1) throw new Error('its API server is away');
      await store.delete(key);
      stop.abort();
    },
    seen: ({ metadata }) => seen.push(`seen ${metadata.name}`),
    gone: ({ name }) => seen.push(`gone ${name}`),
  });
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
