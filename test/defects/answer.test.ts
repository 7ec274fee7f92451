/**
 * Defects of Iter8 0.7 (docs/contract.md 8) in what is answered: who won, what is shown, what is recommended. See
 * table.test.ts.
 */
import { expect, it } from 'vitest';
import { Iter8Error } from '../../src/errors.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import {
  canary,
  conformance,
  driveInMemory,
  failing,
  healthy,
  measuring,
  storeWithMetrics,
  withWeights,
} from '../support/driving.ts';
import { askAbout } from '../support/object-cli.ts';
import type { Service } from '../support/simulated-load.ts';

const only =
  (version: string, bad: Service): Service =>
  (name, k) =>
    (name === version ? bad : healthy)(name, k);

/** A, B and C earn these shares of 10,000 users in each iteration. */
async function abn(shares: Readonly<Record<string, number>>, iterations = 4) {
  const [baseline, ...candidates] = Object.keys(shares);
  const base = conformance();
  const written: WrittenExperiment = {
    ...base,
    spec: {
      ...base.spec,
      strategy: { testingPattern: 'A/B/N', deploymentPattern: 'FixedSplit' },
      criteria: { rewards: [{ metric: 'sales', preferredDirection: 'High' }] },
      duration: { intervalSeconds: 1, iterationsPerLoop: iterations },
      versionInfo: { baseline: { name: baseline! }, candidates: candidates.map((name) => ({ name })) },
    },
  };
  const users = new Map<string, number>();
  return driveInMemory(written, {
    store: await storeWithMetrics({ users: { type: 'Counter' }, sales: { sampleSize: 'users' } }),
    metrics: measuring((metric, version) => {
      if (metric === 'sales') {
        users.set(version, (users.get(version) ?? 0) + 10_000);
        return shares[version];
      }
      return users.get(version) ?? 10_000;
    }),
  });
}

it('1: candidateWon holds for a candidate only, and not when the baseline won', async () => {
  const objectives = [{ metric: 'iter8-system/error-rate', upperLimit: '0.05' }];
  const lost = (await driveInMemory(canary({ objectives }), { service: only('new', failing(5)) })).outcome.experiment;
  expect(lost.status!.analysis!.winnerAssessment!.data).toEqual({ winnerFound: true, winner: 'old' });
  expect((await askAbout(lost, 'assert', '-c', 'winnerFound,baselineWon')).code).toBe(0);
  expect((await askAbout(lost, 'assert', '-c', 'candidateWon')).code).toBe(1);
  const won = (await driveInMemory(canary())).outcome.experiment;
  expect((await askAbout(won, 'assert', '-c', 'candidateWon')).code).toBe(0);
  expect((await askAbout(won, 'assert', '-c', 'baselineWon')).code).toBe(1);
});

it.each([
  [251, 2_500, '10.04 %', 'violated', 1],
  [2_499, 25_000, '9.996 %', 'satisfied', 0],
])('3: %d errors of %d are shown as %s beside a limit of 10 %%: %s', async (bad, n, shown, verdict, code) => {
  const drive = await driveInMemory(
    conformance({
      collect: { numQueries: n, qps: 1000 },
      objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.1' }],
      strength: { confidence: 'none' },
    }),
    { service: (_, k) => ({ latencyMs: 20, code: k < bad ? '503' : '200' }) },
  );
  const { out } = await askAbout(drive.outcome.experiment, 'describe');
  const row = out.split('\n').find((line) => /error-rate +<= 10 %/.test(line))!;
  expect(row).toContain(` ${shown} `);
  expect(row).toContain(verdict);
  expect((await askAbout(drive.outcome.experiment, 'assert', '-c', 'satisfied')).code).toBe(code);
});

it('4: describe shows why an experiment failed, and completed does not hold for it', async () => {
  const failed = (
    await driveInMemory(conformance({ actions: { start: [{ task: 'common/readiness' }] } }), {
      tasks: { run: () => Promise.reject(new Iter8Error('deployment shop/web is not there')) },
    })
  ).outcome.experiment;
  const withoutRecord = { ...failed, status: { ...failed.status, message: 'Experiment failed', analysis: undefined } };
  for (const object of [failed, withoutRecord as typeof failed]) {
    const { out } = await askAbout(object, 'describe');
    expect(out).toMatch(/^(judged again: )?failed: hello-experiment could not be judged$/m);
    expect(out.replace(/\s+/g, ' ')).toContain(
      'Start actions failed: common/readiness: deployment shop/web is not there',
    );
    expect((await askAbout(object, 'assert', '-c', 'completed')).code).toBe(4);
    expect((await askAbout(object, 'assert', '-c', 'failed')).code).toBe(0);
  }
});

const missing = {
  objectives: [{ metric: 'latency-share', upperLimit: '0.05', rollback_on_failure: true }],
};

it('5: a missing value violates nothing and rolls back nobody', async () => {
  const base = canary(missing);
  const written: WrittenExperiment = {
    ...base,
    spec: {
      ...base.spec,
      strategy: { testingPattern: 'Canary', deploymentPattern: 'BlueGreen' },
      versionInfo: withWeights('old', 'new'),
    },
  };
  const { outcome } = await driveInMemory(written, {
    store: await storeWithMetrics({ users: { type: 'Counter' }, 'latency-share': { sampleSize: 'users' } }),
    metrics: measuring((metric, version) => (metric === 'users' ? 10_000 : version === 'new' ? undefined : 0.001)),
  });
  expect(outcome.recommendation.verdict).toBe('undecided');
  expect(outcome.experiment.status!.message).not.toContain('rolled back');
});

it('13: without data nobody is recommended in silence: it says undecided, and what is missing', async () => {
  const nothing = async (written: WrittenExperiment) =>
    (
      await driveInMemory(
        { ...written, spec: { ...written.spec, strategy: { ...written.spec.strategy, actions: {} } } },
        { store: await storeWithMetrics({ 'latency-share': {} }), metrics: measuring(() => undefined) },
      )
    ).outcome;
  const one = await nothing(conformance(missing));
  expect(one.recommendation.verdict).toBe('undecided');
  expect(one.experiment.status!.versionRecommendedForPromotion).toBeUndefined();
  const two = await nothing(canary(missing));
  expect(two.recommendation).toMatchObject({ verdict: 'undecided', version: 'old' });
  expect(two.recommendation.reasons[0]).toMatch(/latency-share.* has no value: no data points/);
  const { out } = await askAbout(two.experiment, 'describe');
  expect(out).toMatch(/^undecided: keep old for now\n/);
});

it('18: the mark of the best reward stands at the best version, wherever it is listed', async () => {
  const marked = async (shares: Readonly<Record<string, number>>) => {
    const { outcome } = await abn(shares);
    const { out } = await askAbout(outcome.experiment, 'describe');
    return out.split('\n').filter((line) => line.endsWith(' best'));
  };
  expect(await marked({ a: 0.1, b: 0.3, c: 0.2 })).toEqual([expect.stringMatching(/^ +b +0\.3 /)]);
  expect(await marked({ a: 0.3, b: 0.1, c: 0.2 })).toEqual([expect.stringMatching(/^ +a +0\.3 /)]);
  expect(await marked({ a: 0.1, b: 0.2, c: 0.3 })).toEqual([expect.stringMatching(/^ +c +0\.3 /)]);
});
