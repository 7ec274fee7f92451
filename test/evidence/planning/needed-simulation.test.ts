/** What is planned is what the rule takes: quantiles against the rule itself, played with other random numbers. */
import { describe, expect, it } from 'vitest';
import { MeanWealth } from '../../support/mean-wealth.ts';
import { lnSatisfied } from '../../../src/evidence/one-sample/rate-bounds.ts';
import { exponential, meanOf, type Distribution } from '../../../src/evidence/planning/distribution.ts';
import { constant } from '../../support/constant-distribution.ts';
import { requestsForMean } from '../../../src/evidence/planning/mean-passage.ts';
import { requestsForRate } from '../../../src/evidence/planning/rate-passage.ts';
import { seeded } from '../../support/seeded.ts';

const LN20 = Math.log(20);
const rising = ({ half, most, nearlyAll }: { half: number; most: number; nearlyAll: number }) =>
  half <= most && most <= nearlyAll;

/** The share of runs that are decided within so many requests. */
function decided(runs: number, isDecided: (seed: number) => boolean): number {
  return Array.from({ length: runs }, (_, seed) => isDecided(seed + 1)).filter(Boolean).length / runs;
}

describe('requests for a rate', () => {
  const question = { p0: 0.01, truth: 0.001, lnThreshold: LN20, side: 'satisfied' } as const;

  it('are more than the average in a third of the runs', () => {
    const needed = requestsForRate(question);
    expect(needed.average).toBeCloseTo(507, -1);
    expect(rising(needed)).toBe(true);
    const within = (requests: number) => {
      return decided(600, (seed) => {
        const random = seeded(seed);
        let bad = 0;
        for (let n = 1; n <= requests; n++) {
          if (random() < 0.001) bad += 1;
          if (n >= 377 && lnSatisfied({ n, bad }, 0.01) >= LN20) return true;
        }
        return false;
      });
    };
    expect(Math.abs(within(507) - 0.69)).toBeLessThan(0.06);
    expect(within(needed.half)).toBeGreaterThan(0.45);
    expect(Math.abs(within(needed.most) - 0.85)).toBeLessThan(0.08);
    expect(within(needed.nearlyAll)).toBeGreaterThan(0.92);
  });
});

describe('requests for a mean', () => {
  const cap = 10_000;
  const share = (values: Distribution, limit: number, requests: number): number => {
    return decided(200, (seed) => {
      const random = seeded(seed);
      const wealth = new MeanWealth({ limitMs: limit, capMs: cap });
      for (let n = 1; n <= requests; n++) {
        let place = random();
        const value = values.find(([, weight]) => (place -= weight) < 0)?.[0] ?? values.at(-1)![0];
        wealth.add([{ lowMs: value, highMs: value, count: 1 }]);
        if (wealth.lnBelow() >= LN20) return true;
      }
      return false;
    });
  };

  it.each([
    ['hardly vary', constant(200)],
    ['spread widely', exponential(200)],
    [
      'are bimodal',
      [
        [100, 0.95],
        [2100, 0.05],
      ] as const,
    ],
  ])('whose latencies %s', (_, values) => {
    expect(meanOf(values)).toBeCloseTo(200, 0);
    const needed = requestsForMean({ values, limit: 500, cap, side: 'upper', lnThreshold: LN20 });
    expect(rising(needed)).toBe(true);
    expect(Math.abs(share(values, 500, needed.most) - 0.85)).toBeLessThan(0.16);
    expect(share(values, 500, needed.nearlyAll)).toBeGreaterThan(0.88);
  });
});
