/** Traffic that was put back when a drive broke off, and whoever goes on. */
import { expect, it } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import type { ExperimentStore } from '../../src/drive/ports.ts';
import { driveInMemory, measuring, storeWithMetrics } from '../support/driving.ts';
import { memoryTraffic } from '../support/memory-traffic.ts';
import { moving } from '../support/moving-traffic.ts';

it('traffic that was put back when a drive broke off is no traffic that leaves its weights', async () => {
  const traffic = memoryTraffic({ old: 100, new: 0 });
  const real = await storeWithMetrics({
    requests: { type: 'Counter' },
    errors: { type: 'Gauge', sampleSize: 'requests' },
  });
  let away = false;
  const store: ExperimentStore = new Proxy(real, {
    get: (of, name) => {
      const member = Reflect.get(of, name) as unknown;
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) =>
        name === 'patchStatus' && away
          ? Promise.reject(new UnavailableError('no route to host'))
          : (member as (...all: unknown[]) => unknown).apply(of, args);
    },
  });
  let k = 0;
  const base = moving({ iterations: 10 });
  const written = {
    ...base,
    spec: { ...base.spec, criteria: { ...base.spec.criteria, requestCount: 'default/requests' } },
  };
  const count = (version: string, n: number) => {
    const all = (traffic.counted.get(version) ?? 0) + Math.round((n * Number(traffic.fields.get(version) ?? 0)) / 100);
    traffic.counted.set(version, all);
    return all;
  };
  const metrics = measuring((metric, version) => {
    if (metric === 'errors') {
      if (version === 'new' && (k += 1) === 5) away = true;
      return Number(traffic.fields.get(version)) === 0 ? undefined : 0.001;
    }
    return count(version, 1_000);
  });
  const setup = { store, traffic, metrics };
  await expect(driveInMemory(written, setup)).rejects.toThrow('no route to host');
  expect([...traffic.fields.values()]).toEqual([100, 0]); // put back
  away = false;
  // Nobody drives it for a while: users are served by the old version.
  for (const version of ['old', 'new']) count(version, 100_000);
  const { outcome } = await driveInMemory(written, setup);
  const said = JSON.stringify(outcome.experiment.status).match(/traffic does not follow its weights: [^"]*/g);
  expect(said).toBeNull();
});
