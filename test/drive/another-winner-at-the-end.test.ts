/** Load among the finish tasks may find another winner than the one that traffic has gone to meanwhile. */
import { expect, it } from 'vitest';
import { driveInMemory, onHello, withWeights } from '../support/driving.ts';
import { memoryTraffic } from '../support/memory-traffic.ts';
import type { Service } from '../support/simulated-load.ts';

it('traffic goes on to the version that wins by load among the finish tasks', async () => {
  const names = ['old', 'new', 'third'];
  const collect = {
    task: 'metrics/collect',
    with: { numQueries: 100, qps: 50, versions: names.map((name) => ({ name, url: `http://${name}.test/` })) },
  };
  const written = onHello({
    strategy: {
      testingPattern: 'A/B/N',
      deploymentPattern: 'Progressive',
      actions: { start: [collect], finish: [collect, { run: 'promote' }] },
    },
    criteria: {
      rewards: [{ metric: 'iter8-system/mean-latency', preferredDirection: 'Low' }],
      strength: { confidence: 'none' },
    },
    duration: { intervalSeconds: 10, iterationsPerLoop: 1 },
    versionInfo: withWeights('old', 'new', 'third'),
  });
  const asked = new Map<string, number>();
  /** `new` is the fastest in the first load, and the slowest in the second. */
  const service: Service = (version) => {
    const k = asked.get(version) ?? 0;
    asked.set(version, k + 1);
    const latencyMs = { old: 50, new: k < 100 ? 5 : 400, third: 20 }[version]!;
    return { latencyMs, code: '200' };
  };
  const traffic = memoryTraffic({ old: 100, new: 0, third: 0 });
  const atTasks: unknown[] = [];
  const tasks = { run: () => Promise.resolve(String(atTasks.push([...traffic.fields.values()]))) };
  const { outcome } = await driveInMemory(written, { traffic, service, tasks });
  expect(outcome.recommendation).toMatchObject({ verdict: 'promote', version: 'third' });
  expect(traffic.writes).toEqual([
    [0, 100, 0],
    [0, 0, 100],
  ]);
  expect(atTasks).toEqual([[0, 0, 100]]);
});
