/** Values since the start count on when the clock of the machine is set back in mid-run. */
import { expect, it } from 'vitest';
import type { Clock } from '../../src/io.ts';
import type { MetricSource } from '../../src/drive/ports.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { canary, driveInMemory, storeWithMetrics } from '../support/driving.ts';

async function run(stepMs: number) {
  const steady = fakeClock();
  let setBy = 0;
  const clock: Clock = { ...steady, now: () => steady.now() + setBy, monotonicMs: () => steady.monotonicMs() };
  const base = canary({ objectives: [{ metric: 'errors', upperLimit: '0.05' }] });
  const metrics: MetricSource = {
    // As src/adapters/metrics/measure-metric.ts: dated by the clock of the machine.
    measure: ({ metric, elapsedSeconds }) =>
      Promise.resolve({
        kind: 'value',
        value: metric.metadata.name === 'n' ? 10 * elapsedSeconds : 0.001,
        at: new Date(clock.now()).toISOString(),
        query: 'q',
      }),
  };
  const sinceStart = { params: [{ name: 'q', value: '$elapsedTime' }] };
  const { outcome } = await driveInMemory(
    {
      ...base,
      spec: {
        ...base.spec,
        strategy: { testingPattern: 'Canary', deploymentPattern: 'FixedSplit' },
        duration: { intervalSeconds: 10, iterationsPerLoop: 13 },
      },
    },
    {
      clock,
      metrics,
      store: await storeWithMetrics(
        { errors: { sampleSize: 'n', ...sinceStart }, n: { type: 'Counter', ...sinceStart } },
        clock,
      ),
      onEvent: (event) => {
        if (event.kind === 'condition' && event.message === 'Completed Iteration 2') setBy = stepMs;
      },
    },
  );
  const { assessments } = readRecord(outcome.experiment)!;
  return [
    outcome.recommendation.verdict,
    ...assessments.map(({ verdict, n, lnSatisfied }) => ({ verdict, n, lnSatisfied })),
  ];
}

it.each([-120_000, -3_600_000, 3_600_000])('by %d ms', async (stepMs) => {
  expect(await run(stepMs)).toEqual(await run(0));
});
