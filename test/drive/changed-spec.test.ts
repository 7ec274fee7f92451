/** A spec that somebody has changed while nobody drove: what was measured before is about another one. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/drive/events.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { KEY, LOAD, waits, withActions } from '../support/asking.ts';
import { driveInMemory } from '../support/driving.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { fakeClock } from '../support/fake-clock.ts';

const GATE = { task: 'gate', with: { timeout: '1h' } };

/**
 * One driver until it waits at a gate, or is in the middle of its load; then another one, which finds the spec with this start action,
 * and to which somebody approves.
 */
async function driveAfterChange(
  start: object[],
  { before = [LOAD], until = 'gate' }: { before?: object[]; until?: 'gate' | 'load' } = {},
) {
  const clock = fakeClock();
  const store = createMemoryStore({ clock });
  const stop = new AbortController();
  const isThere = (event: Event) => (until === 'gate' ? waits(event) : event.kind === 'load');
  const onEvent = (event: Event) => void (isThere(event) && stop.abort());
  await driveInMemory(withActions({ start: before, finish: [GATE] }), {
    store,
    clock,
    onEvent,
    options: { stop: stop.signal },
  });
  await store.patchMetadata(KEY, { annotations: { 'iter8.tools/approve': 'finish/0' } });
  const { strategy } = withActions({ start, finish: [GATE] }).spec;
  const changed = (one: Experiment): Experiment => ({
    ...one,
    spec: { ...one.spec, strategy: { ...one.spec.strategy, actions: strategy.actions as never } },
  });
  const seen = Object.assign(Object.create(store) as typeof store, {
    get: async (key: typeof KEY) => changed(await store.get(key)),
    patchStatus: async (...given: Parameters<typeof store.patchStatus>) => changed(await store.patchStatus(...given)),
  });
  const { outcome } = await driveInMemory(withActions({ start, finish: [GATE] }), { store: seen, clock });
  return readRecord(outcome.experiment)!.warnings.filter((text) => text.startsWith('its spec'));
}

describe('whoever goes on', () => {
  const other = { ...LOAD, with: { ...LOAD.with, versions: [{ name: 'hello', url: 'http://corrected.test/' }] } };

  it('with a spec that was changed meanwhile says so: what was measured is not of it', async () => {
    expect(await driveAfterChange([other])).toEqual([expect.stringMatching(/^its spec was changed since .*measured/)]);
  });

  it('says so, too, where a script before that load was done', async () => {
    // Mutation: in src/drive/spec-fingerprint.ts, `start.slice(Math.max(0, newest))` -> `start`
    const script = { run: 'prepare' };
    expect(await driveAfterChange([script, other], { before: [script, LOAD], until: 'load' })).toHaveLength(1);
    expect(await driveAfterChange([script, LOAD], { before: [script, LOAD], until: 'load' })).toEqual([]);
  });

  it('with the same spec says nothing', async () => {
    expect(await driveAfterChange([LOAD])).toEqual([]);
  });
});
