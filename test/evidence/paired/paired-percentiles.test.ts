import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ValuePair } from '../../../src/evidence/paired/paired-means.ts';
import {
  addPercentilePairs,
  addPercentileTallies,
  emptyPercentilePairs,
  lnPercentilePairs,
  pairedPercentiles,
  percentileRatioBounds,
  type PercentilePairs,
} from '../../../src/evidence/paired/paired-percentiles.ts';
import {
  addPairs,
  addPairTally,
  comparisonKey,
  EMPTY_PAIR_TALLY,
  percentileKey,
} from '../../../src/evidence/paired/request-pairs.ts';
import { pairedClaims } from '../../support/cells/paired-latency.ts';
import { seeded } from '../../support/seeded.ts';

const limit = { percent: 95, ratio: 1.1, plus: 0 };
const both = (list: readonly ValuePair[]) => ({ below: list, above: list });
const draws = (n: number, times: number, seed = 1): ValuePair[] => {
  const random = seeded(seed);
  const draw = () => 100 - 50 * Math.log(1 - random());
  return Array.from({ length: n }, () => [draw(), times * draw()]);
};

describe('percentiles of paired requests', () => {
  it('add up, whatever the order, and are the same after they were stored', () => {
    const latency = fc.double({ min: 0, max: 1e5, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(latency, latency), { minLength: 2, maxLength: 60 }), fc.nat(), (list, cut) => {
        const at = 1 + (cut % (list.length - 1));
        const whole = addPercentilePairs(emptyPercentilePairs(limit), both(list));
        const [one, other] = [list.slice(0, at), list.slice(at)].map((part) =>
          addPercentilePairs(emptyPercentilePairs(limit), both(part)),
        );
        expect(addPercentileTallies(other!, one!)).toEqual(whole);
        expect(JSON.parse(JSON.stringify(whole))).toEqual(whole);
        const { lnBelow, lnAbove } = lnPercentilePairs(whole);
        expect(Math.min(lnBelow, lnAbove)).toBeLessThan(1);
      }),
    );
  });

  it('show percentiles, and bounds on their ratio that agree with the verdict', () => {
    const state = addPercentilePairs(emptyPercentilePairs(limit), both(draws(20_000, 1)));
    const { a, b } = pairedPercentiles(state)!;
    const truth = 100 - 50 * Math.log(0.05);
    expect(Math.abs(a / truth - 1)).toBeLessThan(0.03);
    expect(Math.abs(b / truth - 1)).toBeLessThan(0.03);
    expect(lnPercentilePairs(state).lnBelow).toBeGreaterThan(Math.log(20));
    const bounds = percentileRatioBounds(state, { below: Math.log(20), above: Math.log(20) });
    expect(bounds.lower).toBeGreaterThan(0.9);
    expect(bounds.lower).toBeLessThan(1);
    expect(bounds.upper).toBeGreaterThan(1);
    expect(bounds.upper).toBeLessThan(1.1);
  });

  it('need fewer requests than one bound against the other', () => {
    const exponential = (random: () => number) => -100 * Math.log(1 - random());
    const pairs = Array.from(
      { length: 10 },
      (_, seed) =>
        pairedClaims(seeded(seed), { limit, times: 1, draw: exponential, pairs: 20_000, lookEvery: 500 }).first,
    ).toSorted((x, y) => x - y);
    // The median of one bound against the other is 13 500.
    expect(pairs[5]).toBeLessThan(9_000);
  });

  it('stay small, and lose little by it', () => {
    let state: PercentilePairs = emptyPercentilePairs(limit);
    const random = seeded(5);
    // From 10 microseconds to 10 s.
    const draw = () => 0.01 * 1e6 ** random();
    for (let k = 0; k < 40; k++) {
      const list = Array.from({ length: 500 }, (): ValuePair => [draw(), 0.8 * draw()]);
      state = addPercentilePairs(state, both(list));
      expect(JSON.stringify(state).length).toBeLessThan(24_000);
    }
    expect(state.n).toBe(20_000);
    expect(lnPercentilePairs(state).lnBelow).toBeGreaterThan(0);
  });

  it('of a service of sub-millisecond latencies, and of an increase in ms', () => {
    const quick = draws(6000, 1).map(([a, b]): ValuePair => [a / 1000, b / 1000]);
    const more = { percent: 95, ratio: 1, plus: 0.05 };
    const state = addPercentilePairs(emptyPercentilePairs(more), both(quick));
    expect(lnPercentilePairs(state).lnBelow).toBeGreaterThan(Math.log(20));
    const slower = addPercentilePairs(emptyPercentilePairs(more), both(quick.map(([a, b]): ValuePair => [a, b + 0.1])));
    expect(lnPercentilePairs(slower).lnAbove).toBeGreaterThan(Math.log(20));
  });

  it('stand beside means that are shown of resolved requests alone', () => {
    const cap = { ratio: 1.1, plus: 0, cap: 1000 };
    const answered = [
      [100, 100, 0, 0],
      [300, 300, 0, 0],
    ] as const;
    const killed = [
      [100, 100, 0, 0],
      [10_000, 0, 1, 0],
    ] as const;
    const timedOut = [
      [100, 100, 0, 0],
      [10_000, 10_000, 1, 1],
    ] as const;
    const tally = addPairTally(
      addPairs(EMPTY_PAIR_TALLY, [answered, killed], [cap]),
      addPairs(EMPTY_PAIR_TALLY, [timedOut], [cap]),
    );
    const { shown, below } = tally.means[comparisonKey(cap)]!;
    expect(shown).toEqual({ n: 2, sumA: 200, sumB: 1300 });
    expect(below.n).toBe(3);
  });

  it('are in the tally of pairs, each claim in the view in which our own lateness can only harm it', () => {
    // The candidate was sent 100 ms late by us: as slow as that for "below", not for "above".
    const late = draws(3000, 1).map(
      ([a, b]) =>
        [
          [a, a, 0, 0],
          [b + 100, b, 0, 0],
        ] as const,
    );
    const tally = addPairTally(
      addPairs(EMPTY_PAIR_TALLY, late.slice(0, 1000), [], [limit]),
      addPairs(EMPTY_PAIR_TALLY, late.slice(1000), [], [limit]),
    );
    const state = tally.percentiles![percentileKey(limit)]!;
    expect(state.n).toBe(3000);
    const { lnBelow, lnAbove } = lnPercentilePairs(state);
    expect(lnBelow).toBeLessThan(0);
    expect(lnAbove).toBeLessThan(0);
  });
});
