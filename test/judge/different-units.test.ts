/** Two runs whose metrics of one name are in different units: nothing is compared. */
import { expect, it } from 'vitest';
import { EMPTY_TALLY } from '../../src/evidence/request-tally.ts';
import { compareRuns } from '../../src/judge/runs/compare-runs.ts';
import type { MeasuredRun } from '../../src/judge/runs/measured-run.ts';

const metric = 'backend-latency';

const run = (value: number, units: string | undefined, cap = 1000): MeasuredRun => ({
  version: 'v1',
  tally: EMPTY_TALLY,
  tallyOf: () => EMPTY_TALLY,
  seconds: 0,
  latency: 'due',
  isSaturated: false,
  measured: {
    [metric]: {
      type: 'Gauge',
      ...(units === undefined ? {} : { units }),
      value,
      n: 3000,
      cumulative: false,
      extrapolated: false,
      query: 'mean',
    },
  },
  asked: [{ metric, quantity: { kind: 'custom' }, better: 'lower', cap }],
  warnings: [],
});

const answered = (a: MeasuredRun, b: MeasuredRun) => {
  const [row] = compareRuns(a, b, { confidence: 0.95, percentiles: [] }).rows;
  return { answer: row?.answer, reason: row?.reason };
};

it('milliseconds are not compared with seconds, whichever is the smaller number', () => {
  const inMs = run(120, 'milliseconds');
  const reason = 'A is in "milliseconds", B in "seconds"';
  expect(answered(inMs, run(0.12, 'seconds', 5))).toEqual({ answer: 'unknown', reason });
  expect(answered(run(0.12, 'seconds', 5), inMs).answer).toBe('unknown');
});

it('one unit may be written in two ways, or not at all', () => {
  for (const units of ['ms', 'Milliseconds', undefined])
    expect(answered(run(120, 'milliseconds'), run(240, units)).answer).toBe('worse');
});
