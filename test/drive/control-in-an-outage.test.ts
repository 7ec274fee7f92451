/** A store that is away while an experiment waits for people, and an experiment that is gone. */
import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import type { Event } from '../../src/drive/events.ts';
import type { ExperimentStore } from '../../src/drive/ports.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { asking, KEY, LOAD, storeAfter, waits, withActions } from '../support/asking.ts';
import { driveInMemory, measuring, storeWithMetrics } from '../support/driving.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { memoryTraffic } from '../support/memory-traffic.ts';
import { moving } from '../support/moving-traffic.ts';
import { fakeClock } from '../support/fake-clock.ts';

describe('a gate', () => {
  const gate = { task: 'gate', with: { message: 'Promote it?', timeout: '1h' } };
  const written = withActions({ start: [LOAD], finish: [gate, { run: 'promote' }] });

  it.each([true, false])(
    'that was not reached: whoever is interrupted in mid-load knows whether it could not be saved: %s',
    async (isAway) => {
      const clock = fakeClock();
      const store = createMemoryStore({ clock });
      const stop = new AbortController();
      const patchStatus = (...args: Parameters<ExperimentStore['patchStatus']>) =>
        isAway && stop.signal.aborted
          ? Promise.reject(new UnavailableError('does not answer'))
          : store.patchStatus(...args);
      const get = (key: typeof KEY) => store.get(key);
      const create = (one: WrittenExperiment) => store.create(one);
      const onEvent = (event: Event) => void (event.kind === 'load' && stop.abort());
      const flaky = { ...store, get, create, patchStatus } as ExperimentStore;
      const { outcome } = await driveInMemory(written, {
        store: flaky,
        clock,
        onEvent,
        options: { stop: stop.signal },
      });
      expect(outcome).toMatchObject({ interrupted: true, isBehind: isAway });
    },
  );

  it('that began while nothing could be saved is found by whoever is to answer, once it can be', async () => {
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    let away = 0;
    const flaky = {
      ...store,
      get: (key: typeof KEY) => {
        away -= 1;
        return away > 0 ? Promise.reject(new UnavailableError('does not answer')) : store.get(key);
      },
      create: (one: WrittenExperiment) => store.create(one),
      patchStatus: async (...args: Parameters<ExperimentStore['patchStatus']>) => {
        if (away > 0) throw new UnavailableError('does not answer');
        const stored = await store.patchStatus(...args);
        // As our command, which answers nobody who does not wait.
        if (readRecord(stored)?.waiting?.task === 'finish/0')
          await store.patchMetadata(KEY, { annotations: { 'iter8.tools/approve': 'finish/0' } });
        return stored;
      },
    } as ExperimentStore;
    const { done } = await asking(written, [], {
      clock,
      store: flaky,
      onEvent: (event) => {
        if (event.kind === 'condition' && event.message.startsWith('Finish handler')) away = 5;
      },
    });
    expect(done).toEqual(['finish/1']);
  });
});

describe('what cannot be seen', () => {
  const gate = { task: 'gate', with: { timeout: '60s' } };
  const written = withActions({ start: [LOAD], finish: [gate, { run: 'promote' }] });

  it('an approval in time counts, also where the store was away when the time of the gate was over', async () => {
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    let awayUntilMs = 0;
    const away = storeAfter(store, () => {
      if (clock.now() < awayUntilMs) throw new UnavailableError('the store is away');
    });
    const { done, texts } = await asking(written, [], {
      store: away,
      clock,
      onEvent: (event) => {
        if (!waits(event)) return;
        awayUntilMs = clock.now() + 90_000;
        void store.patchMetadata(KEY, { annotations: { 'iter8.tools/approve': 'finish/0' } });
      },
    });
    expect([done, texts.at(-1)]).toEqual([['finish/1'], 'gate of finish was approved']);
  });

  it.each(['gate', 'pause'])('who is deleted at a %s does not wait on for an answer', async (kind) => {
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    let looks = -1;
    const watched = storeAfter(store, async () => {
      if (looks >= 0) looks += 1;
      if (looks === 5) await store.delete(KEY);
      if (looks === 20) throw new Error('it waits on');
    });
    const driven = asking(written, [], {
      store: watched,
      clock,
      onEvent: (event) => {
        if (kind === 'pause' && event.kind === 'task-started')
          void store.patchMetadata(KEY, { annotations: { 'iter8.tools/pause': 'true' } });
        if (waits(event)) looks = 0;
      },
    });
    await expect(driven).rejects.toThrow('was deleted while it was driven');
  });
});

describe('an experiment that is deleted while its driver only waits', () => {
  it('for another one of its target does not wait on', async () => {
    const clock = fakeClock();
    const store = createMemoryStore({ clock });
    let asked = 0;
    const acquire = async () => {
      asked += 1;
      if (asked === 2) await store.delete(KEY);
      if (asked === 20) throw new Error('it waits on');
      return { heldBy: { identity: 'other', description: 'experiment default/other' } };
    };
    const driven = driveInMemory(withActions({ start: [LOAD] }), { store, clock, targets: { acquire } });
    await expect(driven).rejects.toThrow('was deleted while it was driven');
    expect(asked).toBe(2);
  });

  it('for its next iteration puts traffic back, and is gone, at once', async () => {
    const clock = fakeClock();
    const store = await storeWithMetrics({ requests: { type: 'Counter' }, errors: { sampleSize: 'requests' } }, clock);
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const written = moving();
    let deletedMs = 0;
    const driven = driveInMemory(
      { ...written, spec: { ...written.spec, duration: { intervalSeconds: 3600, iterationsPerLoop: 5 } } },
      {
        store,
        clock,
        traffic,
        metrics: measuring((metric) => (metric === 'requests' ? 1000 : 0)),
        onEvent: (event) => {
          if (event.kind !== 'object' || event.object.status?.message !== 'IterationUpdate: Completed Iteration 1')
            return;
          deletedMs = clock.now();
          void store.delete(KEY);
        },
      },
    );
    await expect(driven).rejects.toThrow('was deleted while it was driven');
    expect(clock.now() - deletedMs).toBeLessThan(60_000);
    expect([...traffic.fields.values()]).toEqual([100, 0]);
  });
});
