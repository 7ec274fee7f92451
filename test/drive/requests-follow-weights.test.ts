/** Requests that follow the weights are never said to leave them, whatever their counter counts since. */
import { expect, it } from 'vitest';
import { changesAfter } from '../support/changing-builds.ts';
import { driveInMemory, measuring, storeWithMetrics } from '../support/driving.ts';
import { memoryTraffic } from '../support/memory-traffic.ts';
import { moving } from '../support/moving-traffic.ts';

const warnings = (status: unknown) => [
  ...new Set(JSON.stringify(status).match(/traffic does not follow its weights: [^"]*/g) ?? []),
];

it.each([
  ['elapsed', undefined],
  ['fixed window', 'http://metrics.test/?q=sum(increase(requests[10s]))'],
])('%s: requests that follow the weights', async (what, urlTemplate) => {
  const traffic = memoryTraffic({ old: 100, new: 0 });
  const store = await storeWithMetrics({
    requests: { type: 'Gauge', ...(urlTemplate === undefined ? {} : { urlTemplate }) },
    samples: { type: 'Counter' },
    errors: { type: 'Gauge', sampleSize: 'samples' },
  });
  const base = moving({ iterations: 6 });
  const { outcome } = await driveInMemory(
    { ...base, spec: { ...base.spec, criteria: { ...base.spec.criteria, requestCount: 'default/requests' } } },
    {
      store,
      traffic,
      metrics: measuring((metric, version) => {
        const now = Math.round(100 * Number(traffic.fields.get(version) ?? 0));
        if (metric === 'errors') return now === 0 ? undefined : 0.001;
        const all = (traffic.counted.get(`${metric} ${version}`) ?? 0) + now;
        traffic.counted.set(`${metric} ${version}`, all);
        return metric === 'requests' && what !== 'elapsed' ? now : all;
      }),
    },
  );
  expect(warnings(outcome.experiment.status)).toEqual([]);
});

it('measured again, requests that follow the weights', async () => {
  const traffic = memoryTraffic({ old: 95, new: 5 });
  const store = await storeWithMetrics({
    requests: { type: 'Counter' },
    errors: { type: 'Gauge', sampleSize: 'requests' },
  });
  const builds = changesAfter(4);
  let lastElapsed = 0;
  let isRestarted = false;
  let since = 0;
  const base = moving({ iterations: 10, rollBack: false, strength: { onChange: 'restart' } });
  const written = {
    ...base,
    spec: { ...base.spec, criteria: { ...base.spec.criteria, requestCount: 'default/requests' } },
  };
  const { outcome } = await driveInMemory(written, {
    store,
    traffic,
    builds,
    metrics: measuring((metric, version, { elapsedSeconds }) => {
      if (elapsedSeconds < lastElapsed) {
        traffic.counted.clear();
        isRestarted = true;
        since = 0;
      }
      lastElapsed = elapsedSeconds;
      if (metric === 'errors') {
        if (version === 'new') since += 1;
        // The new build is bad for its first four iterations, when it has a cold cache.
        return version === 'new' && isRestarted && since < 5 ? 0.06 : 0.001;
      }
      const all = (traffic.counted.get(version) ?? 0) + 10 * Number(traffic.fields.get(version) ?? 0);
      traffic.counted.set(version, all);
      return all;
    }),
  });
  expect(warnings(outcome.experiment.status)).toEqual([]);
});
