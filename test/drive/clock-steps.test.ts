/** A clock that is set by an hour in mid-run: iterations keep their distance, queries their window. */
import { expect, it } from 'vitest';
import type { Clock } from '../../src/io.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { canary, driveInMemory, measuring, storeWithMetrics } from '../support/driving.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';

const HOUR_MS = 3_600_000;

async function run(stepMs: number) {
  const steady = fakeClock();
  let setBy = 0;
  const sleeps: number[] = [];
  const clock: Clock = {
    now: () => steady.now() + setBy,
    monotonicMs: () => steady.monotonicMs(),
    sleep: (ms, signal) => {
      sleeps.push(ms);
      return steady.sleep(ms, signal);
    },
  };
  const windows: number[] = [];
  const base = canary({ objectives: [{ metric: 'errors', upperLimit: '0.05' }] });
  const { outcome } = await driveInMemory(
    {
      ...base,
      spec: {
        ...base.spec,
        strategy: { testingPattern: 'Canary', deploymentPattern: 'FixedSplit' },
        duration: { intervalSeconds: 10, iterationsPerLoop: 4 },
      },
    },
    {
      clock,
      store: await storeWithMetrics({ errors: {} }, clock),
      metrics: measuring((_, version, { elapsedSeconds }) => {
        if (version === 'old') windows.push(elapsedSeconds);
        return 0.001;
      }),
      onEvent: (event) => {
        if (event.kind === 'condition' && event.message === 'Completed Iteration 2') setBy = stepMs;
      },
    },
  );
  return { windows, sleeps, record: readRecord(outcome.experiment)!, status: outcome.experiment.status! };
}

it.each([
  ['ahead', HOUR_MS],
  ['back', -HOUR_MS],
])('an hour %s', async (word, stepMs) => {
  const { windows, sleeps, record, status } = await run(stepMs);
  expect(windows).toEqual([1, 10, 20, 30]);
  expect(sleeps.reduce((sum, ms) => sum + ms, 0)).toBe(30_000);
  expect(status.completedIterations).toBe(4);
  const said = record.warnings.filter((text) => text.includes('clock'));
  expect(said).toEqual([
    `the clock of this machine went 1 h ${word} at once (set, or suspended): it goes on by the time that passed`,
  ]);
});

it('that is right is not spoken of', async () => {
  const { windows, record } = await run(1_000);
  expect(windows).toEqual([1, 10, 20, 30]);
  expect(record.warnings.filter((text) => text.includes('clock'))).toEqual([]);
});
