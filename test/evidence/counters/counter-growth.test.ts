import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCounterRows } from '../../../src/adapters/metrics/counter-answer.ts';
import type { CounterAnswer } from '../../../src/evidence/counters/counter-samples.ts';
import {
  addSamples,
  beyondCounts,
  ledgerValue,
  meanCounts,
  shareCounts,
  startLedger,
  type CounterLedger,
} from '../../../src/evidence/counters/counter-growth.ts';

const read = (json: object): CounterAnswer => {
  const answer = readCounterRows(json, 1_000_000);
  if (answer === undefined || typeof answer === 'string') throw new Error(String(answer));
  return answer;
};

const add = (ledger: CounterLedger, json: object): CounterLedger => {
  const next = addSamples(ledger, read(json));
  if (typeof next === 'string') throw new Error(next);
  return next;
};

const shares = (at: number, hits: number, others: number, series = 'pod-1') => ({
  shares: [
    { series, at, hits },
    { series, at, others },
  ],
});

/** A service that is scraped every second and fails `hits(t)` of its requests. */
function watched(seconds: number, at: (second: number) => { readonly hits: number; readonly others: number }) {
  let ledger = startLedger(read(shares(1000, 5, 1000)), { limits: [], inFlightMs: 10_000 });
  let [hits, others] = [5, 1000];
  for (let second = 1; second <= seconds; second++) {
    hits += at(second).hits;
    others += at(second).others;
    ledger = add(ledger, shares(1000 + second, hits, others));
  }
  return ledger;
}

describe('live counters', () => {
  it('count for a version what surely began since the start, and against it all that ended', () => {
    const ledger = watched(60, () => ({ hits: 1, others: 9 }));
    // Good: those of seconds 11 to 50. Bad: all 60.
    expect(shareCounts(ledger)).toEqual({
      response: { bad: 60, n: 60 + 40 * 9 },
      service: { bad: 40, n: 40 + 60 * 9 },
    });
    expect(ledgerValue(ledger)).toEqual({ value: 0.1, n: 600 });
  });

  it('say nothing for a version before the allowance is over', () => {
    const ledger = watched(9, () => ({ hits: 0, others: 10 }));
    expect(shareCounts(ledger).response).toEqual({ bad: 0, n: 0 });
    expect(shareCounts(ledger).service.n).toBe(90);
  });

  it('round the allowance up to whole samples', () => {
    let ledger = startLedger(read(shares(1000, 0, 0)), { limits: [], inFlightMs: 10_000 });
    for (let k = 1; k <= 4; k++) ledger = add(ledger, shares(1000 + 15 * k, 0, 150 * k));
    // From the sample at 15 s, which is the first of 10 s after the start, to the one at 45 s.
    expect(shareCounts(ledger).response.n).toBe(300);
  });

  it('recognise a restart, in the series that restarted', () => {
    let ledger = startLedger(read(shares(1000, 50, 5000)), { limits: [], inFlightMs: 0 });
    ledger = add(ledger, shares(1010, 52, 5100));
    ledger = add(ledger, shares(1020, 1, 30));
    ledger = add(ledger, shares(1030, 2, 60));
    expect(ledgerValue(ledger)).toEqual({ value: 4 / (4 + 160), n: 164 });
  });

  it.each([1, 7])('of one process restart together: one failure in each life, asked every %d samples', (each) => {
    const labels = { instance: '10.0.0.1:80', job: 'shop' };
    const rows: object[] = [];
    let ledger = startLedger(read({ shares: [{ series: { ...labels, code: '200' }, at: 1000, others: 0 }] }), {
      limits: [],
      inFlightMs: 0,
    });
    for (let second = 1; second <= 200; second++) {
      const age = second % 20;
      rows.push({ series: { ...labels, code: '200' }, at: 1000 + second, others: 10 * age });
      // A code is counted from its first occurrence on.
      if (age > 12) rows.push({ series: { ...labels, code: '500' }, at: 1000 + second, hits: 1 });
      if (second % each === 0 || second === 200) ledger = add(ledger, { shares: rows.splice(0) });
    }
    const { response, service } = shareCounts(ledger);
    expect(response.bad).toBe(10);
    expect(service.n - service.bad).toBe(10 * 190);
  });

  it('count a series that appears later from zero, and keep one that is gone', () => {
    let ledger = startLedger(read(shares(1000, 0, 700, 'old')), { limits: [], inFlightMs: 0 });
    ledger = add(ledger, { shares: [...shares(1010, 1, 710, 'old').shares, ...shares(1010, 2, 20, 'new').shares] });
    ledger = add(ledger, shares(1020, 4, 40, 'new'));
    expect(ledgerValue(ledger).n).toBe(1 + 10 + 4 + 40);
  });

  it('begin at zero when there was nothing yet', () => {
    const ledger = add(startLedger(read({ shares: [] }), { limits: [], inFlightMs: 0 }), shares(1000, 1, 9));
    expect(ledgerValue(ledger)).toEqual({ value: 0.1, n: 10 });
  });

  it('do not depend on how the samples were asked for', () => {
    const counters = fc.array(fc.tuple(fc.nat(3), fc.nat(20)), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(counters, fc.nat(), (steps, cut) => {
        let [hits, others] = [3, 4];
        const rows = steps.flatMap(([h, o], index) => shares(1001 + index, (hits += h), (others += o)).shares);
        const start = startLedger(read(shares(1000, 3, 4)), { limits: [], inFlightMs: 5000 });
        const at = 2 * (cut % steps.length);
        const once = add(start, { shares: rows });
        // Samples that are asked for twice count once.
        const twice = add(add(start, { shares: rows.slice(0, at + 2) }), { shares: rows.slice(at) });
        expect(twice).toEqual(once);
        // Neither view may count what the other excludes.
        const { response, service } = shareCounts(once);
        expect(response.bad).toBeGreaterThanOrEqual(service.bad);
        expect(response.n - response.bad).toBeLessThanOrEqual(service.n - service.bad);
      }),
    );
  });

  it('know the mean as a share of its cap', () => {
    const sums = (at: number, sum: number, count: number) => ({
      sums: [
        { series: 'a', at, sum },
        { series: 'a', at, count },
      ],
    });
    let ledger = startLedger(read(sums(1000, 100, 10)), { limits: [], inFlightMs: 0 });
    ledger = add(ledger, sums(1010, 100 + 5000, 10 + 50));
    ledger = add(ledger, sums(1020, 100 + 10_000, 10 + 100));
    expect(ledgerValue(ledger)).toEqual({ value: 100, n: 100 });
    // Nothing is under way for any time: all that was counted since the start counts for both claims.
    const counts = { bad: 10, n: 10 + 90 };
    expect(meanCounts(ledger, 1000)).toEqual({ response: counts, service: counts });
  });
});

