/** Settings of an objective do not stand in the way of other objectives. */
import { expect, it } from 'vitest';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { replayObject, replayRecord } from '../../src/replay/replay.ts';
import { conformance, driveInMemory } from '../support/driving.ts';

const mean = { metric: 'iter8-system/mean-latency', upperLimit: '300' };
const strength = {
  cap: [{ metric: mean.metric, max: '2000' }],
  noDataFor: [{ metric: mean.metric, verdict: 'violated' }],
};

const measured = async () => (await driveInMemory(conformance({ objectives: [mean], strength }))).outcome.experiment;

it('judges by objectives on another metric than those that had a cap', async () => {
  const objectives = [{ metric: 'iter8-system/latency-95th-percentile', upperLimit: '300' }];
  const again = replayObject(await measured(), { strength: {}, objectives });
  expect(readRecord(again)!.recommendation?.verdict).toBe('promote');
  expect(again.spec.criteria.strength).toEqual({ cap: [], noDataFor: [] });
});

it('keeps the cap of a metric that is asked about still', async () => {
  const replayed = (upperLimit: string) => async () =>
    replayObject(await measured(), { strength: {}, objectives: [{ ...mean, upperLimit }] });
  expect((await replayed('400')()).spec.criteria.strength).toEqual(strength);
  await expect(replayed('3000')()).rejects.toThrow(/cannot be judged by these objectives/);
});

it('takes a mean up to the timeout that was waited for, not the one that the new objectives would have', async () => {
  // One in six takes 15 s, which is within the timeout of 16 s, twice the limit of 8 s: the mean is 2.5 s.
  const { outcome, log } = await driveInMemory(
    conformance({
      objectives: [{ metric: 'iter8-system/latency-75th-percentile', upperLimit: '8000' }],
      collect: { numQueries: 3000 },
    }),
    { service: (_, k) => ({ latencyMs: k % 6 === 0 ? 15_000 : 5, code: '200' }) },
  );
  const change = { strength: {}, objectives: [{ ...mean, upperLimit: '2000' }] };
  const lines = JSON.parse(JSON.stringify(log)) as object[];
  for (const again of [replayObject(outcome.experiment, change), replayRecord(lines, change)]) {
    const { recommendation, assessments } = readRecord(again)!;
    expect(recommendation?.verdict).toBe('do not promote');
    expect(assessments[0]!.estimate).toBeCloseTo(2504, 0);
  }
});

it('refuses the cap of a metric that nobody ever asked about', async () => {
  const ran = await measured();
  const cap = [{ metric: 'iter8-system/mean-latancy', max: '2000' }];
  const misspelt = { ...ran, spec: { ...ran.spec, criteria: { ...ran.spec.criteria, strength: { cap } } } };
  const objectives = [{ metric: 'iter8-system/error-rate', upperLimit: '0.1' }];
  expect(() => replayObject(misspelt, { strength: {}, objectives })).toThrow(/cannot be judged by these objectives/);
});
