/** Saves that an API server made, whose answers were lost on the way: what they wrote must not outlive what the driver knows. */
import { expect, it } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { countedScopes, readRecord } from '../../src/judge/record/stored-record.ts';
import { KEY, LOAD, withActions } from '../support/asking.ts';
import { driveInMemory } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';

it('a save that was made, and not answered, leaves nothing of a load that has ended: whoever goes on counts no request twice', async () => {
  const clock = fakeClock();
  const store = createMemoryStore({ clock });
  const stateOf = (one: Experiment) => readRecord(one)?.tasks['start/0']?.state;
  const killed = new AbortController();
  const patchStatus: typeof store.patchStatus = async (...args) => {
    const patched = await store.patchStatus(...args);
    if (stateOf(patched) === 'running') throw new UnavailableError('connection reset');
    // With the end of the load saved its driver is killed.
    if (stateOf(patched) === 'done') killed.abort(new Error('killed'));
    return patched;
  };
  const losing = new Proxy(store, {
    get: (of, name) => (name === 'patchStatus' ? patchStatus : (Reflect.get(of, name) as () => unknown).bind(of)),
  });
  const options = { kill: killed.signal, lost: killed.signal };
  await driveInMemory(withActions({ start: [LOAD] }), { store: losing, clock, options });
  const left = await store.get(KEY);
  const counted = countedScopes(readRecord(left)!).map(({ tally }) => tally.response.n);
  expect([stateOf(left), counted]).toEqual(['done', [10]]);
});
