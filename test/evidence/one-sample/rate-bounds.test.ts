import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lnSatisfied, lnViolated, lowerBound, upperBound } from '../../../src/evidence/one-sample/rate-bounds.ts';
import { runs } from '../../support/search-depth.ts';

const LN20 = Math.log(20);
/** Relative, as two implementations of docs/method.md 0.9 agree. */
const near = (value: number, expected: number) =>
  expect(Math.abs(value - expected) / Math.max(1e-3, Math.abs(expected))).toBeLessThan(1e-9);

describe('evidence from counts', () => {
  it.each([
    [0, 376, 0.01, 2.98899633085],
    [0, 377, 0.01, 2.99778737097],
    [1, 700, 0.01, 3.28904769217],
    [3, 500, 0.05, 14.7397888608],
    [12, 1000, 0.25, 233.318706027],
    [400, 1000, 0.5, 16.998164556],
    [900, 1e9, 1e-6, 1.94681742976],
    [2.5, 1000, 0.01, 3.11628584289],
    [5, 5, 0.01, -2.39817502054],
  ])('that the rate is below: %d bad of %d at %d', (bad, n, p0, expected) =>
    near(lnSatisfied({ bad, n }, p0), expected),
  );

  it.each([
    [10, 300, 0.01, 3.23555879861],
    [60, 800, 0.05, 2.78874269775],
    [1, 1, 0.01, 2.60354094342],
    [3, 25, 0.01, 3.25271813571],
    [2, 2, 0.05, 3.58852804068],
    [7, 7, 0.5, 2.61961090464],
    [20, 1e6, 1e-5, 1.42293305357],
    [1200, 1e9, 1e-6, 15.1187579014],
    [22.5, 1000, 0.01, 3.75867375363],
    [990, 1000, 0.95, 21.8897392666],
  ])('that the rate is above: %d bad of %d at %d', (bad, n, p0, expected) =>
    near(lnViolated({ bad, n }, p0), expected),
  );

  it('masks a late regression behind good data (docs/method.md 0.12)', () => {
    expect(lnViolated({ n: 1500, bad: 10 }, 0.01)).toBeLessThan(0);
    expect(lnViolated({ n: 100, bad: 10 }, 0.01)).toBeGreaterThan(11);
  });

  it.each([
    ['no data at all', { n: 0, bad: 0 }],
    ['one good', { n: 1, bad: 0 }],
    ['one bad', { n: 1, bad: 1 }],
    ['all bad', { n: 1e6, bad: 1e6 }],
  ])('is a number for %s', (_, count) => {
    for (const p0 of [1e-9, 0.01, 0.5, 0.999_999]) {
      expect(lnSatisfied(count, p0)).not.toBeNaN();
      expect(lnViolated(count, p0)).not.toBeNaN();
    }
  });
});

describe('the first number of requests that satisfies', () => {
  const first = (p0: number, bad: number, alpha = 0.05) => {
    let n = Math.max(1, bad);
    while (lnSatisfied({ n, bad }, p0) < Math.log(1 / alpha)) n++;
    return n;
  };
  it.each([
    [0.1, 36, 53],
    [0.05, 74, 109],
    [0.01, 377, 556],
    [0.001, 3787, 5585],
  ])('a limit of %d without a bad one is %d, at 99 %% %d', (p0, at95, at99) => {
    expect(first(p0, 0)).toBe(at95);
    expect(first(p0, 0, 0.01)).toBe(at99);
  });
  it.each([
    [1, 663],
    [2, 883],
    [3, 1079],
    [5, 1436],
    [10, 2234],
    [20, 3666],
  ])('a limit of 1 %% with %d bad is %d', (bad, n) => expect(first(0.01, bad)).toBe(n));
});

describe('bounds', () => {
  it.each([
    [0, 1, 0.966101445059],
    [0, 100, 0.0371108878928],
    [0, 377, 0.00999383389606],
    [1, 700, 0.00947053475794],
    [10, 300, 0.0731494126463],
    [37, 5000, 0.0118166079854],
  ])('from above: %d bad of %d', (bad, n, expected) => near(upperBound({ bad, n }, LN20), expected));
  it.each([
    [1, 1, 0.00625779068471],
    [10, 300, 0.0103938044447],
    [37, 5000, 0.00415722065288],
  ])('from below: %d bad of %d', (bad, n, expected) => near(lowerBound({ bad, n }, LN20), expected));

  it('say nothing without data', () => {
    expect(upperBound({ n: 0, bad: 0 }, LN20)).toBe(1);
    expect(lowerBound({ n: 0, bad: 0 }, LN20)).toBe(0);
  });

  const counts = fc
    .integer({ min: 1, max: 20_000 })
    .chain((n) => fc.integer({ min: 0, max: n }).map((bad) => ({ n, bad })));
  const limits = fc.double({ min: 1e-6, max: 0.999, noNaN: true });

  it('never disagree with the verdict at any limit, and contain the observed rate', () => {
    fc.assert(
      fc.property(counts, limits, (count, p0) => {
        const upper = upperBound(count, LN20);
        const lower = lowerBound(count, LN20);
        const rate = count.bad / count.n;
        expect(lower).toBeLessThanOrEqual(rate + 1e-12);
        expect(upper).toBeGreaterThanOrEqual(rate - 1e-12);
        if (Math.abs(upper - p0) > 1e-9) expect(lnSatisfied(count, p0) >= LN20).toBe(upper <= p0);
        if (Math.abs(lower - p0) > 1e-9) expect(lnViolated(count, p0) >= LN20).toBe(lower >= p0);
      }),
      { numRuns: runs(150) },
    );
  });

  it('rest on evidence that is monotone in the limit', () => {
    fc.assert(
      fc.property(counts, limits, limits, (count, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        expect(lnSatisfied(count, high)).toBeGreaterThanOrEqual(lnSatisfied(count, low) - 1e-9);
        expect(lnViolated(count, low)).toBeGreaterThanOrEqual(lnViolated(count, high) - 1e-9);
      }),
    );
  });
});
