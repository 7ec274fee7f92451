/** What a pause holds near the end of an experiment: nothing that has ended waits for anybody, and no traffic moves meanwhile. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/drive/events.ts';
import { hasEnded, hasFailed } from '../../src/experiment/conditions.ts';
import { asking, KEY, LOAD, waits, withActions } from '../support/asking.ts';
import { storeWithMetrics, type DriveSetup } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { memoryTraffic } from '../support/memory-traffic.ts';
import { runMoving } from '../support/moving-traffic.ts';

const PAUSE = { 'iter8.tools/pause': 'true by bob' };
const RESUME = { 'iter8.tools/pause': 'false by bob' };

describe('an experiment that is paused while it comes to its end', () => {
  const written = withActions({ start: [LOAD], finish: [{ run: 'last' }] });
  /** Somebody resumes it where it waits for that. */
  const pausedOn = (on: (event: Event) => boolean, setup: DriveSetup = {}) =>
    asking(
      written,
      [
        { on, write: PAUSE },
        { on: waits, write: RESUME },
      ],
      setup,
    );

  it('has ended when it fails: nobody has to resume it', async () => {
    const isLoaded = ({ kind }: Event) => kind === 'load';
    const { drive, texts } = await pausedOn(isLoaded, { service: () => ({ latencyMs: 1, code: 'connect' }) });
    expect([hasFailed(drive.outcome.experiment), texts]).toEqual([true, []]);
  });

  it('has ended when it completes', async () => {
    const isLast = (event: Event) => event.kind === 'condition' && event.reason === 'ExperimentCompleted';
    const { drive, texts } = await pausedOn(isLast);
    expect([hasEnded(drive.outcome.experiment), texts]).toEqual([true, []]);
  });
});

it('a gate that is the last task, approved while it is paused, moves no traffic until it is resumed', async () => {
  const clock = fakeClock();
  const store = await storeWithMetrics(
    { requests: { type: 'Counter' }, errors: { type: 'Gauge', sampleSize: 'requests' } },
    clock,
  );
  const annotate = (annotations: Readonly<Record<string, string>>) => void store.patchMetadata(KEY, { annotations });
  const traffic = memoryTraffic({ old: 100, new: 0 });
  const splits: unknown[] = [];
  const drive = await runMoving(traffic, 0.001, {
    clock,
    store,
    spec: { finish: [{ task: 'gate', with: { timeout: '1h' } }] },
    onEvent: (event) => {
      if (!waits(event)) return;
      splits.push([...traffic.fields.values()]);
      if (event.kind === 'waiting' && event.text.startsWith('gate'))
        annotate({ ...PAUSE, 'iter8.tools/approve': 'finish/0 by alice' });
      else annotate(RESUME);
    },
  });
  expect(drive.verdict).toBe('promote');
  const [atTheGate, whilePaused] = splits;
  expect(whilePaused).toEqual(atTheGate);
  expect([...traffic.fields.values()]).toEqual([0, 100]);
});
