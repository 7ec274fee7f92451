/** Pods as weights, while a backend does not answer: nobody gets more of them, and nobody less. */
import { expect, it } from 'vitest';
import { driveInMemory, measuring, storeWithMetrics } from '../support/driving.ts';
import { memoryTraffic } from '../support/memory-traffic.ts';
import { moving } from '../support/moving-traffic.ts';

/** Pods of the candidate of so many, as they were written; the backend answers at the first iterations alone. */
async function candidatePods(
  total: number,
  { answers, silent }: { readonly answers: number; readonly silent: string[] },
) {
  const base = moving({ iterations: answers + 4 });
  const { baseline, candidates = [] } = base.spec.versionInfo!;
  const withPods = (version: typeof baseline) => ({
    ...version,
    weightObjRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: version.name, fieldPath: '.spec.replicas' },
  });
  const traffic = memoryTraffic({ old: total, new: 0 });
  const asked = new Map<string, number>();
  await driveInMemory(
    {
      ...base,
      spec: { ...base.spec, versionInfo: { baseline: withPods(baseline), candidates: candidates.map(withPods) } },
    },
    {
      traffic,
      store: await storeWithMetrics({
        requests: { type: 'Counter' },
        errors: { type: 'Gauge', sampleSize: 'requests' },
      }),
      metrics: measuring((metric, version) => {
        if (metric === 'requests') return 10;
        const nth = (asked.get(version) ?? 0) + 1;
        asked.set(version, nth);
        const hasNone = traffic.fields.get(version) === 0;
        return hasNone || (nth > answers && silent.includes(version)) ? undefined : 0.001;
      }),
    },
  );
  return traffic.writes.map(([, candidate]) => candidate);
}

it.each([
  [6, ['old', 'new'], 2, [1, 2, 0]],
  [6, ['new'], 2, [1, 2, 0]],
  [7, ['old', 'new'], 3, [1, 2, 3, 0]],
  [12, ['old', 'new'], 4, [1, 2, 3, 4, 0]],
])('of %d pods, while %j say nothing from iteration %d on', async (total, silent, answers, expected) => {
  // Mutation: in src/traffic/progressive-weights.ts, `Math.floor(Math.min(presentPercent(version), maxCandidateWeight))` -> `Math.min(presentPercent(version), maxCandidateWeight)`
  expect(await candidatePods(total, { answers, silent })).toEqual(expected);
});
