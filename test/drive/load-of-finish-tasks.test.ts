/** Load among the finish tasks: what it shows is the answer, for everybody who asks. */
import { expect, it } from 'vitest';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import { replayRecord } from '../../src/replay/replay.ts';
import { canary, driveInMemory, measuring, storeWithMetrics, withWeights } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { memoryTraffic } from '../support/memory-traffic.ts';

const versions = ['old', 'new'].map((name) => ({ name, url: `http://${name}.test/` }));
const ERRORS = { metric: 'iter8-system/error-rate', upperLimit: '0.05' };

/** Load at the start and at the end; then a script that promotes. */
function experiment(objectives: object[], collect: object): WrittenExperiment {
  const base = canary({ objectives });
  const { strategy } = base.spec;
  const finish = [
    { task: 'metrics/collect', with: { numQueries: 400, qps: 50, versions, ...collect } },
    { run: 'promote', if: 'CandidateWon()' },
  ];
  return { ...base, spec: { ...base.spec, strategy: { ...strategy, actions: { ...strategy.actions, finish } } } };
}

it('a candidate that fails then is not promoted, and its traffic goes back', async () => {
  const written = experiment([ERRORS], {});
  const traffic = memoryTraffic({ old: 100, new: 0 });
  const done: string[] = [];
  const { outcome, log } = await driveInMemory(
    {
      ...written,
      spec: {
        ...written.spec,
        strategy: { ...written.spec.strategy, deploymentPattern: 'Progressive' },
        versionInfo: withWeights('old', 'new'),
      },
    },
    {
      traffic,
      service: (version, k) => ({ latencyMs: 5, code: version === 'new' && k >= 150 ? '503' : '200' }),
      tasks: { run: ({ id }) => Promise.resolve(String(done.push(id))) },
    },
  );
  const { recommendation, experiment: object } = outcome;
  expect(traffic.writes).toContainEqual([0, 100]); // it was promoted before
  expect([recommendation.verdict, recommendation.version]).toEqual(['do not promote', 'old']);
  expect(object.status).toMatchObject({
    versionRecommendedForPromotion: 'old',
    analysis: { winnerAssessment: { data: { winnerFound: true, winner: 'old' } } },
  });
  expect([done, [...traffic.fields.values()]]).toEqual([[], [100, 0]]);
  expect(replayRecord(JSON.parse(JSON.stringify(log)), { strength: {} }).status!.analysis).toMatchObject({
    aggregatedBuiltinHists: { data: { iter8ctl: { recommendation } } },
  });
});

it.each([undefined, true])(
  'a candidate that is shown to be good only then gets its traffic (keepSplit: %s)',
  async (keepSplit) => {
    // Mutation: in src/drive/traffic.ts, `settled === 'left') return` -> `(settled ?? 'promoted') !== 'promoted') return`
    const written = experiment([ERRORS], {});
    const { finish = [] } = written.spec.strategy.actions ?? {};
    const traffic = memoryTraffic({ old: 100, new: 0 });
    const strategy = { ...written.spec.strategy, deploymentPattern: 'BlueGreen' as const, actions: { finish } };
    const { outcome } = await driveInMemory(
      { ...written, spec: { ...written.spec, strategy, versionInfo: withWeights('old', 'new') } },
      { traffic, tasks: { run: () => Promise.resolve('done') }, options: { keepSplit } },
    );
    expect(outcome.recommendation).toMatchObject({ verdict: 'promote', version: 'new' });
    expect([...traffic.fields.values()]).toEqual([0, 100]);
  },
);

it('counters stay compared as they were after the last iteration', async () => {
  const clock = fakeClock();
  const { outcome } = await driveInMemory(
    experiment([ERRORS, { metric: 'restarts', upperLimit: '10' }], { loadOnly: true }),
    { clock, store: await storeWithMetrics({ restarts: { type: 'Counter' } }, clock), metrics: measuring(() => 5) },
  );
  expect(outcome.recommendation).toMatchObject({ verdict: 'promote', version: 'new' });
  expect(outcome.experiment.status!.message).toBe('ExperimentCompleted: Experiment Completed');
});
