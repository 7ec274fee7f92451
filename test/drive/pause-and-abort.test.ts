/** What people ask of an experiment that runs: by annotations, as kubectl and our commands write them. */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/drive/events.ts';
import type { HeldTurn } from '../../src/drive/ports.ts';
import { controlValue } from '../../src/experiment/control-annotations.ts';
import { hasEnded } from '../../src/experiment/conditions.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { asking, KEY, LOAD, textsOf, waits, withActions } from '../support/asking.ts';
import { driveInMemory, type DriveSetup } from '../support/driving.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { fakeClock } from '../support/fake-clock.ts';

describe('a gate', () => {
  const gate = { task: 'gate', with: { message: 'Promote it?', timeout: '1h' } };
  const written = withActions({ start: [LOAD], finish: [gate, { run: 'promote' }] });

  it('lets what is behind it wait until somebody approves, and says who did', async () => {
    const answer = { 'iter8.tools/approve': controlValue('finish/0', 'alice') };
    const { drive, done, texts } = await asking(written, [{ on: waits, write: answer }]);
    expect(done).toEqual(['finish/1']);
    expect(texts).toEqual([
      expect.stringMatching(
        /^gate of finish waits for approval: Promote it\? \(.*\); approve with: iter8ctl approve hello-experiment; or: iter8ctl reject hello-experiment; or annotate iter8\.tools\/approve=finish\/0$/,
      ),
      'gate of finish was approved by alice',
    ]);
    const waiting = drive.states.map((state) => readRecord(state)?.waiting).find((one) => one !== undefined);
    expect(waiting).toMatchObject({ kind: 'gate', task: 'finish/0', message: 'Promote it?' });
    expect(readRecord(drive.outcome.experiment)!.waiting).toBeUndefined();
  });

  it('fails the experiment when somebody rejects, and nothing behind it is done', async () => {
    const answers = [{ on: waits, write: { 'iter8.tools/reject': 'finish/0' } }];
    const { drive, done } = await asking(written, answers);
    expect(done).toEqual([]);
    expect(drive.outcome.recommendation).toMatchObject({
      verdict: 'failed',
      reasons: [expect.stringContaining('gate: rejected')],
    });
  });

  it('fails the experiment when nobody answers in time', async () => {
    const { drive, done } = await asking(written, []);
    expect(done).toEqual([]);
    expect(drive.outcome.recommendation.reasons.join()).toMatch(/gate: nobody approved within (60 min|3,?600 s|1 h)/);
  });

  it('is not passed by an answer to another one', async () => {
    const two = withActions({ start: [gate, LOAD], finish: [gate, { run: 'promote' }] });
    const { drive, done } = await asking(two, [
      { on: waits, write: { 'iter8.tools/approve': 'start/0 by alice' } },
      { on: waits, write: { 'iter8.tools/approve': 'yes' } },
    ]);
    expect(done).toEqual([]);
    expect(drive.outcome.recommendation.verdict).toBe('failed');
  });

  it('goes on waiting for the rest of its time with another driver', async () => {
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    const stop = new AbortController();
    const onEvent = (event: Event) => void (event.kind === 'waiting' && stop.abort());
    await driveInMemory(written, { store, clock, onEvent, options: { stop: stop.signal } });
    const before = clock.now();
    clock.advance(40 * 60_000);
    const { events } = await driveInMemory(written, { store, clock });
    expect(textsOf(events)).toEqual([]);
    expect(clock.now() - before).toBeLessThan(70 * 60_000);
  });

  it('keeps its time, and takes an approval, when it is paused meanwhile and its driver ends; what is behind it is held', async () => {
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    const done: string[] = [];
    const tasks: DriveSetup['tasks'] = { run: ({ id }) => Promise.resolve(String(done.push(id))) };
    /** Driven until it says that it waits, or, where an earlier driver has said so, has looked for an answer. */
    const untilItWaits = async (isSaid: boolean, answer: Readonly<Record<string, string>> = {}) => {
      const stop = new AbortController();
      let looks = 0;
      // The first one is that of who begins to drive.
      const look: typeof store.get = (...args) => {
        if (!isSaid && ++looks > 1) stop.abort();
        return store.get(...args);
      };
      if (Object.keys(answer).length > 0) await store.patchMetadata(KEY, { annotations: answer });
      const seen = new Proxy(store, {
        get: (target, name) => (name === 'get' ? look : (Reflect.get(target, name) as () => unknown).bind(target)),
      });
      const onEvent = (event: Event) => void (waits(event) && stop.abort());
      const how = { store: seen, clock, tasks, onEvent, options: { stop: stop.signal } };
      const { outcome } = await driveInMemory(written, how);
      return { waiting: readRecord(outcome.experiment)!.waiting, hasEnded: hasEnded(outcome.experiment) };
    };
    const first = await untilItWaits(true);
    expect(first.waiting).toMatchObject({ kind: 'gate', task: 'finish/0' });
    clock.advance(40 * 60_000);
    const paused = await untilItWaits(false, { 'iter8.tools/pause': 'true by bob' });
    expect(paused.waiting).toEqual(first.waiting);
    const approved = await untilItWaits(true, { 'iter8.tools/approve': 'finish/0 by alice' });
    expect([approved.waiting?.kind, approved.hasEnded, done]).toEqual(['pause', false, []]);
    await store.patchMetadata(KEY, { annotations: { 'iter8.tools/pause': 'false' } });
    const { outcome } = await driveInMemory(written, { store, clock, tasks });
    expect([hasEnded(outcome.experiment), done]).toEqual([true, ['finish/1']]);
  });
});

