/** What a message says of the objectives is what the experiment says of them at that time. */
import { describe, expect, it } from 'vitest';
import { assertionState, type Assertion } from '../../src/judge/assert-conditions.ts';
import type { MessageResult } from '../../src/judge/message-result.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import type { TaskRunner } from '../../src/drive/ports.ts';
import { canary, conformance, driveInMemory, measuring, storeWithMetrics } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import type { Service } from '../support/simulated-load.ts';

const message = { task: 'notification/http', with: { url: 'http://n.test/' } };

function capturing() {
  const results: MessageResult[] = [];
  const tasks: TaskRunner = {
    run: ({ result }) => {
      results.push(result!());
      return Promise.resolve('done');
    },
  };
  const said = () => results.map(({ verdict, objectives }) => [verdict, ...objectives.map((one) => one.verdict)]);
  return { tasks, said };
}

it('before any load: nothing is violated', async () => {
  const { tasks, said } = capturing();
  const versions = [{ name: 'hello', url: 'http://hello.test/' }];
  const collect = { task: 'metrics/collect', with: { numQueries: 100, qps: 50, versions } };
  const objectives = [{ metric: 'iter8-system/request-count', lowerLimit: '50' }];
  await driveInMemory(conformance({ actions: { start: [message, collect, message] }, objectives }), { tasks });
  expect(said()).toEqual([
    ['undecided', 'undecided'],
    ['promote', 'satisfied'],
  ]);
});

it('a gate before any load does not say "do not promote"', async () => {
  const stop = new AbortController();
  const texts: string[] = [];
  await driveInMemory(
    conformance({
      actions: { start: [{ task: 'gate', with: {} }] },
      objectives: [{ metric: 'iter8-system/request-count', lowerLimit: '50' }],
    }),
    {
      options: { stop: stop.signal },
      onEvent: (event) => {
        if (event.kind !== 'waiting') return;
        texts.push(event.text);
        stop.abort();
      },
    },
  );
  expect(texts).toHaveLength(1);
  expect(texts[0]).not.toContain('do not promote');
});

const measured = (objectives: object[], strength: object) => {
  const base = canary({ objectives, strength });
  const actions = { loop: [message], finish: [message] };
  const strategy = { testingPattern: 'Canary', deploymentPattern: 'FixedSplit', actions };
  const duration = { intervalSeconds: 10, iterationsPerLoop: 2, maxLoops: 2 };
  return { ...base, spec: { ...base.spec, duration, strategy: strategy as never } };
};

it('at the end, with minSeconds: the objectives of a promotion are satisfied', async () => {
  const { tasks, said } = capturing();
  const clock = fakeClock();
  await driveInMemory(measured([{ metric: 'errors', upperLimit: '0.05' }], { minSeconds: 20, inFlightSeconds: 0 }), {
    clock,
    tasks,
    store: await storeWithMetrics({ errors: { sampleSize: 'n' }, n: { type: 'Counter' } }, clock),
    metrics: measuring((metric, _, { elapsedSeconds }) => (metric === 'n' ? 200 * elapsedSeconds : 0.0001)),
  });
  expect(said().at(-1)).toEqual(['promote', 'satisfied', 'satisfied']);
});

it('between loops: a counter that is compared at the end is not satisfied yet', async () => {
  const { tasks, said } = capturing();
  const clock = fakeClock();
  await driveInMemory(measured([{ metric: 'errors', upperLimit: '1000' }], {}), {
    clock,
    tasks,
    store: await storeWithMetrics({ errors: { type: 'Counter' } }, clock),
    metrics: measuring((_m, _v, { elapsedSeconds }) => elapsedSeconds),
  });
  expect(said()[0]).toEqual(['undecided', 'undecided', 'undecided']);
});

describe('a version whose every request fails fast, where only its latency is judged', () => {
  const objectives = [{ metric: 'iter8-system/latency-95th-percentile', upperLimit: '500' }];
  const failing: Service = (version) => ({ latencyMs: 5, code: version === 'old' ? '200' : '503' });
  const script = { run: 'promote', if: 'CandidateWon()' };

  it.each([
    ['a candidate', canary({ objectives })],
    ['the version of Conformance', conformance({ objectives })],
  ])('has not won: %s', async (_, base) => {
    const { strategy } = base.spec;
    const actions = { ...strategy.actions, finish: [script] };
    const { outcome, events } = await driveInMemory(
      { ...base, spec: { ...base.spec, strategy: { ...strategy, actions } } },
      { service: failing },
    );
    const { experiment, recommendation } = outcome;
    expect(recommendation.verdict).toBe('undecided');
    expect(recommendation.reasons[0]).toContain('no objective is about errors');
    expect(experiment.status!.analysis!.winnerAssessment!.data).toEqual({ winnerFound: false });
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'task-skipped', text: 'run of finish skipped: CandidateWon() does not hold' }),
    );
    const facts = { experiment, recommendation, assessments: readRecord(experiment)!.assessments };
    expect(['candidateWon', 'noWinner'].map((one) => assertionState(one as Assertion, facts))).toEqual([
      'never',
      'holds',
    ]);
  });
});

it('while objectives are satisfied and the reward is to come, says just that', async () => {
  const base = canary({ objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.05' }] });
  const { strategy, criteria } = base.spec;
  const [load] = strategy.actions!['start']!;
  const texts: string[] = [];
  await driveInMemory(
    {
      ...base,
      spec: {
        ...base.spec,
        strategy: { ...strategy, testingPattern: 'A/B', actions: { start: [load!, message] } },
        criteria: { ...criteria, rewards: [{ metric: 'iter8-system/mean-latency', preferredDirection: 'Low' }] },
      },
    },
    { tasks: { run: ({ result }) => Promise.resolve(String(texts.push(result!().text))) } },
  );
  expect(texts).toEqual(['undecided: keep old for now\nthe reward has not been measured yet']);
});
