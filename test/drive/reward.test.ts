/** A/B and A/B/N by the engine: simulated users, a metric source that counts them as Prometheus would, a fake clock. */
import { expect, it } from 'vitest';
import { createMemoryStore } from '../support/memory-store.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import { seededUniform } from '../../src/traffic/seeded-random.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import type { MetricSource } from '../../src/drive/ports.ts';
import { driveInMemory, measuredAt } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { runs } from '../support/search-depth.ts';

interface Users {
  /** Chance of a hit, by version. */
  readonly rates: Readonly<Record<string, number>>;
  /** Users of each version and iteration. */
  readonly perIteration: number;
  readonly iterations: number;
  readonly seed?: number;
  readonly preferred?: 'High' | 'Low';
  readonly strength?: object;
  readonly objectives?: readonly object[];
  /** The reward as a gauge without a sample size. */
  readonly bare?: boolean;
  /** Versions whose reward is never there. */
  readonly missing?: readonly string[];
}

async function run(users: Users) {
  const names = Object.keys(users.rates);
  const [baseline, ...candidates] = names;
  const store = createMemoryStore({ clock: fakeClock() });
  const metric = (name: string, spec: object) =>
    store.createMetric({
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Metric',
      metadata: { name, namespace: 'default' },
      spec: {
        urlTemplate: 'http://x/?t=$elapsedTime',
        params: [{ name: 'q', value: '$elapsedTime' }],
        jqExpression: '.',
        ...spec,
      },
    });
  await metric('users', { type: 'Counter' });
  await metric('engagement', users.bare === true ? {} : { sampleSize: 'users' });
  await metric('errors', { sampleSize: 'users' });
  const random = seededUniform(users.seed ?? 1, 'users');
  const hits = new Map<string, number>();
  const seen = new Map<string, number>();
  const metrics: MetricSource = {
    measure: (question) => {
      const {
        metric: { metadata },
        version,
      } = question;
      const about = { at: measuredAt(question), query: 'q' };
      if (users.missing?.includes(version.name) === true && metadata.name === 'engagement')
        return Promise.resolve({ kind: 'error', reason: 'empty-answer', message: 'nothing', ...about });
      if (metadata.name === 'errors')
        return Promise.resolve({ kind: 'value', value: version.name === 'bad' ? 0.3 : 0.001, ...about });
      // The reward is asked for before its sample size: a new block of users comes with it.
      if (metadata.name === 'engagement') {
        for (let k = 0; k < users.perIteration; k++)
          if (random() < users.rates[version.name]!) hits.set(version.name, (hits.get(version.name) ?? 0) + 1);
        seen.set(version.name, (seen.get(version.name) ?? 0) + users.perIteration);
      }
      const n = Math.max(users.perIteration, seen.get(version.name) ?? 0);
      return Promise.resolve({
        kind: 'value',
        value: metadata.name === 'users' ? n : (hits.get(version.name) ?? 0) / n,
        ...about,
      });
    },
  };
  const written = {
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name: 'ab', namespace: 'default' },
    spec: {
      target: 't',
      strategy: { testingPattern: candidates.length > 1 ? 'A/B/N' : 'A/B', deploymentPattern: 'FixedSplit' },
      criteria: {
        rewards: [{ metric: 'engagement', preferredDirection: users.preferred ?? 'High' }],
        ...(users.objectives === undefined ? {} : { objectives: users.objectives }),
        strength: { inFlightSeconds: 0, ...users.strength },
      },
      duration: { intervalSeconds: 1, iterationsPerLoop: users.iterations },
      versionInfo: { baseline: { name: baseline! }, candidates: candidates.map((name) => ({ name })) },
    },
  } as WrittenExperiment;
  const { outcome } = await driveInMemory(written, { store, metrics });
  const { status } = outcome.experiment;
  return {
    ...outcome,
    winner: status?.analysis?.winnerAssessment?.data,
    recommended: status?.versionRecommendedForPromotion,
    reward: readRecord(outcome.experiment)?.rewardResult,
  };
}

it('names the version with the best reward, with the numbers, once it is shown', async () => {
  const { recommendation, winner, recommended, reward } = await run({
    rates: { v1: 0.1, v2: 0.12, v3: 0.15 },
    perIteration: 300,
    iterations: 60,
  });
  expect(winner).toEqual({ winnerFound: true, winner: 'v3' });
  expect(recommended).toBe('v3');
  expect(recommendation).toMatchObject({ verdict: 'promote', version: 'v3' });
  expect(recommendation.reasons[0]).toMatch(
    /^engagement of v3 is the highest: v1 0\.\d+, v2 0\.\d+, v3 0\.\d+, with 95 % confidence$/,
  );
  expect(reward).toMatchObject({ state: 'winner', winner: 'v3', best: ['v3'] });
});

