/** Which versions the weights may favour: not those with an alarm, and none in an iteration that measured nothing. */
import { expect, it } from 'vitest';
import { addContestBlock, startContest } from '../../src/evidence/two-versions/best-version.ts';
import { plainExperiment } from '../support/plain-experiment.ts';
import type { LimitAssessment } from '../../src/judge/assessment.ts';
import { compileQuestion } from '../../src/judge/question/question.ts';
import { recommendedWeights, type WeightFacts } from '../../src/traffic/recommended-weights.ts';

const VERSIONS = ['old', 'one', 'two', 'three'];
const METRIC = 'd/conversion';

function weights(now: readonly number[], facts: Omit<WeightFacts, 'seed'>, policy?: 'bandit'): Record<string, number> {
  const experiment = {
    ...plainExperiment(
      {
        strategy: { testingPattern: 'A/B/N', deploymentPattern: 'Progressive' },
        criteria: {
          rewards: [{ metric: METRIC, preferredDirection: 'High' }],
          objectives: [{ metric: 'd/errors', upperLimit: '0.01' }],
          ...(policy === undefined ? {} : { strength: { policy } }),
        },
        versionInfo: {
          baseline: { name: 'old' },
          candidates: VERSIONS.slice(1).map((name) => ({ name })),
        },
      },
      { namespace: 'n' },
    ),
    status: { currentWeightDistribution: VERSIONS.map((name, i) => ({ name, value: now[i]! })) },
  };
  return Object.fromEntries(
    recommendedWeights(experiment, compileQuestion(experiment), { ...facts, seed: 1 }).map(({ name, value }) => [
      name,
      value,
    ]),
  );
}

const assessed = (version: string, verdict: LimitAssessment['verdict']): LimitAssessment => ({
  version,
  objective: 0,
  metric: 'd/errors',
  side: 'upper',
  limit: 0.01,
  unit: 'plain',
  method: 'evidence',
  verdict,
  n: 1000,
  estimate: verdict === 'violated' ? 0.1 : 0.001,
});

it('a version with an alarm is no arm of the bandit, however much it earns', () => {
  let contest = startContest({
    versions: VERSIONS,
    reward: { kind: 'share' },
    preferred: 'high',
    marginPercent: 0,
  });
  const rates = { old: 100, one: 200, two: 50, three: 100 };
  contest = addContestBlock(contest, new Map(Object.entries(rates).map(([name, sum]) => [name, { n: 1000, sum }])));
  const next = weights(
    [48, 0, 29, 23],
    {
      assessments: VERSIONS.map((name) => assessed(name, name === 'one' ? 'violated' : 'satisfied')),
      reward: { metric: METRIC, contest, values: {} },
    },
    'bandit',
  );
  expect(next['one']).toBe(0);
  // "two" is the worst of those that are left: it keeps the least, and the others have what "one" would have taken.
  expect(next['two']).toBeLessThan(23);
  expect(next['three']).toBeGreaterThan(30);
});

it('nobody is raised in an iteration in which its backend did not answer', () => {
  const values = Object.fromEntries(VERSIONS.map((name, i) => [name, { value: 0.1 + i / 10, n: 1000 }]));
  const facts = {
    assessments: VERSIONS.map((name) => assessed(name, 'satisfied')),
    rewardResult: {
      metric: METRIC,
      preferred: 'High' as const,
      state: 'open' as const,
      best: ['three'],
      values,
      reason: '',
    },
  };
  const measured = (failed: readonly string[]): WeightFacts['measured'] => ({
    [METRIC]: Object.fromEntries(
      VERSIONS.map((name) => [
        name,
        {
          type: 'Gauge' as const,
          value: 0.1,
          cumulative: true,
          extrapolated: false,
          query: '',
          ...(failed.includes(name) ? { failure: { message: 'no answer', since: '', count: 1 } } : {}),
        },
      ]),
    ),
  });
  const now = [40, 10, 20, 30];
  expect(weights(now, { ...facts, measured: measured([]) })['three']).toBe(40);
  expect(weights(now, { ...facts, measured: measured(['three']) })['three']).toBe(30);
  expect(weights(now, { ...facts, measured: measured(VERSIONS) })).toEqual({ old: 40, one: 10, two: 20, three: 30 });
});
