/** Where traffic is when a drive has ended before its experiment has, and what the next one makes of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { storeWithMetrics } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { memoryTraffic } from '../support/memory-traffic.ts';
import { runMoving } from '../support/moving-traffic.ts';
import { runs } from '../support/search-depth.ts';

describe('a drive that ends early', () => {
  it('puts traffic back when it is stopped, and the next one goes on from there', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const stop = new AbortController();
    traffic.afterWrite = () => {
      if (traffic.writes.length === 3) stop.abort(new Error('stopped'));
    };
    const first = await runMoving(traffic, 0.001, { options: { stop: stop.signal }, spec: { iterations: 8 } });
    expect(first.outcome.interrupted).toBe(true);
    expect([...traffic.fields.values()]).toEqual([100, 0]);
    expect(first.status.currentWeightDistribution).toEqual([
      { name: 'old', value: 100 },
      { name: 'new', value: 0 },
    ]);
    traffic.afterWrite = () => undefined;
    traffic.writes.length = 0;
    const second = await runMoving(traffic, 0.001, { store: first.store, spec: { iterations: 8 } });
    expect(second.verdict).toBe('promote');
    expect(traffic.writes[0]).toEqual([95, 5]);
    expect(traffic.writes.at(-1)).toEqual([0, 100]);
  });

  it.each(['stop', 'lost'] as const)(
    'takes no iteration from a BlueGreen experiment: the next one (%s) moves all of it before it measures',
    async (how) => {
      for (let saves = 1; saves <= 5; saves += 1) {
        const traffic = memoryTraffic({ old: 100, new: 0 });
        const end = new AbortController();
        const spec = { deploymentPattern: 'BlueGreen', iterations: 4 };
        let left = saves;
        const first = await runMoving(traffic, 0.001, {
          spec,
          options: { [how]: end.signal },
          onEvent: (event) => {
            const hasBegun = event.kind === 'object' && event.object.status?.startTime !== undefined;
            if (hasBegun && (left -= 1) === 0) end.abort(new Error('ended'));
          },
        });
        const { verdict } = await runMoving(traffic, 0.001, { store: first.store, spec });
        expect([saves, verdict, ...traffic.fields.values()]).toEqual([saves, 'promote', 0, 100]);
      }
    },
  );

  it('says that traffic was not put back when it is stopped while the API server is away', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const stop = new AbortController();
    traffic.afterWrite = () => {
      if (traffic.writes.length < 2) return;
      stop.abort(new Error('stopped'));
      traffic.beforeWrite = () => {
        throw new UnavailableError('no route to host');
      };
    };
    const { outcome, store } = await runMoving(traffic, 0.001, {
      options: { stop: stop.signal },
      spec: { iterations: 8 },
    });
    expect(outcome.interrupted).toBe(true);
    // The second change may have been made: its answer is all that is known to be missing.
    expect(readRecord(outcome.experiment)!.warnings).toContain(
      'traffic was not put back: no route to host; it may still be split old 85 %, new 15 %, or old 100 %, new 0 % (before the experiment: old 100 %, new 0 %); whoever drives it next goes on from there, or set the weights by hand',
    );
    traffic.beforeWrite = () => undefined;
    traffic.afterWrite = () => undefined;
    expect((await runMoving(traffic, 0.001, { store, spec: { iterations: 8 } })).verdict).toBe('promote');
    expect([...traffic.fields.values()]).toEqual([0, 100]);
  });

  it('puts traffic back when it is deleted while it is driven', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const store = await storeWithMetrics({
      requests: { type: 'Counter' },
      errors: { type: 'Gauge', sampleSize: 'requests' },
    });
    traffic.afterWrite = () => {
      if (traffic.writes.length === 2) void store.delete({ namespace: 'default', name: 'hello-experiment' });
    };
    await expect(runMoving(traffic, 0.001, { store })).rejects.toThrow('was deleted while it was driven');
    expect([...traffic.fields.values()]).toEqual([100, 0]);
  });

  it('leaves traffic alone when somebody else drives it now', async () => {
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const lost = new AbortController();
    traffic.afterWrite = () => {
      if (traffic.writes.length === 2) lost.abort(new Error('lost'));
    };
    await runMoving(traffic, 0.001, { options: { lost: lost.signal, stop: lost.signal } });
    expect(traffic.writes).toHaveLength(2);
  });

  it('raises no weight on no time: iterations that were due while nobody drove come one interval after another', async () => {
    const clock = fakeClock();
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const store = await storeWithMetrics(
      { requests: { type: 'Counter' }, errors: { type: 'Gauge', sampleSize: 'requests' } },
      clock,
    );
    const times: number[] = [];
    const stop = new AbortController();
    traffic.afterWrite = () => void times.push(clock.now());
    const setup = { store, clock, spec: { iterations: 8 } };
    await runMoving(traffic, 0.001, {
      ...setup,
      options: { stop: stop.signal },
      onEvent: (event) => {
        if (event.kind === 'condition' && event.message === 'Completed Iteration 2') stop.abort();
      },
    });
    clock.advance(300_000);
    times.length = 0;
    expect((await runMoving(traffic, 0.001, setup)).verdict).toBe('promote');
    const apart = times.slice(1, -1).map((time, index) => time - times[index]!);
    expect(apart.length).toBeGreaterThan(2);
    expect(Math.min(...apart)).toBeGreaterThanOrEqual(10_000);
  });

  it('killed at any write, before or after it: the next one ends what was begun, and the end is as ever', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 7 }),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        async (at, isAfter, isGood, isPartial) => {
          const traffic = memoryTraffic({ old: 100, new: 0 });
          let writes = 0;
          const die = () => {
            throw new Error('killed');
          };
          traffic.beforeWrite = () => {
            if (writes === at && !isAfter) die();
          };
          traffic.afterWrite = () => {
            if (writes++ === at && isAfter) {
              // One of two objects was written.
              if (isPartial && traffic.writes.length > 1) traffic.fields.set('old', traffic.writes.at(-2)![0]!);
              die();
            }
          };
          const store = await storeWithMetrics({
            requests: { type: 'Counter' },
            errors: { type: 'Gauge', sampleSize: 'requests' },
          });
          const share = isGood ? 0.001 : 0.5;
          const spec = { rollBack: false, iterations: 5 };
          await runMoving(traffic, share, { store, spec }).catch(() => undefined);
          traffic.beforeWrite = () => undefined;
          traffic.afterWrite = () => undefined;
          const { verdict, outcome } = await runMoving(traffic, share, { store, spec });
          expect(outcome.interrupted).toBe(false);
          expect(verdict).toBe(isGood ? 'promote' : 'do not promote');
          expect([...traffic.fields.values()]).toEqual(isGood ? [0, 100] : [100, 0]);
        },
      ),
      { numRuns: runs(60) },
    );
  });
});
