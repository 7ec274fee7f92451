import { describe, expect, it } from 'vitest';
import { MeanWealth } from '../../support/mean-wealth.ts';
import { lnSatisfied, lnViolated } from '../../../src/evidence/one-sample/rate-bounds.ts';

describe('limits next to 0, and to the largest value', () => {
  it.each([Number.MIN_VALUE, 1e-320, 1e-300, 1e-13, 1 - 1e-16])('a rate limit of %d has evidence', (limit) => {
    for (const bad of [0, 1, 3, 100]) {
      expect(lnSatisfied({ n: 100, bad }, limit)).not.toBeNaN();
      expect(lnViolated({ n: 100, bad }, limit)).not.toBeNaN();
    }
    if (limit > 0.5) return;
    expect(lnViolated({ n: 100, bad: 3 }, limit)).toBeGreaterThan(20);
    expect(lnSatisfied({ n: 100, bad: 0 }, limit)).toBeLessThan(1e-6);
  });

  it('the evidence grows as the limit shrinks, without a jump', () => {
    const evidence = [1e-300, 1e-307, 1e-310, 1e-320].map((limit) => lnViolated({ n: 100, bad: 1 }, limit));
    expect(evidence).toEqual(evidence.toSorted((a, b) => a - b));
    expect(evidence[3]! - evidence[0]!).toBeLessThan(60);
  });

  it.each([Number.MIN_VALUE, 1e-310, 1e-6])('a mean limit of %d ms has evidence', (limitMs) => {
    const wealth = new MeanWealth({ limitMs, capMs: 10_000 });
    wealth.add([
      { lowMs: 0, highMs: 0.001, count: 3 },
      { lowMs: 100, highMs: 101, count: 3 },
    ]);
    expect(wealth.lnAbove()).toBeGreaterThan(20);
    expect(wealth.lnBelow()).toBeLessThan(0.01);
  });
});