describe('a pause', () => {
  const written = withActions(
    { start: [LOAD], loop: [{ run: 'loop' }] },
    { intervalSeconds: 10, iterationsPerLoop: 2, maxLoops: 2 },
  );
  it('holds before the next task or iteration until somebody resumes, and makes up for no iteration', async () => {
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    const at: number[] = [];
    let left = 3;
    let isAsked = false;
    // Somebody resumes after a while: when it has been looked at three times.
    const get: typeof store.get = async (...args) => {
      const one = await store.get(...args);
      const isPaused = one.metadata.annotations?.['iter8.tools/pause']?.startsWith('true') === true;
      if (!isPaused || (left -= 1) > 0) return one;
      return store.patchMetadata(KEY, { annotations: { 'iter8.tools/pause': controlValue('false', 'carol') } });
    };
    const paused = new Proxy(store, {
      get: (target, name) => (name === 'get' ? get : (Reflect.get(target, name) as () => unknown).bind(target)),
    });
    const { drive, texts } = await asking(written, [], {
      store: paused,
      clock,
      options: { lookEveryMs: 60_000 },
      onEvent: (event) => {
        if (event.kind === 'object' && event.object.status?.completedIterations === 1 && !isAsked) {
          isAsked = true;
          void store.patchMetadata(KEY, { annotations: { 'iter8.tools/pause': 'true by bob' } });
        }
        if (event.kind === 'condition' && event.message.startsWith('Completed Iteration')) at.push(clock.now());
      },
    });
    expect(texts).toEqual(['paused by bob; go on with: iter8ctl resume hello-experiment', 'resumed by carol']);
    expect(readRecord(drive.outcome.experiment)!.pausedMs).toBe(180_000);
    const gaps = at.slice(1).map((time, index) => time - at[index]!);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000);
  });
});

describe('an abort', () => {
  const when = (on: (event: Event) => boolean) => [{ on, write: { 'iter8.tools/abort': 'true by dora' } }];

  it('ends the load under way and the experiment, keeps what was measured, and does no finish task', async () => {
    const endless = { ...LOAD, with: { ...LOAD.with, numQueries: 1_000_000 } };
    const written = withActions({ start: [endless], finish: [{ run: 'promote' }] });
    const { drive, done } = await asking(
      written,
      when(({ kind }) => kind === 'load'),
    );
    expect(done).toEqual([]);
    expect(drive.outcome.interrupted).toBe(false);
    expect(hasEnded(drive.outcome.experiment)).toBe(true);
    expect(drive.outcome.recommendation).toMatchObject({
      verdict: 'failed',
      reasons: [expect.stringContaining('aborted by dora')],
    });
    expect(readRecord(drive.outcome.experiment)!.scopes.length + drive.log.length).toBeGreaterThan(0);
    expect(drive.outcome.experiment.status!.conditions).toContainEqual(
      expect.objectContaining({ type: 'Failed', status: 'True', reason: 'ExperimentAborted' }),
    );
  });

  it('ends one that waits at a gate, or between iterations', async () => {
    const gated = withActions({ start: [LOAD], finish: [{ task: 'gate' }] });
    expect((await asking(gated, when(waits))).drive.outcome.recommendation.reasons.join()).toContain('aborted by dora');
    const slow = withActions({ start: [LOAD], loop: [{ run: 'x' }] }, { intervalSeconds: 3600, iterationsPerLoop: 3 });
    const { drive } = await asking(
      slow,
      when((event) => event.kind === 'object' && event.object.status?.completedIterations === 1),
    );
    expect(drive.outcome.experiment.status).toMatchObject({ completedIterations: 1, stage: 'Completed' });
  });

  it('ends a script under way, though nothing is saved meanwhile', async () => {
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    const written = withActions({ start: [{ run: 'sleep infinity' }, LOAD] });
    let isEnded = false;
    const tasks: DriveSetup['tasks'] = {
      run: async ({ signal }) => {
        await store.patchMetadata(KEY, { annotations: { 'iter8.tools/abort': 'true by dora' } });
        for (let turns = 0; turns < 100 && !signal.aborted; turns += 1) await setImmediate();
        isEnded = signal.aborted;
        signal.throwIfAborted();
        return 'done';
      },
    };
    const { outcome } = await driveInMemory(written, { store, clock, tasks });
    expect(isEnded).toBe(true);
    expect(outcome.recommendation.reasons.join()).toContain('aborted by dora');
    expect(outcome.experiment.status!.conditions).toContainEqual(
      expect.objectContaining({ type: 'Failed', status: 'True', reason: 'ExperimentAborted' }),
    );
  });

  it('asked for while nobody drives it is heeded by the next driver before anything is done', async () => {
    const written = withActions({ start: [LOAD] });
    const asked = { ...written, metadata: { ...written.metadata, annotations: { 'iter8.tools/abort': 'true' } } };
    const { drive } = await asking(asked, []);
    expect(drive.outcome.recommendation.reasons.join()).toContain('aborted');
    expect(drive.log.some((entry) => 'kind' in entry && entry.kind === 'slice')).toBe(false);
  });

  it('waits for the target of an experiment that is gone on with: its traffic is put back by nobody else', async () => {
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    const written = withActions({ start: [LOAD], finish: [{ task: 'gate' }] });
    const stop = new AbortController();
    const onEvent = (event: Event) => void (event.kind === 'waiting' && stop.abort());
    await driveInMemory(written, { store, clock, onEvent, options: { stop: stop.signal } });
    await store.patchMetadata(KEY, { annotations: { 'iter8.tools/abort': 'true by dora' } });
    let asked = 0;
    const held = { lost: new AbortController().signal, release: () => Promise.resolve() };
    const targets = {
      acquire: async () => {
        expect(hasEnded(await store.get(KEY))).toBe(false);
        asked += 1;
        return asked < 3 ? { heldBy: { identity: 'x', description: 'experiment default/other' } } : { held };
      },
    };
    const { outcome } = await driveInMemory(written, { store, clock, targets });
    expect([asked, outcome.recommendation.reasons.join()]).toEqual([3, expect.stringContaining('aborted by dora')]);
    expect(readRecord(outcome.experiment)!.waiting).toBeUndefined();
  });
});

