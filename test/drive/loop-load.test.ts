/** Load that loop tasks send: while more of it is to come, nothing is missing yet, and no count is final. */
import { describe, expect, it } from 'vitest';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { replayObject, replayRecord } from '../../src/replay/replay.ts';
import { conformance, driveInMemory, healthy } from '../support/driving.ts';
import type { Service } from '../support/simulated-load.ts';

const collect = {
  task: 'metrics/collect',
  with: { numQueries: 100, qps: 50, versions: [{ name: 'hello', url: 'http://hello.test/' }] },
};
const METRIC = 'iter8-system/';

/** Four loops, each with 100 requests behind its iteration. */
async function looped(objective: object, strength: object = {}, service: Service = healthy) {
  const driven = await driveInMemory(
    conformance({
      objectives: [{ rollback_on_failure: true, ...objective }],
      strength: { extend: false, ...strength },
      actions: { loop: [collect] },
      duration: { intervalSeconds: 1, iterationsPerLoop: 1, maxLoops: 4 },
    }),
    { service },
  );
  const { experiment, recommendation } = driven.outcome;
  const replayed = [
    replayRecord(JSON.parse(JSON.stringify(driven.log)) as object[], { strength: {} }),
    replayObject(experiment, { strength: {} }),
  ];
  for (const one of replayed) expect(readRecord(one)!.recommendation).toEqual(recommendation);
  return { loads: driven.load.plans.length, verdict: recommendation.verdict, events: driven.events };
}

describe('while loops are to come', () => {
  it.each([
    ['a count that is not reached yet is not violated', { metric: `${METRIC}request-count`, lowerLimit: '300' }, {}],
    ['nor is it without confidence', { metric: `${METRIC}request-count`, lowerLimit: '300' }, { confidence: 'none' }],
    ['no request is no missing data', { metric: `${METRIC}error-rate`, upperLimit: '0.05' }, { noData: 'violated' }],
    [
      'a count that is not exceeded yet is not satisfied',
      { metric: `${METRIC}error-count`, upperLimit: '5' },
      { stopEarly: true },
    ],
  ])('%s', async (_, objective, strength) => {
    expect(await looped(objective, strength)).toMatchObject({ loads: 4, verdict: 'promote' });
  });

  it('a count that is exceeded is violated at once, and one that was not reached at the end', async () => {
    const errors = { metric: `${METRIC}error-count`, upperLimit: '5' };
    const broken: Service = () => ({ latencyMs: 20, code: '503' });
    expect(await looped(errors, {}, broken)).toMatchObject({ loads: 1, verdict: 'do not promote' });
    const requests = { metric: `${METRIC}request-count`, lowerLimit: '500' };
    expect(await looped(requests)).toMatchObject({ loads: 4, verdict: 'do not promote' });
  });
});
