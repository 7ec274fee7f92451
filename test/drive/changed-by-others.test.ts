/**
 * Somebody else changes the fields of the weights at some moment: an autoscaler, a GitOps controller that puts back what its
 * manifest says, a colleague. Nothing is written over it, and it is said who that was, unless all was over by then.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Event } from '../../src/drive/events.ts';
import { UnavailableError } from '../../src/errors.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { storeWithMetrics } from '../support/driving.ts';
import { memoryTraffic } from '../support/memory-traffic.ts';
import { runMoving } from '../support/moving-traffic.ts';
import { runs } from '../support/search-depth.ts';

const KEY = { namespace: 'default', name: 'hello-experiment' };
const METRICS = { requests: { type: 'Counter' }, errors: { type: 'Gauge', sampleSize: 'requests' } };
const GATE = { task: 'gate', with: { timeout: '1h' } };

const scenario = fc.record({
  deploymentPattern: fc.constantFrom('Progressive', 'Progressive', 'BlueGreen', 'FixedSplit'),
  /** At this write of a field, or behind so many events, or while a gate waits. */
  moment: fc.oneof(
    fc.record({ kind: fc.constant('write' as const), at: fc.integer({ min: 1, max: 8 }) }),
    fc.record({ kind: fc.constant('event' as const), at: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ kind: fc.constant('gate' as const), at: fc.constant(1) }),
  ),
  /** The manifest in git, what an autoscaler finds right, or the field of one object alone. */
  change: fc.constantFrom('as at the start', 'something else', 'one as at the start', 'one something else'),
  twoObjects: fc.boolean(),
  isBad: fc.boolean(),
  hasGate: fc.boolean(),
});

const TRAFFIC_CHANGED = {
  deploymentPattern: 'Progressive' as const,
  moment: { kind: 'write' as const, at: 3 },
  change: 'something else' as const,
  twoObjects: false,
  isBad: false,
  hasGate: false,
};

it('fails, says who it was, and leaves it to them; traffic that has settled, or is not moved, is no concern of ours', async () => {
  let failed = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ({ deploymentPattern, moment, change, twoObjects, isBad, hasGate }) => {
      const start = { old: 90, new: 10 };
      const traffic = memoryTraffic(start);
      const store = await storeWithMetrics(METRICS);
      let isOver = false;
      let wasWritten = 0;
      let isChange = false;
      /** Whether it was looked at afterwards: it is not, when traffic has settled. */
      let isLookedAt = false;
      const changeNow = () => {
        if (isOver) return;
        isOver = true;
        const [old, fresh] = change.endsWith('start') ? [start.old, start.new] : [61, 39];
        const was = JSON.stringify([...traffic.fields]);
        if (!change.startsWith('one')) traffic.touch('old', old);
        traffic.touch('new', fresh);
        isChange = JSON.stringify([...traffic.fields]) !== was;
        wasWritten = traffic.writes.length;
      };
      let fields = 0;
      let events = 0;
      const perField = () => {
        if (moment.kind === 'write' && (fields += 1) === moment.at) changeNow();
      };
      if (twoObjects) traffic.beforeField = perField;
      else traffic.beforeWrite = perField;
      const objects = {
        ...traffic,
        write: (...args: Parameters<typeof traffic.write>) => {
          const written = traffic.write(...args);
          isLookedAt ||= isOver;
          return written;
        },
      };
      const onEvent = (event: Event) => {
        if (moment.kind === 'event' && (events += 1) === moment.at) changeNow();
        if (event.kind !== 'waiting') return;
        if (moment.kind === 'gate') changeNow();
        void store.patchMetadata(KEY, { annotations: { 'iter8.tools/approve': 'finish/0' } });
      };
      const { verdict, outcome } = await runMoving(objects, isBad ? 0.5 : 0.001, {
        store,
        onEvent,
        spec: { deploymentPattern, iterations: 6, ...(hasGate ? { finish: [GATE, { run: 'notify' }] } : {}) },
        tasks: { run: () => Promise.resolve('done') },
      });
      const record = readRecord(outcome.experiment)!;
      const left = [...traffic.fields.values()];
      const hasFailed = verdict === 'failed';
      if (deploymentPattern === 'FixedSplit') {
        expect([hasFailed, traffic.writes]).toEqual([false, []]);
        return;
      }
      if (hasFailed) {
        failed += 1;
        expect(outcome.recommendation.reasons.join()).toMatch(
          /Route shop at .* holds .*; it was changed by kubectl-edit/,
        );
        expect([isChange, record.traffic!.settled]).toEqual([true, 'left']);
      }
      // Where we knew how it stood, nothing was written over it.
      if (!isChange || wasWritten === 0) return;
      const isAsAtStart = left[0] === start.old && left[1] === start.new;
      if (isLookedAt) expect(hasFailed || isAsAtStart).toBe(true);
      // A write that is under way may put back the same that they do.
      if (!change.startsWith('one'))
        for (const written of traffic.writes.slice(wasWritten)) expect(written).toEqual([start.old, start.new]);
      if (!change.startsWith('one') && !change.endsWith('start')) expect(traffic.writes).toHaveLength(wasWritten);
      expect(left[1]).toBe(change.endsWith('start') ? start.new : 39);
    }),
    // The example makes sure that each run, be it ever so short, has seen a failure.
    { numRuns: runs(100), interruptAfterTimeLimit: 20_000, examples: [[TRAFFIC_CHANGED]] },
  );
  expect(failed).toBeGreaterThan(0);
});

it('what an error left as it was at the start is ours; the same written by somebody else is not', async () => {
  const drive = async (byOthers: boolean) => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const store = await storeWithMetrics(METRICS);
    let isBroken = false;
    traffic.afterWrite = () => {
      isBroken ||= traffic.writes.length === 2;
    };
    const broken = new Proxy(store, {
      get: (target, name) =>
        name === 'patchStatus' && isBroken
          ? () => Promise.reject(new UnavailableError('no route to host'))
          : (Reflect.get(target, name) as () => unknown).bind(target),
    });
    const first = runMoving(traffic, 0.001, { store: broken, spec: { iterations: 8 } });
    await expect(first).rejects.toThrow('no route to host');
    expect([...traffic.fields.values()]).toEqual([100, 0]);
    traffic.afterWrite = () => undefined;
    isBroken = false;
    if (byOthers) traffic.touch('new', 0);
    return runMoving(traffic, 0.001, { store, spec: { iterations: 8 } });
  };
  expect((await drive(false)).verdict).toBe('promote');
  expect((await drive(true)).verdict).toBe('failed');
});
