/** The object of a run between two iterations, judged again as it is, says what the run said, as its record does. */
import { expect, it } from 'vitest';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { replayObject, replayRecord } from '../../src/replay/replay.ts';
import { canary, driveInMemory, measuring, storeWithMetrics } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';

it('a counter that is compared after the last iteration', async () => {
  const stop = new AbortController();
  const base = canary({ objectives: [{ metric: 'errors', upperLimit: '1000' }] });
  const clock = fakeClock();
  const { outcome, log } = await driveInMemory(
    {
      ...base,
      spec: {
        ...base.spec,
        duration: { intervalSeconds: 10, iterationsPerLoop: 4 },
        strategy: { testingPattern: 'Canary', deploymentPattern: 'FixedSplit' },
      },
    },
    {
      clock,
      store: await storeWithMetrics({ errors: { type: 'Counter' } }, clock),
      options: { stop: stop.signal },
      onEvent: (event) => {
        if (event.kind === 'condition' && event.message === 'Completed Iteration 2') stop.abort();
      },
      metrics: measuring((_m, _v, { elapsedSeconds }) => elapsedSeconds),
    },
  );
  const said = (one: typeof outcome.experiment) => readRecord(one)!.recommendation!.verdict;
  expect(said(outcome.experiment)).toBe('undecided');
  expect(said(replayRecord(JSON.parse(JSON.stringify(log)) as object[], { strength: {} }))).toBe('undecided');
  expect(said(replayObject(outcome.experiment, { strength: {} }))).toBe('undecided');
});

it('says what the run said where the last iteration rolled back by data that there is not', async () => {
  const base = canary({
    objectives: [{ metric: 'errors', upperLimit: '0.05', rollback_on_failure: true }],
    strength: { noData: 'violated' },
  });
  const strategy = { testingPattern: 'Canary', deploymentPattern: 'FixedSplit' } as const;
  const { outcome } = await driveInMemory(
    { ...base, spec: { ...base.spec, strategy } },
    { store: await storeWithMetrics({ errors: {} }), metrics: measuring(() => undefined) },
  );
  expect(outcome.recommendation.verdict).toBe('do not promote');
  const { assessments, recommendation } = readRecord(replayObject(outcome.experiment, { strength: {} }))!;
  expect(recommendation).toEqual(outcome.recommendation);
  expect(assessments).toEqual(readRecord(outcome.experiment)!.assessments);
});
