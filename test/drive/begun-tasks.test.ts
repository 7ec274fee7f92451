/** A task whose condition held when it began is that task, whatever holds when the next driver finds it. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/drive/events.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import { KEY, LOAD, waits, withActions } from '../support/asking.ts';
import { driveInMemory } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';

const IS_WANTED = "ObjectMeta.Labels['wanted'] == 'true'";

const labelled = (written: WrittenExperiment): WrittenExperiment => ({
  ...written,
  metadata: { ...written.metadata, labels: { wanted: 'true' } },
});

describe('a task that was under way when its driver was killed, and whose condition does not hold any more', () => {
  it('is no task that was skipped: a script that may have been done in part is said to be', async () => {
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    const written = labelled(withActions({ start: [LOAD], finish: [{ run: 'promote', if: IS_WANTED }] }));
    const death = new Error('killed');
    const dying = { run: () => Promise.reject(death) };
    await expect(driveInMemory(written, { store, clock, tasks: dying })).rejects.toBe(death);
    await store.patchMetadata(KEY, { labels: { wanted: 'false' } });
    const { outcome } = await driveInMemory(written, { store, clock });
    expect(outcome.recommendation).toMatchObject({
      verdict: 'failed',
      reasons: [expect.stringContaining('it was under way when the driver before this one ended')],
    });
  });

  it('is the gate that was asked for: it goes on waiting, and what is behind it does not begin', async () => {
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    const gate = { task: 'gate', with: { timeout: '1h' }, if: IS_WANTED };
    const written = labelled(withActions({ start: [LOAD], finish: [gate, { run: 'promote' }] }));
    const stop = new AbortController();
    const onEvent = (event: Event) => void (waits(event) && stop.abort());
    await driveInMemory(written, { store, clock, onEvent, options: { stop: stop.signal } });
    await store.patchMetadata(KEY, { labels: { wanted: 'false' } });
    const done: string[] = [];
    const { outcome } = await driveInMemory(written, {
      store,
      clock,
      tasks: { run: ({ id }) => Promise.resolve(String(done.push(id))) },
    });
    expect(done).toEqual([]);
    expect(outcome.recommendation.reasons.join()).toContain('nobody approved');
    expect(readRecord(outcome.experiment)!.waiting).toBeUndefined();
  });
});

it('a gate that is not in the spec any more is waited at by nobody: a pause holds, and the end says nothing of it', async () => {
  const clock = fakeClock();
  const store = createMemoryStore({ clock });
  const gated = withActions({ start: [LOAD], finish: [{ task: 'gate' }, { run: 'last' }] });
  const stop = new AbortController();
  const onEvent = (event: Event) => void (waits(event) && stop.abort());
  await driveInMemory(gated, { store, clock, onEvent, options: { stop: stop.signal } });
  const { status } = await store.get(KEY);
  await store.delete(KEY);
  const changed = withActions({ start: [LOAD], finish: [{ run: 'first' }, { run: 'last' }] });
  const { metadata } = changed;
  await store.create({ ...changed, metadata: { ...metadata, annotations: { 'iter8.tools/pause': 'true by bob' } } });
  await store.patchStatus(KEY, { ...status });
  const texts: string[] = [];
  const { outcome } = await driveInMemory(changed, {
    store,
    clock,
    onEvent: (event) => {
      if (!waits(event)) return;
      texts.push('text' in event ? event.text : '');
      void store.patchMetadata(KEY, { annotations: { 'iter8.tools/pause': 'false' } });
    },
  });
  expect(texts).toEqual(['paused by bob; go on with: iter8ctl resume hello-experiment']);
  expect(readRecord(outcome.experiment)!.waiting).toBeUndefined();
});