describe('a place among those who work', () => {
  it('is left at a gate and in a pause, with the target kept, and taken again before anything is done', async () => {
    const gate = { task: 'gate', with: { timeout: '1h' } };
    const story: string[] = [];
    let refusals = 2;
    const held: HeldTurn = {
      lost: new AbortController().signal,
      rest: () => void story.push('rest'),
      mayWork: () => {
        if (story.at(-1) === 'rest' || story.at(-1) === 'no') story.push(refusals-- > 0 ? 'no' : 'work');
        return story.at(-1) !== 'no';
      },
      release: () => Promise.resolve(void story.push('release')),
    };
    const written = withActions({ start: [{ run: 'first' }, gate, { run: 'second' }, LOAD] });
    await asking(
      written,
      [
        { on: ({ kind }) => kind === 'task-started', write: { 'iter8.tools/pause': 'true' } },
        { on: waits, write: { 'iter8.tools/pause': 'false' } },
        {
          on: (event) => event.kind === 'waiting' && event.text.includes('gate'),
          write: { 'iter8.tools/approve': 'start/1' },
        },
      ],
      {
        targets: { acquire: () => Promise.resolve({ held }) },
        tasks: { run: ({ id }) => Promise.resolve(String(story.push(id))) },
      },
    );
    expect(story).toEqual(['start/0', 'rest', 'no', 'no', 'work', 'rest', 'work', 'start/2', 'release']);
  });

  it('who is paused while it waits for one does nothing when it has one', async () => {
    const story: string[] = [];
    let mayWork = true;
    const held: HeldTurn = {
      lost: new AbortController().signal,
      rest: () => void story.push('rest'),
      mayWork: () => mayWork,
      release: () => Promise.resolve(),
    };
    const gate = { task: 'gate', with: { timeout: '1h' } };
    const waitsFor = (what: string) => (event: Event) => event.kind === 'waiting' && event.text.includes(what);
    await asking(
      withActions({ start: [gate, { run: 'second' }, LOAD] }),
      [
        {
          on: (event) => waitsFor('gate')(event) && !(mayWork = false),
          write: { 'iter8.tools/approve': 'start/0' },
        },
        { on: (event) => waitsFor('place')(event) && (mayWork = true), write: { 'iter8.tools/pause': 'true' } },
        {
          on: (event) => waitsFor('paused')(event) && story.push('paused') > 0,
          write: { 'iter8.tools/pause': 'false' },
        },
      ],
      {
        targets: { acquire: () => Promise.resolve({ held }) },
        tasks: { run: ({ id }) => Promise.resolve(String(story.push(id))) },
      },
    );
    expect(story).toEqual(['rest', 'paused', 'rest', 'start/1']);
  });
});
