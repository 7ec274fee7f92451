/** Evidence about two versions: vectors of docs/method.md 0.9, and what must hold of any data. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addMeansBlock, emptyBlockMeans, lnBlockMeans } from '../../../src/evidence/two-versions/means-by-block.ts';
import { equality, isComparable, relativeComparison } from '../../../src/evidence/two-versions/comparison.ts';
import {
  addMeanPairs,
  emptyMeanPairs,
  lnMeanPairs,
  type ValuePair,
} from '../../../src/evidence/paired/paired-means.ts';
import {
  addOddsBlock,
  EMPTY_ODDS,
  lnOdds,
  type CountBlock,
} from '../../../src/evidence/two-versions/rates-by-block.ts';
import {
  addSharePairs,
  EMPTY_SHARE_PAIRS,
  lnSharePairs,
  shareDifferenceBounds,
  shareRatioBounds,
} from '../../../src/evidence/paired/paired-rates.ts';

const LN20 = Math.log(20);
const block = (nA: number, sA: number, nB: number, sB: number): CountBlock => ({
  a: { n: nA, bad: sA },
  b: { n: nB, bad: sB },
});
const oddsOf = (blocks: readonly CountBlock[]) => lnOdds(blocks.reduce(addOddsBlock, EMPTY_ODDS));
const swapped = ({ a, b }: CountBlock): CountBlock => ({ a: b, b: a });

const anyBlock = fc
  .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .chain(([nA, nB]) =>
    fc.tuple(fc.constant(nA), fc.integer({ min: 0, max: nA }), fc.constant(nB), fc.integer({ min: 0, max: nB })),
  )
  .map(([nA, sA, nB, sB]) => block(nA, sA, nB, sB));

describe('the odds of blocks of counts', () => {
  // docs/method.md 0.9
  it('is that of the document', () => {
    const blocks = [block(90, 1, 10, 3), block(80, 0, 20, 4), block(50, 2, 50, 6)];
    expect(oddsOf(blocks.slice(0, 1)).lnAbove).toBeCloseTo(2.13612474476, 10);
    expect(oddsOf(blocks).lnAbove).toBeCloseTo(7.14959466821, 10);
  });
  it('of single pairs is the test of the discordant ones', () => {
    const pairs = [...Array<CountBlock>(8).fill(block(1, 0, 1, 1)), ...Array<CountBlock>(2).fill(block(1, 1, 1, 0))];
    expect(oddsOf(pairs).lnAbove).toBeCloseTo(1.07354663785, 10);
    expect(oddsOf([...pairs, block(1, 1, 1, 1), block(1, 0, 1, 0)])).toEqual(oddsOf(pairs));
  });

  it('are turned round when the versions are', () => {
    fc.assert(
      fc.property(fc.array(anyBlock, { maxLength: 12 }), (blocks) => {
        const there = oddsOf(blocks);
        const back = oddsOf(blocks.map(swapped));
        expect(back.lnAbove).toBeCloseTo(there.lnBelow, 8);
        expect(back.lnBelow).toBeCloseTo(there.lnAbove, 8);
      }),
    );
  });

  it('do not change when they are stored between blocks, nor with the order of the blocks', () => {
    fc.assert(
      fc.property(fc.array(anyBlock, { maxLength: 12 }), (blocks) => {
        const stored = blocks.reduce(
          (odds, one) => addOddsBlock(JSON.parse(JSON.stringify(odds)) as typeof odds, one),
          EMPTY_ODDS,
        );
        expect(lnOdds(stored)).toEqual(oddsOf(blocks));
        expect(oddsOf(blocks.toReversed()).lnAbove).toBeCloseTo(oddsOf(blocks).lnAbove, 8);
      }),
    );
  });

  it('are an exact bet: over all outcomes of a block, equally likely shares expect 1', () => {
    const [nA, nB, share] = [7, 4, 0.3];
    let expected = 0;
    for (let sA = 0; sA <= nA; sA++)
      for (let sB = 0; sB <= nB; sB++)
        expected +=
          binomial(nA, sA, share) * binomial(nB, sB, share) * Math.exp(oddsOf([block(nA, sA, nB, sB)]).lnAbove);
    expect(expected).toBeCloseTo(1, 10);
  });

  it('say nothing of no data, of one version alone, of all hits and of none', () => {
    for (const one of [block(0, 0, 0, 0), block(5, 2, 0, 0), block(5, 5, 3, 3), block(5, 0, 3, 0)])
      expect(addOddsBlock(EMPTY_ODDS, one)).toBe(EMPTY_ODDS);
    expect(lnOdds(EMPTY_ODDS)).toEqual({ lnBelow: 0, lnAbove: 0 });
  });
  it('bear large blocks', () => {
    const { lnAbove, lnBelow } = oddsOf([block(50_000, 5_000, 50_000, 6_000)]);
    expect(lnAbove).toBeGreaterThan(45);
    expect(lnBelow).toBeLessThan(-2);
  });
  it('refuse a count that is not whole', () => {
    expect(() => addOddsBlock(EMPTY_ODDS, block(5, 1.5, 5, 1))).toThrow('not whole');
  });
});

function binomial(n: number, k: number, p: number): number {
  let choose = 1;
  for (let i = 0; i < k; i++) choose *= (n - i) / (i + 1);
  return choose * p ** k * (1 - p) ** (n - k);
}

const times = (count: number, pair: ValuePair) => Array.from({ length: count }, () => pair);
const XA = [120, 180, 250, 90, 400, 10_000, 150, 210];
const XB = [100, 150, 260, 80, 300, 200, 140, 190];
const PAIRS: ValuePair[] = XA.map((a, i) => [a, XB[i]!]);

describe('pairs of values', () => {
  const start = emptyMeanPairs(relativeComparison({ maxIncreasePercent: 10 }, 10_000));
  // docs/method.md 0.9
  it('is that of the document', () => {
    expect(lnMeanPairs(addMeanPairs(start, PAIRS)).lnAbove).toBeCloseTo(-0.682647104787, 9);
    let many = start;
    for (let i = 0; i < 40; i++) many = addMeanPairs(many, PAIRS);
    expect(lnMeanPairs(many).lnBelow).toBeCloseTo(28.4540235197, 7);
    expect(many.n).toBe(320);
  });

  const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 12_000 }), fc.integer({ min: 0, max: 12_000 })), {
    minLength: 1,
    maxLength: 40,
  });
  it('give the same in any order, in any pieces, and from storage', () => {
    fc.assert(
      fc.property(pairs, fc.nat(40), (values, cut) => {
        const whole = lnMeanPairs(addMeanPairs(start, values));
        const turned = values.toReversed();
        const first = JSON.parse(JSON.stringify(addMeanPairs(start, turned.slice(0, cut)))) as typeof start;
        const pieces = lnMeanPairs(addMeanPairs(first, turned.slice(cut)));
        expect(pieces.lnBelow).toBeCloseTo(whole.lnBelow, 6);
        expect(pieces.lnAbove).toBeCloseTo(whole.lnAbove, 6);
      }),
    );
  });
  it('are turned round with the inverse limit when the versions are', () => {
    fc.assert(
      fc.property(pairs, fc.double({ min: 0.5, max: 2, noNaN: true }), (values, ratio) => {
        const there = lnMeanPairs(addMeanPairs(emptyMeanPairs({ ratio, plus: 0, cap: 10_000 }), values));
        const back = lnMeanPairs(
          addMeanPairs(
            emptyMeanPairs({ ratio: 1 / ratio, plus: 0, cap: 10_000 }),
            values.map(([a, b]) => [b, a]),
          ),
        );
        expect(back.lnAbove).toBeCloseTo(there.lnBelow, 5);
        expect(back.lnBelow).toBeCloseTo(there.lnAbove, 5);
      }),
    );
  });
});

const counts = fc.record({
  neither: fc.nat(3000),
  onlyA: fc.nat(200),
  onlyB: fc.nat(200),
  both: fc.nat(200),
});

describe('pairs of shares', () => {
  it('are pairs of zeros and ones', () => {
    const pairs = { neither: 40, onlyA: 9, onlyB: 3, both: 5 };
    const values: ValuePair[] = [...times(40, [0, 0]), ...times(9, [1, 0]), ...times(3, [0, 1]), ...times(5, [1, 1])];
    for (const comparison of [equality(1), { ratio: 1.2, plus: 0, cap: 1 }, { ratio: 1, plus: 0.05, cap: 1 }]) {
      const counted = lnSharePairs(pairs, comparison);
      const valued = lnMeanPairs(addMeanPairs(emptyMeanPairs(comparison), values));
      expect(counted.lnBelow).toBeCloseTo(valued.lnBelow, 9);
      expect(counted.lnAbove).toBeCloseTo(valued.lnAbove, 9);
    }
  });

  it('are bounded in agreement with the verdicts, which are monotone in the limit', () => {
    fc.assert(
      fc.property(counts, (pairs) => {
        const ratio = shareRatioBounds(pairs, LN20);
        if (ratio.upper !== undefined) {
          expect(lnSharePairs(pairs, { ratio: ratio.upper * 1.01, plus: 0 }).lnBelow).toBeGreaterThanOrEqual(LN20);
          expect(lnSharePairs(pairs, { ratio: ratio.upper * 0.99, plus: 0 }).lnBelow).toBeLessThan(LN20);
        }
        if (ratio.lower !== undefined)
          expect(lnSharePairs(pairs, { ratio: ratio.lower * 0.99, plus: 0 }).lnAbove).toBeGreaterThanOrEqual(LN20);
        const { lower, upper } = shareDifferenceBounds(pairs, LN20);
        const n = pairs.neither + pairs.onlyA + pairs.onlyB + pairs.both;
        if (upper !== undefined) expect(upper).toBeGreaterThan((pairs.onlyB - pairs.onlyA) / n);
        if (lower !== undefined) expect(lower).toBeLessThan((pairs.onlyB - pairs.onlyA) / n);
      }),
    );
  });
  it('add up', () => {
    fc.assert(
      fc.property(counts, counts, (one, other) => {
        expect(addSharePairs(one, other)).toEqual(addSharePairs(other, one));
      }),
    );
  });
  it('are not bounded without data', () => {
    expect(shareRatioBounds(EMPTY_SHARE_PAIRS, LN20)).toEqual({});
    expect(shareDifferenceBounds(EMPTY_SHARE_PAIRS, LN20)).toEqual({});
    expect(lnSharePairs(EMPTY_SHARE_PAIRS, equality(1))).toMatchObject({ lnBelow: 0, lnAbove: 0 });
  });
});

describe('blocks of sums', () => {
  const half = { a: { n: 100, sum: 30 }, b: { n: 50, sum: 15 } };
  it('learn the level from the first block, and say nothing of it', () => {
    const first = addMeansBlock(emptyBlockMeans(equality(1)), half);
    expect(lnBlockMeans(first)).toEqual({ lnBelow: 0, lnAbove: 0 });
    expect(first.a).toEqual({ n: 100, sum: 30 });
  });
  it('show which mean is larger, whatever the unit', () => {
    for (const unit of [1, 1000]) {
      let state = emptyBlockMeans(equality(unit));
      for (let i = 0; i < 60; i++)
        state = addMeansBlock(state, { a: { n: 100, sum: 10 * unit }, b: { n: 50, sum: 9 * unit } });
      expect(lnBlockMeans(state).lnAbove).toBeGreaterThan(LN20);
      expect(lnBlockMeans(state).lnBelow).toBeLessThan(0);
    }
  });
  it('judge limits in percent and in points', () => {
    const judge = (comparison: ReturnType<typeof equality>) => {
      let state = emptyBlockMeans(comparison);
      for (let i = 0; i < 80; i++) state = addMeansBlock(state, { a: { n: 100, sum: 20 }, b: { n: 100, sum: 22 } });
      return lnBlockMeans(state);
    };
    expect(judge(relativeComparison({ maxIncreasePercent: 50 }, 1)).lnBelow).toBeGreaterThan(LN20);
    expect(judge(relativeComparison({ maxIncrease: 0.1 }, 1)).lnBelow).toBeGreaterThan(LN20);
    expect(judge({ ratio: 0.8, plus: 0, cap: 1 }).lnAbove).toBeGreaterThan(LN20);
    expect(judge({ ratio: 1.1, plus: 0, cap: 1 }).lnBelow).toBeLessThan(LN20);
  });
  it('expect at most 1 of a block in which B is at the limit, at any level', () => {
    fc.assert(
      fc.property(
        fc.record({
          level: fc.double({ min: 0.01, max: 0.6, noNaN: true }),
          ratio: fc.double({ min: 0.6, max: 1.5, noNaN: true }),
          nA: fc.integer({ min: 1, max: 9 }),
          nB: fc.integer({ min: 1, max: 9 }),
          before: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
        ({ level, ratio, nA, nB, before }) => {
          const start = addMeansBlock(emptyBlockMeans({ ratio, plus: 0, cap: 1 }), {
            a: { n: 30, sum: 30 * before },
            b: { n: 30, sum: 30 * before },
          });
          let below = 0;
          let above = 0;
          for (let sA = 0; sA <= nA; sA++) {
            for (let sB = 0; sB <= nB; sB++) {
              const weight = binomial(nA, sA, level) * binomial(nB, sB, level * ratio);
              const found = lnBlockMeans(addMeansBlock(start, { a: { n: nA, sum: sA }, b: { n: nB, sum: sB } }));
              below += weight * Math.exp(found.lnBelow);
              above += weight * Math.exp(found.lnAbove);
            }
          }
          expect(below).toBeLessThanOrEqual(1 + 1e-9);
          expect(above).toBeLessThanOrEqual(1 + 1e-9);
        },
      ),
    );
  });
  it('are never NaN, and survive storage', () => {
    const amount = fc.record({ n: fc.nat(50), sum: fc.double({ min: 0, max: 60, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(fc.record({ a: amount, b: amount }), { maxLength: 8 }), (blocks) => {
        const state = blocks.reduce(addMeansBlock, emptyBlockMeans({ ratio: 1.1, plus: 0.01, cap: 1 }));
        expect(Number.isFinite(lnBlockMeans(state).lnBelow)).toBe(true);
        expect(Number.isFinite(lnBlockMeans(state).lnAbove)).toBe(true);
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      }),
    );
  });
});

describe('a limit', () => {
  it('is written in percent of the baseline, or in the unit of the metric', () => {
    expect(relativeComparison({ maxIncreasePercent: 5 }, 1).ratio).toBeCloseTo(1.05, 12);
    expect(relativeComparison({ maxIncrease: 20 }, 1000)).toEqual({ ratio: 1, plus: 20, cap: 1000 });
  });
  it('must leave room on both sides', () => {
    expect(isComparable(equality(1))).toBe(true);
    expect(isComparable({ ratio: 1, plus: 1, cap: 1 })).toBe(false);
    expect(isComparable({ ratio: 0, plus: 0, cap: 1 })).toBe(false);
    expect(isComparable({ ratio: Number.NaN, plus: 0, cap: 1 })).toBe(false);
  });
});
