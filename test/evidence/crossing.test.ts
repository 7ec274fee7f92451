import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crossing } from '../../src/evidence/crossing.ts';
import { runs } from '../support/search-depth.ts';

const between = (min: number, max: number) => fc.double({ min, max, noNaN: true });

/** Increasing functions that cross zero at a place of their own: smooth, steep, flat, with a jump, infinite at an end. */
const shape = fc.constantFrom<(at: number, zero: number) => number>(
  (at, zero) => at - zero,
  (at, zero) => (at - zero) ** 3,
  (at, zero) => Math.log(at / zero),
  (at, zero) => Math.log(at / (1 - at)) - Math.log(zero / (1 - zero)),
  (at, zero) => (at >= zero ? 1 : -1e-9),
  (at, zero) => (at >= zero ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY),
  (at, zero) => Math.expm1(80 * (at - zero)),
);

describe('the crossing of an increasing function', () => {
  it('lies between the two places that are found, which are as close as asked, after a bounded number of looks', () => {
    fc.assert(
      fc.property(shape, between(1e-6, 1 - 1e-6), between(0, 1e-3), (value, zero, width) => {
        let looks = 0;
        const { before, from } = crossing({ start: 0, end: 1, narrow: 1e-12, width }, (at) => {
          looks += 1;
          return value(at, zero);
        });
        expect(before === 0 || value(before, zero) < 0).toBe(true);
        expect(from === 1 || value(from, zero) >= 0).toBe(true);
        expect(from - before).toBeLessThanOrEqual(Math.max(width, 1e-12 * from) + Number.EPSILON);
        expect(looks).toBeLessThanOrEqual(70);
      }),
      { numRuns: runs(300) },
    );
  });

  it('is looked for a few times only where the function is smooth', () => {
    let looks = 0;
    const { from } = crossing({ start: 0, end: 1, narrow: 1e-13 }, (at) => {
      looks += 1;
      return Math.log(at / 0.0123);
    });
    expect(from).toBeCloseTo(0.0123, 12);
    expect(looks).toBeLessThan(20);
  });

  it('is an end of the stretch where there is none inside', () => {
    const stretch = { start: 2, end: 3, narrow: 1e-13 };
    expect(crossing(stretch, () => -1).from).toBe(3);
    expect(crossing(stretch, () => 1).before).toBe(2);
  });
});
