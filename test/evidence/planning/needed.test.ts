/** What is planned: how many requests or pairs. Against the rule itself: needed-simulation.test.ts. */
import { describe, expect, it } from 'vitest';
import { exponential, measured, meanOf, type Distribution } from '../../../src/evidence/planning/distribution.ts';
import { constant } from '../../support/constant-distribution.ts';
import { histogramOf } from '../../support/simulated-load.ts';
import { lnSatisfied } from '../../../src/evidence/one-sample/rate-bounds.ts';
import { requestsStillNeeded } from '../../../src/evidence/planning/requests-needed.ts';
import {
  cheaperCap,
  pairsForMean,
  requestsForMean,
  shareOf,
  type PairsQuestion,
} from '../../../src/evidence/planning/mean-passage.ts';
import {
  exponentialSpread,
  measuredSpread,
  pairsForPercentile,
} from '../../../src/evidence/planning/percentile-passage.ts';
import { requestsForRate } from '../../../src/evidence/planning/rate-passage.ts';
import { seeded } from '../../support/seeded.ts';

const LN20 = Math.log(20);

describe('requests for a rate', () => {
  const question = { p0: 0.01, truth: 0.001, lnThreshold: LN20, side: 'satisfied' } as const;

  it('are never enough at the limit, nor against a limit of 0', () => {
    expect(requestsForRate({ ...question, truth: 0.01 }).half).toBe(Number.POSITIVE_INFINITY);
    expect(requestsForRate({ ...question, p0: 0, truth: 0 }).average).toBe(Number.POSITIVE_INFINITY);
  });

  it('scale with tiny limits', () => {
    const tiny = requestsForRate({ ...question, p0: 1e-5, truth: 1e-6 });
    expect(tiny.half / requestsForRate({ ...question, p0: 1e-3, truth: 1e-4 }).half).toBeCloseTo(100, 5);
  });
});

describe('requests for a mean', () => {
  const cap = 10_000;
  it('are more when latencies are bimodal', () => {
    const question = { limit: 500, cap, side: 'upper', lnThreshold: LN20 } as const;
    const bimodal: Distribution = [
      [20, 0.97],
      [7700, 0.03],
    ];
    const even = requestsForMean({ ...question, values: constant(meanOf(bimodal)) });
    expect(requestsForMean({ ...question, values: bimodal }).average).toBeGreaterThan(1.5 * even.average);
  });

  // Looks that cannot decide are left out: these are the numbers of all looks.
  it.each([
    [500, 10_000, 181],
    [300, 60_000, 1840],
    [200, 5000, 227],
  ])('are as many when looks that decide nothing are left out: %d of %d', (limit, most, average) => {
    const question = {
      values: exponential(limit / 2),
      limit,
      cap: most,
      side: 'upper',
      lnThreshold: Math.log(40),
    } as const;
    expect(requestsForMean(question).average).toBeCloseTo(average, 0);
  });

  it('are known of a histogram that was measured', () => {
    const random = seeded(1);
    const latencies = Array.from({ length: 5000 }, () => -200 * Math.log(1 - random()));
    const values = measured(histogramOf(latencies, cap))!;
    expect(values.length).toBeLessThan(70);
    expect(meanOf(values)).toBeGreaterThan(185);
    expect(meanOf(values)).toBeLessThan(215);
    expect(measured([])).toBeUndefined();
  });

  it('of a lower limit are about values above it; one of 0 holds by itself', () => {
    const question = { cap: 1000, side: 'lower', lnThreshold: LN20 } as const;
    const needed = requestsForMean({ ...question, values: constant(900), limit: 500 });
    expect(needed.average).toBeGreaterThan(3);
    expect(needed.average).toBeLessThan(20);
    expect(requestsForMean({ ...question, values: constant(250), limit: 500 }).average).toBe(Number.POSITIVE_INFINITY);
    expect(requestsForMean({ ...question, values: constant(250), limit: 0 }).nearlyAll).toBe(0);
  });
});

describe('pairs', () => {
  const comparison = { ratio: 1.1, plus: 0, cap: 10_000 };
  const values = exponential(50);

  it('for a mean are far fewer with a cap, which is proposed', () => {
    const proposal = (question: PairsQuestion) => cheaperCap(question, pairsForMean(question));
    const question = { a: values, b: values, comparison, lnThreshold: LN20 };
    const found = proposal(question)!;
    expect(found.cap).toBeLessThanOrEqual(500);
    expect(pairsForMean(question).average / found.pairs.average).toBeGreaterThan(3);
    expect(proposal({ ...question, comparison: { ...comparison, cap: 500 } })).toBeUndefined();
  });

  it('for a share are those of a mean of zeros and ones', () => {
    const ones = { comparison: { ratio: 1, plus: 0.02, cap: 1 }, lnThreshold: LN20 };
    const needed = pairsForMean({ ...ones, a: shareOf(0.01), b: shareOf(0.01) });
    expect(needed.half).toBeGreaterThan(100);
    expect(needed.nearlyAll).toBeLessThan(2000);
    expect(pairsForMean({ ...ones, a: shareOf(0.01), b: shareOf(0.03) }).half).toBe(Number.POSITIVE_INFINITY);
  });

  it('for a percentile are as many as the rule takes', () => {
    const question = {
      percent: 95,
      comparison: { ratio: 1.3, plus: 0 },
      lnThreshold: LN20,
      ...exponentialSpread(100),
    };
    const needed = pairsForPercentile(question);
    // Measured in 40 runs of the rule: 845 on average, 1 870 in 95 %.
    expect(needed.average).toBeGreaterThan(600);
    expect(needed.average).toBeLessThan(1200);
    expect(needed.nearlyAll).toBeLessThan(3000);
    // Ten times as near: from the information in a pair.
    expect(pairsForPercentile({ ...question, comparison: { ratio: 1.03, plus: 0 } }).average).toBeGreaterThan(30_000);
  });

  it('for a percentile of latencies that were measured', () => {
    const random = seeded(1);
    const latencies = Array.from({ length: 20_000 }, () => -100 * Math.log(1 - random()));
    const spread = measuredSpread(histogramOf(latencies, 10_000))!;
    for (const part of [0.5, 0.05, 0.01]) {
      expect(Math.abs(spread.exceededBy(part) / (-100 * Math.log(part)) - 1)).toBeLessThan(0.05);
      expect(spread.above(spread.exceededBy(part))).toBeCloseTo(part, 6);
    }
    expect(spread.above(20_000)).toBe(0);
    expect(spread.above(-1)).toBe(1);
    const needed = pairsForPercentile({
      percent: 95,
      comparison: { ratio: 1.3, plus: 0 },
      lnThreshold: LN20,
      ...spread,
    });
    expect(needed.average).toBeGreaterThan(600);
    expect(needed.average).toBeLessThan(1200);
    expect(measuredSpread([])).toBeUndefined();
  });
});

describe('requests that are still needed', () => {
  it('are as many as outweigh those of which a kill left nobody who knows how they ended', () => {
    // As errors they are beyond the limit, without them nothing is: neither is shown by one request more.
    const [below, above] = [
      { n: 315, bad: 153 },
      { n: 162, bad: 0 },
    ];
    const ln20 = Math.log(20);
    const more = requestsStillNeeded({ below, above, p0: 0.3, lnSatisfiedNeeded: ln20, lnViolatedNeeded: ln20 })!;
    const ln = (n: number) => lnSatisfied({ n: below.n + n, bad: below.bad }, 0.3);
    expect([ln(more) >= ln20, ln(more - 1) >= ln20]).toEqual([true, false]);
  });
});
