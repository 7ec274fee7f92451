/** A reward that our own load measures: what is shown of it while load is under way is what the answer says. */
import { expect, it } from 'vitest';
import { createLoadGenerator } from '../../src/adapters/load/load-generator.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { canary, driveInMemory } from '../support/driving.ts';
import { VirtualTime, virtualWorkers } from '../support/virtual-time.ts';

it('names the winner of a loop as soon as the answer does', async () => {
  const time = new VirtualTime();
  const base = canary({ objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.05' }] });
  const { strategy, criteria } = base.spec;
  const versions = ['old', 'new'].map((name) => ({ name, url: `http://${name}.test/` }));
  const load = { task: 'metrics/collect', with: { qps: 40, numQueries: 60, timeout: '1s', versions } };
  const virtual = virtualWorkers(time, (url) => ({ latencyMs: url.includes('new') ? 100 : 200, code: 200 }), {
    workers: 2,
  });
  const { states, outcome } = await time.during(
    driveInMemory(
      {
        ...base,
        spec: {
          ...base.spec,
          strategy: { ...strategy, testingPattern: 'A/B', actions: { loop: [load] } },
          criteria: {
            ...criteria,
            rewards: [{ metric: 'iter8-system/mean-latency', preferredDirection: 'Low' }],
            strength: { cap: [{ metric: 'iter8-system/mean-latency', max: 500 }], extend: false },
          },
          duration: { intervalSeconds: 60, iterationsPerLoop: 1, maxLoops: 4 },
        },
      },
      { clock: time.clock, load: createLoadGenerator({ startWorkers: virtual.startWorkers }) },
    ),
    3_600_000,
  );
  expect(outcome.recommendation).toMatchObject({ verdict: 'promote', version: 'new' });
  const winners = states.flatMap((state) => {
    const { recommendation, rewardResult } = readRecord(state) ?? {};
    return recommendation?.verdict === 'promote' ? [rewardResult?.winner] : [];
  });
  expect(new Set(winners)).toEqual(new Set(['new']));
});
