import { expect, it } from 'vitest';
import { binEdgesMs } from '../../../src/evidence/latency-histogram.ts';
import {
  EMPTY_RECORD,
  fitRecord,
  readRecord,
  readTally,
  storeTally,
  type Iter8Record,
} from '../../../src/judge/record/stored-record.ts';
import { tallyFor } from '../../support/simulated-load.ts';

const wide = (version: string, seed: number) => ({
  version,
  tally: storeTally(
    tallyFor(
      Array.from({ length: 9000 }, (_, k) => ({ latencyMs: Math.exp(((k * seed) % 9000) / 1000), code: '200' })),
      [{ limitMs: 5, side: 'upper' }],
    ),
  ),
});

it('a tally survives being stored', () => {
  const tally = tallyFor(
    [
      { latencyMs: 12.5, code: '200' },
      { latencyMs: 3, code: '503' },
    ],
    [{ limitMs: 5, side: 'upper' }],
  );
  expect(readTally(storeTally(tally))).toEqual(tally);
});

it('a record that is too large gets coarser histograms, to the safe side, and keeps its counts', () => {
  const record: Iter8Record = { ...EMPTY_RECORD, scopes: [wide('a', 7), wide('b', 11), wide('c', 13)] };
  const fitted = fitRecord(record);
  expect(JSON.stringify(fitted).length).toBeLessThan(256 * 1024);
  for (const [at, { tally }] of fitted.scopes.entries()) {
    const before = readTally(record.scopes[at]!.tally);
    const after = readTally(tally);
    expect(after.limits).toEqual(before.limits);
    const sum = (histogram: typeof after.response.histogram, edge: 'lowMs' | 'highMs') =>
      histogram.reduce((total, [index, count]) => total + binEdgesMs(index)[edge] * count, 0);
    expect(after.response.histogram.reduce((total, [, count]) => total + count, 0)).toBe(9000);
    expect(sum(after.response.histogram, 'highMs')).toBeGreaterThanOrEqual(sum(before.response.histogram, 'highMs'));
    expect(sum(after.service.histogram, 'lowMs')).toBeLessThanOrEqual(sum(before.service.histogram, 'lowMs'));
  }
  expect(fitRecord(EMPTY_RECORD)).toBe(EMPTY_RECORD);
});

it('a record of somebody else, or of another format, is none', () => {
  for (const value of [undefined, null, 'x', 7, [], {}, { format: 2 }]) {
    const status = { analysis: { aggregatedBuiltinHists: { data: { iter8ctl: value } } } };
    expect(readRecord({ status })).toBeUndefined();
  }
});
