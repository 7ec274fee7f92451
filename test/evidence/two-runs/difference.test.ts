import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowsOf } from '../../../src/evidence/latency-histogram.ts';
import { lnMeanAbove, lnMeanBelow } from '../../../src/evidence/one-sample/mean-bounds.ts';
import { differenceBounds, shownOrder } from '../../../src/evidence/two-runs/difference.ts';
import { NO_STEPS } from '../../../src/evidence/two-runs/levels.ts';
import { condensed, meanLevels } from '../../../src/evidence/two-runs/mean-levels.ts';
import { percentileLevels } from '../../../src/evidence/two-runs/percentile-levels.ts';
import { shareLevels } from '../../../src/evidence/two-runs/share-levels.ts';
import { binIndex } from '../../../src/evidence/latency-histogram.ts';
import { comparedRuns, simulatedRun, type SimulatedRun } from '../../support/cells/two-runs.ts';
import { seeded } from '../../support/seeded.ts';
import { runs } from '../../support/search-depth.ts';

const latencies = fc.array(fc.integer({ min: 1, max: 2_000_000 }), { maxLength: 60 });
const run = fc
  .record({ us: latencies, part: fc.double({ min: 0, max: 1, noNaN: true }), times: fc.constantFrom(1, 7, 400) })
  .map(({ us, part, times }): SimulatedRun => {
    const bins = new Map<number, number>();
    for (const one of us) bins.set(binIndex(one), (bins.get(binIndex(one)) ?? 0) + times);
    const n = us.length * times;
    return { n, errors: Math.floor(part * n), histogram: [...bins].toSorted(([x], [y]) => x - y) };
  });
const negative = (value: number | undefined) => (value === undefined ? undefined : -value);

describe('the difference of two runs', () => {
  it('is never shown of a run and itself', () => {
    fc.assert(
      fc.property(run, (one) => {
        for (const bounds of comparedRuns(one, one)) {
          expect(shownOrder(bounds)).toBeUndefined();
          expect(bounds.lower ?? -1).toBeLessThanOrEqual(0);
          expect(bounds.upper ?? 1).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: runs(8) },
    );
  });

  it('mirrors that of the same runs the other way round', () => {
    fc.assert(
      fc.property(run, run, (a, b) => {
        const there = comparedRuns(a, b);
        const back = comparedRuns(b, a);
        for (const [row, { lower, upper, ratio }] of there.entries()) {
          expect(negative(back[row]!.upper)).toBe(lower);
          expect(negative(back[row]!.lower)).toBe(upper);
          if (ratio.lower !== undefined) expect(ratio.lower * back[row]!.ratio.upper!).toBeCloseTo(1, 12);
        }
      }),
      { numRuns: runs(8) },
    );
  });

  it('lies between its bounds, which agree with what is shown', () => {
    const random = seeded(7);
    const slow = (factor: number) => ({ errors: 0.02 * factor, latencyMs: () => factor * 40 * (0.5 + random()) });
    const a = simulatedRun(random, 4000, slow(1));
    const b = simulatedRun(random, 4000, slow(1.5));
    const [errors, mean, p50] = comparedRuns(a, b);
    for (const [bounds, truth] of [
      [errors!, 0.01],
      [mean!, 20],
      [p50!, 20],
    ] as const) {
      expect(bounds.lower).toBeLessThan(truth);
      expect(bounds.upper).toBeGreaterThan(truth);
    }
    expect(shownOrder(mean!)).toBe('larger');
    expect(mean!.ratio.lower).toBeGreaterThan(1);
    expect(mean!.ratio.upper).toBeGreaterThan(1.5);
    expect(shownOrder(comparedRuns(b, a)[2]!)).toBe('smaller');
  });

  it('knows that a share is neither below 0 nor above 1 where one of the two is unknown', () => {
    const known = shareLevels({ response: { n: 5000, bad: 4900 }, service: { n: 5000, bad: 4900 } }, 6);
    const unknown = { below: NO_STEPS, above: NO_STEPS, least: 0, most: 1 };
    const { lower, upper } = differenceBounds(unknown, known, 6);
    expect(lower).toBeLessThan(0);
    expect(lower).toBeGreaterThan(-0.05);
    expect(upper).toBeLessThan(1);
  });

  it('says nothing of a percentile from where on latencies are unknown', () => {
    const histogram = [[binIndex(2_000_000), 500]] as const;
    const views = { response: histogram, service: histogram };
    const fast = [[binIndex(1000), 500]] as const;
    const a = percentileLevels({ response: fast, service: fast }, { percent: 90, lnNeeded: 6 });
    const all = percentileLevels(views, { percent: 90, lnNeeded: 6 });
    const some = percentileLevels(views, { percent: 90, lnNeeded: 6, knownBelowMs: 1000 });
    expect(differenceBounds(a, all, 6).upper).toBeGreaterThan(1990);
    expect(differenceBounds(a, some, 6).upper).toBeUndefined();
    expect(differenceBounds(a, some, 6).lower).toBeGreaterThan(1990);
  });
});

describe('rows that are written as the ends of spans', () => {
  it('keep number and sum, and never make evidence larger', () => {
    const values = fc.array(fc.tuple(fc.integer({ min: 1, max: 900_000 }), fc.integer({ min: 1, max: 50 })), {
      minLength: 1,
      maxLength: 50,
    });
    fc.assert(
      fc.property(values, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (list, part) => {
        const bins = new Map<number, number>();
        for (const [us, count] of list) bins.set(binIndex(us), (bins.get(binIndex(us)) ?? 0) + count);
        const rows = rowsOf([...bins].toSorted(([x], [y]) => x - y)).map((row) => ({ ...row, lowMs: row.highMs }));
        const fewer = condensed(rows.map(({ highMs, count }) => [highMs, count]));
        const limit = { limitMs: 1000 * part, capMs: 1000 };
        expect(lnMeanBelow(fewer, limit)).toBeLessThanOrEqual(lnMeanBelow(rows, limit) + 1e-6);
        expect(lnMeanAbove(fewer, limit)).toBeLessThanOrEqual(lnMeanAbove(rows, limit) + 1e-6);
        const sum = (of: typeof rows) => of.reduce((all, { highMs, count }) => all + highMs * count, 0);
        expect(sum(fewer)).toBeCloseTo(sum(rows), 4);
      }),
      { numRuns: runs(50) },
    );
  });

  it('are so few that a million requests take no longer than a thousand', () => {
    const random = seeded(3);
    const many = simulatedRun(random, 20_000, { errors: 0, latencyMs: () => 1 + 900 * random() });
    expect(condensed(rowsOf(many.histogram).map(({ highMs, count }) => [highMs, count])).length).toBeLessThan(320);
    const views = { response: many.histogram, service: many.histogram };
    expect(meanLevels(views, { capMs: 1000, lnNeeded: 6 }).below.at.length).toBeLessThan(80);
  });
});