it('keeps the baseline when it is the best, and prefers low where low is asked for', async () => {
  const worse = await run({ rates: { v1: 0.2, v2: 0.1 }, perIteration: 300, iterations: 30 });
  expect(worse.recommendation).toMatchObject({ verdict: 'do not promote', version: 'v1' });
  expect(worse.winner).toEqual({ winnerFound: true, winner: 'v1' });
  const low = await run({ rates: { v1: 0.2, v2: 0.1 }, perIteration: 300, iterations: 30, preferred: 'Low' });
  expect(low.recommendation).toMatchObject({ verdict: 'promote', version: 'v2' });
});

it('names nobody while it is open, and says who leads', async () => {
  const { recommendation, winner } = await run({ rates: { v1: 0.1, v2: 0.11 }, perIteration: 50, iterations: 4 });
  expect(recommendation.verdict).toBe('undecided');
  expect(recommendation.reasons[0]).toMatch(/no version is shown to be the best/);
  expect(winner).toEqual({ winnerFound: false });
});

it('names nobody when a reward is missing: 0.7 let another win', async () => {
  const { recommendation, winner } = await run({
    rates: { v1: 0.1, v2: 0.3, v3: 0.1 },
    perIteration: 300,
    iterations: 20,
    missing: ['v3'],
  });
  expect(winner).toEqual({ winnerFound: false });
  expect(recommendation.reasons[0]).toMatch(/engagement of v3 has no value/);
});

it('lets only versions win that satisfy every objective (hybrid)', async () => {
  const objectives = [{ metric: 'errors', upperLimit: '0.05' }];
  const { recommendation, winner } = await run({
    rates: { v1: 0.1, v2: 0.15, bad: 0.6 },
    perIteration: 300,
    iterations: 60,
    objectives,
  });
  expect(winner).toEqual({ winnerFound: true, winner: 'v2' });
  expect(recommendation).toMatchObject({ verdict: 'promote', version: 'v2' });
});

it('shows a reward without a sample size, and lets nobody win by it; point values are compared only when asked', async () => {
  const bare = await run({ rates: { v1: 0.1, v2: 0.6 }, perIteration: 300, iterations: 20, bare: true });
  expect(bare.winner).toEqual({ winnerFound: false });
  expect(bare.recommendation.reasons[0]).toMatch(/engagement has no sampleSize/);
  const points = await run({
    rates: { v1: 0.1, v2: 0.6 },
    perIteration: 300,
    iterations: 2,
    bare: true,
    strength: { confidence: 'none' },
  });
  expect(points.winner).toEqual({ winnerFound: true, winner: 'v2' });
});

it('names nobody before minSeconds and minRequests, nor by point values before the last iteration', async () => {
  // Mutation: in src/judge/reward/reward.ts, `if (soon !== undefined)` -> `if (false)`
  const early = async (strength: object, iterations = 20) => {
    const { experiment, recommendation, reward } = await run({
      rates: { v1: 0.1, v2: 0.6 },
      perIteration: 300,
      iterations,
      strength,
    });
    return [recommendation.verdict, experiment.status?.completedIterations, reward?.reason];
  };
  expect(await early({ minSeconds: 60 })).toEqual([
    'undecided',
    20,
    'engagement: it is too early for an answer (minSeconds)',
  ]);
  expect(await early({ minRequests: 7000 })).toEqual([
    'undecided',
    20,
    'engagement: there are too few requests for an answer (minRequests)',
  ]);
  expect((await early({ minSeconds: 10, stopEarly: true })).slice(0, 2)).toEqual(['promote', 11]);
  expect((await early({ minRequests: 3000, stopEarly: true })).slice(0, 2)).toEqual(['promote', 10]);
  expect((await early({ confidence: 'none', stopEarly: true })).slice(0, 2)).toEqual(['promote', 20]);
});

it('declares a winner of two equal versions in few of many runs, looking after every iteration', async () => {
  let winners = 0;
  const all = runs(60);
  for (let seed = 1; seed <= all; seed++) {
    const { winner } = await run({ rates: { v1: 0.1, v2: 0.1 }, perIteration: 100, iterations: 25, seed });
    if (winner?.winnerFound === true) winners += 1;
  }
  // At most 5 %, and as many again by chance. The statistics alone are simulated 2 000 times in test/evidence.
  expect(winners).toBeLessThanOrEqual(all / 10);
});
