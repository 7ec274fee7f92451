/** A spec that a start task has written: its credentials are hidden as those of the first are. */
import { expect, it } from 'vitest';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { Iter8Error } from '../../src/errors.ts';
import { conformance, driveInMemory } from '../support/driving.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { fakeClock } from '../support/fake-clock.ts';

it('credentials of a spec that is read again are in no record, event or status, nor are those of the one before', async () => {
  const [before, after] = ['CANARY-before-0123', 'CANARY-after-4567'];
  const collect = (headers: Record<string, string>) => ({
    task: 'metrics/collect',
    with: { numQueries: 10, versions: [{ name: 'hello', url: 'http://hello.test/', headers }] },
  });
  const actions = (key: string) => ({
    start: [{ task: 'notification/http', with: { url: 'http://n.test/' } }, collect({ 'X-Api-Key': key })],
    finish: [{ task: 'notification/http', with: { url: 'http://n.test/', ignoreFailure: false } }],
  });
  const clock = fakeClock();
  const real = createMemoryStore({ clock });
  let isWritten = false;
  const withSpec = (one: Experiment): Experiment => {
    const { spec } = conformance({ actions: actions(after) });
    return isWritten
      ? { ...one, spec: { ...one.spec, strategy: { ...one.spec.strategy, ...spec.strategy } as never } }
      : one;
  };
  const store = new Proxy(real, {
    get: (target, name) =>
      name === 'get'
        ? async (...args: Parameters<typeof real.get>) => withSpec(await real.get(...args))
        : name === 'patchStatus'
          ? async (...args: Parameters<typeof real.patchStatus>) => withSpec(await real.patchStatus(...args))
          : (Reflect.get(target, name) as () => unknown).bind(target),
  });
  const drive = await driveInMemory(conformance({ actions: actions(before) }), {
    store,
    clock,
    tasks: {
      run: () => {
        if (isWritten) return Promise.reject(new Iter8Error(`refused: ${after}, ${before}`));
        isWritten = true;
        return Promise.resolve('done');
      },
    },
  });
  expect(drive.log).toContainEqual(expect.objectContaining({ kind: 'spec-read' }));
  expect(drive.outcome.recommendation.verdict).toBe('failed');
  const said = drive.events.filter(({ kind }) => kind !== 'object');
  const text = JSON.stringify([drive.log, said, drive.outcome.experiment.status, drive.outcome.recommendation]);
  expect(text).toContain('refused: ***, ***');
  expect(text).not.toContain('CANARY');
});
