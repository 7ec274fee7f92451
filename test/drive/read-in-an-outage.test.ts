/** An API server that is away when an experiment needs to read from it what it cannot go on without. */
import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import { hasEnded } from '../../src/experiment/conditions.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { LOAD, withActions } from '../support/asking.ts';
import { conformance, driveInMemory, measuring, writtenMetric, type DriveSetup } from '../support/driving.ts';
import { memoryTraffic } from '../support/memory-traffic.ts';
import { moving } from '../support/moving-traffic.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { fakeClock } from '../support/fake-clock.ts';

/** A store of which `goAway` says when it stops answering, for a minute. */
function storeThatGoesAway() {
  const clock = fakeClock();
  const real = createMemoryStore({ clock });
  let backAtMs = 0;
  const store = new Proxy(real, {
    get: (target, name: keyof typeof real) => {
      const value: unknown = target[name];
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) =>
        clock.now() < backAtMs
          ? Promise.reject(new UnavailableError('does not answer'))
          : (value.apply(target, given) as unknown);
    },
  });
  const goAway = () => {
    if (backAtMs === 0) backAtMs = clock.now() + 60_000;
  };
  const patience = { ms: 600_000, giveUp: new AbortController().signal };
  return { how: { store, clock, patience } satisfies DriveSetup, real, goAway, isAway: () => clock.now() < backAtMs };
}

describe('an API server that is away', () => {
  it('behind a script is waited for: the experiment does not fail, and the script is not done again', async () => {
    const { how, goAway } = storeThatGoesAway();
    const done: string[] = [];
    const run = ({ id }: { readonly id: string }) => {
      goAway();
      return Promise.resolve(String(done.push(id)));
    };
    const { outcome } = await driveInMemory(withActions({ start: [{ run: 'prepare' }, LOAD] }), {
      ...how,
      tasks: { run },
    });
    expect(outcome.recommendation.verdict).not.toBe('failed');
    expect(done).toEqual(['start/0']);
  });

  it('when the load has ended is waited for: nothing that was measured is lost', async () => {
    const { how, real, goAway } = storeThatGoesAway();
    await real.createMetric(writtenMetric('orders'));
    const written = conformance({ objectives: [{ metric: 'orders', upperLimit: '5' }] });
    const { outcome } = await driveInMemory(written, {
      ...how,
      metrics: measuring(() => 1),
      onEvent: ({ kind }) => void (kind === 'load' && goAway()),
    });
    expect(hasEnded(outcome.experiment)).toBe(true);
    expect(readRecord(outcome.experiment)?.scopes[0]?.tally.response.n).toBe(100);
  });

  it('before it is known how traffic is split is waited for', async () => {
    const { how, real, goAway, isAway } = storeThatGoesAway();
    await real.createMetric(writtenMetric('requests', { type: 'Counter' }));
    await real.createMetric(writtenMetric('errors', { sampleSize: 'requests' }));
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const read: typeof traffic.read = (...given) =>
      isAway() ? Promise.reject(new UnavailableError('does not answer')) : traffic.read(...given);
    const { outcome } = await driveInMemory(moving({ iterations: 2 }), {
      ...how,
      traffic: { ...traffic, read },
      metrics: measuring((metric) => (metric === 'requests' ? 1000 : 0)),
      onEvent: (event) => void (event.kind === 'object' && event.object.status?.metrics !== undefined && goAway()),
    });
    expect(hasEnded(outcome.experiment)).toBe(true);
    expect(traffic.writes.length).toBeGreaterThan(0);
  });
});
