/** Settings of an objective do not stand in the way of other objectives. */
import { expect, it } from 'vitest';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { replayObject } from '../../src/replay/replay.ts';
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

it('refuses the cap of a metric that nobody ever asked about', async () => {
  const ran = await measured();
  const cap = [{ metric: 'iter8-system/mean-latancy', max: '2000' }];
  const misspelt = { ...ran, spec: { ...ran.spec, criteria: { ...ran.spec.criteria, strength: { cap } } } };
  const objectives = [{ metric: 'iter8-system/error-rate', upperLimit: '0.1' }];
  expect(() => replayObject(misspelt, { strength: {}, objectives })).toThrow(/cannot be judged by these objectives/);
});
