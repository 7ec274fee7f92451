/** A load that is ended from outside has not done its plan: nothing is said that waits for the plan. */
import { expect, it } from 'vitest';
import { isYes } from '../../src/api/flagger.ts';
import { stateOf } from '../../src/api/verdict-view.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { replayObject, replayRecord } from '../../src/replay/replay.ts';
import { conformance, driveInMemory } from '../support/driving.ts';

it.each([
  ['upper limit on a count', [{ metric: 'iter8-system/error-count', upperLimit: '20' }], {}],
  ['lower limit on a count', [{ metric: 'iter8-system/request-count', lowerLimit: '500' }], {}],
  ['confidence none', [{ metric: 'iter8-system/mean-latency', upperLimit: '500' }], { confidence: 'none' }],
])('%s', async (_, objectives, strength) => {
  const written = conformance({ objectives, strength, collect: { numQueries: 1000 } });
  const stop = new AbortController();
  let looks = 0;
  const { outcome, log, store } = await driveInMemory(written, {
    options: { stop: stop.signal },
    onEvent: (event) => {
      if (event.kind === 'load' && (looks += 1) === 3) stop.abort();
    },
  });
  expect(outcome.interrupted).toBe(true);
  const replayed = () => replayRecord(JSON.parse(JSON.stringify(log)) as object[], { strength: {} });
  const first = [outcome.experiment, replayed(), replayObject(outcome.experiment, { strength: {} })];
  // The next driver ends before it goes on with the load.
  const next = await driveInMemory(written, { store, log: log as object[], options: { stop: AbortSignal.abort() } });
  expect(next.outcome.interrupted).toBe(true);
  for (const one of [...first, next.outcome.experiment, replayed()]) {
    const { recommendation, assessments } = readRecord(one)!;
    expect(assessments.map(({ n, verdict, reason }) => [n < 1000, verdict, reason])).toEqual([
      [true, 'undecided', 'plan-not-done'],
    ]);
    expect(recommendation!.verdict).toBe('undecided');
    expect(isYes('confirm-promotion', stateOf(recommendation!.verdict))).toBe(false);
    expect(isYes('rollback', stateOf(recommendation!.verdict))).toBe(false);
  }
});