describe('buckets', () => {
  const classic = (at: number, counts: readonly number[], series = 'a') => ({
    percentile: 95,
    histograms: [100, 250, 500, '+Inf'].map((le, index) => ({ series, at, le, count: counts[index]! })),
  });
  const native = (at: number, buckets: readonly (readonly number[])[]) => ({
    percentile: 95,
    histograms: [{ series: 'a', at, count: buckets.reduce((sum, [, , n]) => sum + n!, 0), buckets }],
  });

  it('are exact at a limit that is a bound', () => {
    let ledger = startLedger(read(classic(1000, [10, 10, 10, 10])), { limits: [250], inFlightMs: 0 });
    ledger = add(ledger, classic(1010, [10, 10, 10, 10]));
    ledger = add(ledger, classic(1020, [60, 100, 105, 110]));
    expect(beyondCounts(ledger, 250)).toEqual({ response: { bad: 10, n: 100 }, service: { bad: 10, n: 100 } });
    expect(ledgerValue(ledger)).toEqual({ value: 500, n: 100 });
    expect(beyondCounts(ledger, 300)).toBeUndefined();
  });

  it('help neither side where the limit divides one', () => {
    let ledger = startLedger(read(classic(1000, [0, 0, 0, 0])), { limits: [300], inFlightMs: 0 });
    ledger = add(ledger, classic(1010, [0, 0, 0, 0]));
    ledger = add(ledger, classic(1020, [50, 90, 96, 100]));
    expect(beyondCounts(ledger, 300)).toEqual({ response: { bad: 10, n: 100 }, service: { bad: 4, n: 100 } });
  });

  it('of native histograms may merge while they grow', () => {
    let ledger = startLedger(read(native(1000, [[0.5, 1, 4]])), { limits: [2], inFlightMs: 0 });
    ledger = add(ledger, native(1010, [[0.5, 1, 4]]));
    ledger = add(
      ledger,
      native(1020, [
        [0.5, 1, 14],
        [1, 2, 10],
        [2, 4, 2],
      ]),
    );
    expect(beyondCounts(ledger, 2)!.response).toEqual({ bad: 2, n: 22 });
    // Coarser bounds: [1, 4] is divided by the limit, and counts against whatever is claimed.
    const merged = add(
      ledger,
      native(1030, [
        [0.25, 1, 20],
        [1, 4, 15],
      ]),
    );
    expect(beyondCounts(merged, 2)!.response).toEqual({ bad: 15, n: 15 + 16 });
    expect(beyondCounts(merged, 2)!.service.bad).toBe(0);
  });

  it('are multiplied without noise', () => {
    const answer = read({
      percentile: 50,
      histograms: [
        { series: 1, at: 1, le: 0.07 * 1000, count: 1 },
        { series: 1, at: 1, le: '+Inf', count: 1 },
      ],
    });
    expect(answer.samples[0]).toMatchObject({
      buckets: [
        [-Infinity, 70, 1],
        [70, Infinity, 0],
      ],
    });
  });
});

