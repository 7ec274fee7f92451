import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addSamples, ledgerValue, startLedger } from '../../../src/evidence/counters/counter-growth.ts';
import { openingSamples } from '../../../src/evidence/counters/opening-samples.ts';
import type { CounterAnswer, CounterSample } from '../../../src/evidence/counters/counter-samples.ts';

type Row = readonly [series: string, seconds: number, hits: number, others: number, source?: string];

const answerOf = (rows: readonly Row[]): CounterAnswer => ({
  kind: 'shares',
  samples: rows
    .map(
      ([series, seconds, hits, others, source]): CounterSample => ({
        kind: 'shares',
        series,
        atMs: 1_000 * (1_000 + seconds),
        hits,
        others,
        ...(source === undefined ? {} : { source }),
      }),
    )
    .toSorted((a, b) => (a.series === b.series ? a.atMs - b.atMs : a.series < b.series ? -1 : 1)),
});

/** What a window counted, read at once. */
function counted(rows: readonly Row[]) {
  const answer = answerOf(rows);
  const ledger = addSamples(startLedger(openingSamples(answer), { limits: [], inFlightMs: 0 }), answer);
  if (typeof ledger === 'string') throw new Error(ledger);
  const { n, value } = ledgerValue(ledger);
  return { n, hits: Math.round((value ?? 0) * n) };
}

describe('a window of raw counters', () => {
  it('counts nothing of before it, however differently processes are scraped', () => {
    expect(
      counted([
        ['a', 1, 7, 1_000, 'pod-a'],
        ['a', 31, 7, 1_010, 'pod-a'],
        ['b', 29, 90, 5_000, 'pod-b'],
        ['b', 59, 91, 5_009, 'pod-b'],
      ]),
    ).toEqual({ n: 20, hits: 1 });
  });

  it('counts the first failures of a process, whose series begins with them', () => {
    expect(
      counted([
        ['ok', 1, 0, 1_000, 'pod-a'],
        ['ok', 31, 0, 1_010, 'pod-a'],
        ['ok', 61, 0, 1_020, 'pod-a'],
        ['failed', 31, 3, 0, 'pod-a'],
        ['failed', 61, 5, 0, 'pod-a'],
      ]),
    ).toEqual({ n: 25, hits: 5 });
  });

  it('counts the same where the series of a process are not sampled at the same instant', () => {
    const rows: readonly Row[] = [
      ['ok', 1, 0, 1_000, 'pod-a'],
      ['ok', 31, 0, 1_010, 'pod-a'],
      ['ok', 61, 0, 1_020, 'pod-a'],
      ['failed', 1, 100, 0, 'pod-a'],
      ['failed', 31, 101, 0, 'pod-a'],
      ['failed', 61, 103, 0, 'pod-a'],
      ['late', 31, 3, 0, 'pod-a'],
      ['late', 61, 5, 0, 'pod-a'],
    ];
    expect(counted(rows)).toEqual({ n: 28, hits: 8 });
    const apart = fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(apart, (seconds) => {
        const shifted = rows.map(([series, at, ...rest], k): Row => [series, at + seconds[k]!, ...rest]);
        expect(counted(shifted)).toEqual({ n: 28, hits: 8 });
      }),
    );
  });

  it('counts all of a process that began after the window did', () => {
    expect(
      counted([
        ['a', 1, 0, 1_000, 'pod-a'],
        ['a', 31, 0, 1_010, 'pod-a'],
        ['b', 151, 2, 8, 'pod-b'],
        ['b', 181, 2, 18, 'pod-b'],
      ]),
    ).toEqual({ n: 30, hits: 2 });
  });

  it('knows nothing by a single sample of each series', () => {
    expect(
      counted([
        ['a', 1, 5, 1_000],
        ['b', 20, 5, 1_000],
      ]),
    ).toEqual({ n: 0, hits: 0 });
  });

  it('knows nothing by single samples that lie further apart either: they may be scraped seldom', () => {
    expect(
      counted([
        ['a', 5, 5, 1_000, 'pod-a'],
        ['b', 80, 5, 1_000, 'pod-b'],
      ]),
    ).toEqual({ n: 0, hits: 0 });
  });

  it('takes a series without its process for one', () => {
    expect(
      counted([
        ['a', 1, 0, 1_000],
        ['a', 31, 0, 1_010],
        ['b', 15, 40, 0],
        ['b', 45, 41, 0],
      ]),
    ).toEqual({ n: 11, hits: 1 });
  });
});
