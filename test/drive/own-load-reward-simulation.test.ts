/** A reward that our own load counts: every version is compared with every other, request by request. */
import { expect, it } from 'vitest';
import { createLoadGenerator } from '../../src/adapters/load/load-generator.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { conformance, driveInMemory } from '../support/driving.ts';
import { seeded } from '../support/seeded.ts';
import { VirtualTime, virtualWorkers } from '../support/virtual-time.ts';

async function rewardOf(latencyMs: Readonly<Record<string, number>>) {
  const time = new VirtualTime();
  const names = Object.keys(latencyMs);
  const base = conformance();
  const service = (url: string, k: number) => {
    const random = seeded(k * 31 + url.charCodeAt(7));
    random();
    return { latencyMs: latencyMs[url.charAt(7)]! * (0.5 + random()), code: 200 };
  };
  const virtual = virtualWorkers(time, service, { workers: 2 });
  const { outcome } = await time.during(
    driveInMemory(
      {
        ...base,
        spec: {
          ...base.spec,
          strategy: {
            testingPattern: 'A/B/N',
            deploymentPattern: 'FixedSplit',
            actions: {
              start: [
                {
                  task: 'metrics/collect',
                  with: {
                    qps: 40,
                    numQueries: 500,
                    timeout: '1s',
                    versions: names.map((name) => ({ name, url: `http://${name}.test/` })),
                  },
                },
              ],
            },
          },
          criteria: {
            objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.05' }],
            rewards: [{ metric: 'iter8-system/mean-latency', preferredDirection: 'Low' }],
            strength: { cap: [{ metric: 'iter8-system/mean-latency', max: 500 }] },
          },
          duration: { intervalSeconds: 1, iterationsPerLoop: 1, maxLoops: 1 },
          versionInfo: { baseline: { name: 'a' }, candidates: names.slice(1).map((name) => ({ name })) },
        },
      },
      { clock: time.clock, load: createLoadGenerator({ startWorkers: virtual.startWorkers }) },
    ),
    3_600_000,
  );
  return readRecord(outcome.experiment)!.rewardResult!;
}

it('is won by the best of three versions, whichever it is', async () => {
  expect(await rewardOf({ a: 200, b: 150, c: 40 })).toMatchObject({ state: 'winner', winner: 'c' });
  expect(await rewardOf({ a: 200, b: 40, c: 150 })).toMatchObject({ state: 'winner', winner: 'b' });
  expect(await rewardOf({ a: 40, b: 200, c: 150 })).toMatchObject({ state: 'winner', winner: 'a' });
});

it('is won by nobody where the two best are equal', async () => {
  expect((await rewardOf({ a: 200, b: 40, c: 40 })).state).toBe('open');
});
