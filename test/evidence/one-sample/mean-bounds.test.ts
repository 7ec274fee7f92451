import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lnSatisfied } from '../../../src/evidence/one-sample/rate-bounds.ts';
import { meanLowerBound, meanUpperBound, type MeanRow } from '../../../src/evidence/one-sample/mean-bounds.ts';
import { MeanWealth } from '../../support/mean-wealth.ts';
import { runs } from '../../support/search-depth.ts';

const CAP = 10_000;
const LN20 = Math.log(20);
const ROWS: MeanRow[] = [
  { lowMs: 99, highMs: 100, count: 50 },
  { lowMs: 199, highMs: 200, count: 100 },
  { lowMs: 499, highMs: 500, count: 30 },
  { lowMs: 999, highMs: 1000, count: 15 },
  { lowMs: 4990, highMs: 5000, count: 4 },
  { lowMs: 10_000, highMs: 10_000, count: 1 },
];
function wealth(limitMs: number, rows: readonly MeanRow[] = ROWS, capMs = CAP): MeanWealth {
  const found = new MeanWealth({ limitMs, capMs });
  found.add(rows);
  return found;
}

describe('evidence about a mean', () => {
  // docs/method.md 0.9
  it.each([
    [500, -0.0982673990006],
    [300, -1.73618876677],
    [800, 4.36310600289],
  ])('below %d', (limit, expected) => expect(wealth(limit).lnBelow()).toBeCloseTo(expected, 8));
  it.each([
    [300, 1.695548704],
    [200, 32.6496113025],
  ])('above %d', (limit, expected) => expect(wealth(limit).lnAbove()).toBeCloseTo(expected, 7));

  it('of zeros and ones is that of the counts', () => {
    const rows = [
      { lowMs: 0, highMs: 0, count: 960 },
      { lowMs: 1, highMs: 1, count: 40 },
    ];
    expect(wealth(0.1, rows, 1).lnBelow()).toBeCloseTo(lnSatisfied({ n: 1000, bad: 40 }, 0.1), 9);
  });

  const rowsOf = fc.array(
    fc
      .record({
        lowMs: fc.integer({ min: 0, max: 9_000 }),
        width: fc.integer({ min: 0, max: 500 }),
        count: fc.integer({ min: 1, max: 50 }),
      })
      .map(({ lowMs, width, count }) => ({ lowMs, highMs: lowMs + width, count })),
    { minLength: 1, maxLength: 30 },
  );

  it('does not depend on the order, nor on the pieces in which it was added', () => {
    fc.assert(
      fc.property(rowsOf, fc.integer({ min: 1, max: 9_999 }), (rows, limit) => {
        const pieces = new MeanWealth({ limitMs: limit, capMs: CAP });
        for (const row of rows.toReversed()) pieces.add([row]);
        expect(pieces.lnBelow()).toBeCloseTo(wealth(limit, rows).lnBelow(), 6);
        expect(pieces.lnAbove()).toBeCloseTo(wealth(limit, rows).lnAbove(), 6);
      }),
    );
  });

  it('bounds the mean from both sides, in agreement with the verdict', () => {
    fc.assert(
      fc.property(rowsOf, (unsorted) => {
        const rows = unsorted.toSorted((a, b) => a.lowMs - b.lowMs);
        const n = rows.reduce((sum, row) => sum + row.count, 0);
        const least = rows.reduce((sum, row) => sum + row.count * Math.min(row.lowMs, CAP), 0) / n;
        const most = rows.reduce((sum, row) => sum + row.count * Math.min(row.highMs, CAP), 0) / n;
        const upper = meanUpperBound(rows, { capMs: CAP, lnThreshold: LN20 });
        const lower = meanLowerBound(rows, { capMs: CAP, lnThreshold: LN20 });
        expect(upper).toBeGreaterThanOrEqual(most - 0.1);
        expect(lower).toBeLessThanOrEqual(least + 0.1);
        if (upper < CAP * 0.999) expect(wealth(upper * 1.001, rows).lnBelow()).toBeGreaterThanOrEqual(LN20);
        if (lower > 1) expect(wealth(lower * 0.999, rows).lnAbove()).toBeGreaterThanOrEqual(LN20);
      }),
      { numRuns: runs(60) },
    );
  });

  it('is nothing without data', () => {
    expect(meanUpperBound([], { capMs: CAP, lnThreshold: LN20 })).toBe(CAP);
    expect(meanLowerBound([], { capMs: CAP, lnThreshold: LN20 })).toBe(0);
    expect(wealth(500, []).lnBelow()).toBeCloseTo(0, 12);
  });

  it('can show that a mean is large when its cap is unknown', () => {
    const rows = [{ lowMs: 700, highMs: 706, count: 200 }];
    expect(meanLowerBound(rows, { capMs: undefined, lnThreshold: LN20 })).toBeGreaterThan(600);
  });
});
