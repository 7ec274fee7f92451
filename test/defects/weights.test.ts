/** Defects of Iter8 0.7 (docs/contract.md 8) in where traffic should go. See table.test.ts. */
import { expect, it } from 'vitest';
import { withDefaults } from '../../src/experiment/defaults.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import { compileQuestion } from '../../src/judge/question/question.ts';
import { recommendedWeights } from '../../src/traffic/recommended-weights.ts';
import { canary, conformance, driveInMemory, failing, healthy, withWeights } from '../support/driving.ts';

it('11: equal shares that are not whole are rounded the same way every time', () => {
  const base = conformance();
  const experiment = withDefaults(
    {
      ...base,
      spec: {
        ...base.spec,
        strategy: { testingPattern: 'A/B/N', weights: { maxCandidateWeightIncrement: 100 } },
        criteria: { rewards: [{ metric: 'sales', preferredDirection: 'High' }] },
        versionInfo: withWeights('a', 'b', 'c', 'd'),
      },
      status: { currentWeightDistribution: ['a', 'b', 'c', 'd'].map((name) => ({ name, value: 25 })) },
    },
    { namespace: 'default' },
  );
  const best = ['b', 'c', 'd'];
  const values = Object.fromEntries(['a', ...best].map((name) => [name, { value: 1 }]));
  const split = () =>
    recommendedWeights(experiment, compileQuestion(experiment), {
      assessments: [],
      rewardResult: { metric: 'sales', preferred: 'High', state: 'open', best, values, reason: '' },
      seed: 1,
    }).map(({ value }) => value);
  const first = split();
  expect(first.reduce((sum, value) => sum + value, 0)).toBe(100);
  expect(new Set(first.slice(1)).size).toBe(2); // 95 % in three parts: the tie is there
  for (let k = 0; k < 20; k++) expect(split()).toEqual(first);
});

it('21: a rollback takes the recommendation back from the failed candidate', async () => {
  const collect = (n: number) => ({
    task: 'metrics/collect',
    with: {
      numQueries: n,
      qps: 50,
      versions: [
        { name: 'old', url: 'http://old.test/' },
        { name: 'new', url: 'http://new.test/' },
      ],
    },
  });
  const base = canary({
    objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.01', rollback_on_failure: true }],
    strength: { extend: false },
  });
  const written: WrittenExperiment = {
    ...base,
    spec: {
      ...base.spec,
      strategy: { testingPattern: 'Canary', actions: { start: [collect(400)], loop: [collect(401)] } },
      duration: { intervalSeconds: 1, iterationsPerLoop: 1, maxLoops: 3 },
      versionInfo: withWeights('old', 'new'),
    },
  };
  let loads = 0;
  const { outcome, states } = await driveInMemory(written, {
    service: (version, k) => {
      if (version === 'new' && k === 0) loads += 1;
      return (version === 'new' && loads > 1 ? failing(2) : healthy)(version, k);
    },
  });
  const reported = states.map(({ status }) => status?.versionRecommendedForPromotion);
  expect([...new Set(reported.filter((name) => name !== undefined))]).toEqual(['old', 'new']);
  const { status } = outcome.experiment;
  expect(status!.message).toBe('ExperimentCompleted: Experiment rolled back');
  expect(status!.versionRecommendedForPromotion).toBe('old');
  expect(status!.analysis!.winnerAssessment!.data).toEqual({ winnerFound: true, winner: 'old' });
  expect(status!.analysis!.weights!.data).toEqual([
    { name: 'old', value: 95 },
    { name: 'new', value: 5 },
  ]);
  expect(outcome.recommendation).toMatchObject({ verdict: 'do not promote', version: 'old' });
});