describe('rows', () => {
  it('of a histogram that is kept in both forms count once', () => {
    const { samples } = read({
      percentile: 95,
      histograms: [
        { series: 'a', at: 1, le: 100, count: 7 },
        { series: 'a', at: 1, le: '+Inf', count: 9 },
        { series: 'a', at: 1, count: 9, buckets: [[0, 90, 9]] },
      ],
    });
    expect(samples).toMatchObject([{ count: 9, buckets: [[0, 90, 9]] }]);
  });

  it.each([
    [{ shares: 3 }, /expected a list of rows/],
    [{ shares: [{ at: 1 }] }, /shares\[0\]: expected hits or others/],
    [{ shares: [{ at: 1, hits: -1 }] }, /hits: expected a number, 0 or more, got -1/],
    [{ shares: [{ at: 'x', hits: 1 }] }, /at: expected seconds/],
    [{ histograms: [] }, /percentile: expected/],
    [{ percentile: 95, histograms: [{ le: 'x', count: 1 }] }, /le: expected a number or "\+Inf"/],
    [{ percentile: 95, histograms: [{ count: 1 }] }, /buckets: expected a list/],
    [{ sums: [null] }, /sums\[0\]: expected an object/],
  ])('that are wrong are reported: %j', (json, expected) => expect(readCounterRows(json, 1)).toMatch(expected));

  it('are none where a number is meant', () => {
    for (const json of [3, '3', null, [], { value: 3 }]) expect(readCounterRows(json, 1)).toBeUndefined();
  });

  it('distinguish series whatever the order of their labels', () => {
    const { samples } = read({
      counts: [
        { series: { a: 1, b: 2 }, at: 1, count: 1 },
        { series: { b: 2, a: 1 }, at: 2, count: 2 },
      ],
    });
    expect(new Set(samples.map(({ series }) => series)).size).toBe(1);
  });

  it('of pods that follow one another fill nothing: those that ended are one row', () => {
    const histogram = (pod: number, at: number, n: number) =>
      Array.from({ length: 21 }, (_, k) => ({
        series: `pod-${pod}`,
        at,
        le: k === 20 ? '+Inf' : 10 * (k + 1),
        count: n,
      }));
    let ledger = startLedger(read({ percentile: 95, histograms: [] }), { limits: [100], inFlightMs: 10_000 });
    const rows: object[] = [];
    for (let pod = 0; pod < 300; pod++) {
      for (let second = 0; second < 30; second += 5) rows.push(...histogram(pod, 1000 + 30 * pod + second, second));
      // What a backend gives: the samples of the last five minutes.
      rows.splice(0, Math.max(0, rows.length - 60 * 21));
      ledger = add(ledger, { percentile: 95, histograms: rows });
      expect(JSON.stringify(ledger).length).toBeLessThan(32_000);
    }
    expect(ledgerValue(ledger).n).toBe(300 * 25);
    // Of each pod: from its first sample to the one that is 10 s before its last; of the first one, from 10 s after the start.
    expect(beyondCounts(ledger, 100)!.response).toEqual({ bad: 0, n: 299 * 15 + 5 });
  });

  it('of a series that was taken for ended, and comes back, help neither claim', () => {
    const pods = (at: number, n: number) =>
      Array.from({ length: 120 }, (_, pod) => ({ series: `pod-${pod}`, at, hits: n, others: 9 * n }));
    const one = (at: number, n: number) => ({ series: 'gone for a while', at, hits: n, others: 9 * n });
    let ledger = startLedger(read({ shares: [one(1000, 0)] }), { limits: [], inFlightMs: 0 });
    ledger = add(ledger, { shares: [one(1010, 0), one(1020, 100)] });
    const before = shareCounts(ledger);
    for (let at = 1030; at <= 1300; at += 10) ledger = add(ledger, { shares: pods(at, 0) });
    expect(Object.keys(ledger.series)).toHaveLength(121);
    const limit = 120 * 10 + 9;
    const next = addSamples(ledger, read({ shares: pods(1310, 0) }), limit);
    if (typeof next === 'string') throw new Error(next);
    expect(Object.keys(next.series)).toHaveLength(120);
    expect(shareCounts(next)).toEqual(before);
    // Read once more, its old samples count no more; what it counted while it was away counts against both claims.
    const again = add(next, { shares: [one(1020, 100), one(1320, 150)] });
    const { response, service } = shareCounts(again);
    expect(response.n - response.bad).toBe(900);
    expect(service.bad).toBe(100);
  });

  it('of too many series are refused', () => {
    const rows = Array.from({ length: 2000 }, (_, series) => ({ series, at: 5, count: 1 }));
    const start = startLedger(read({ counts: [] }), { limits: [], inFlightMs: 0 });
    expect(addSamples(start, read({ counts: rows }))).toMatch(/2000 series, more than can be kept/);
  });
});
