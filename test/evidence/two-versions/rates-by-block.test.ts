import { describe, expect, it } from 'vitest';
import { addOddsBlock, EMPTY_ODDS, lnOdds } from '../../../src/evidence/two-versions/rates-by-block.ts';

const block = (nA: number, hitsA: number, nB: number, hitsB: number) => ({
  a: { n: nA, bad: hitsA },
  b: { n: nB, bad: hitsB },
});

/** Term by term, over all numbers of hits that B could have had. */
function slowly({ a, b }: ReturnType<typeof block>, shift: number): number {
  const hits = a.bad + b.bad;
  const [first, last] = [Math.max(0, hits - a.n), Math.min(b.n, hits)];
  const logs = [0];
  for (let k = first; k < last; k++)
    logs.push(logs.at(-1)! + Math.log(((b.n - k) * (hits - k)) / ((k + 1) * (a.n - hits + k + 1))));
  const sum = (slope: number) => {
    const terms = logs.map((log, at) => log + slope * (first + at - b.bad));
    const most = Math.max(...terms);
    return most + Math.log(terms.reduce((total, term) => total + Math.exp(term - most), 0));
  };
  return sum(0) - sum(shift);
}

describe('a block of counts', () => {
  it.each([
    [90, 1, 10, 3],
    [3, 2, 3, 0],
    [1000, 0, 1000, 12],
    [5000, 3000, 7000, 4300],
    [400, 399, 300, 300],
  ])('%d of which %d, %d of which %d: is the sum over all that could have been', (nA, hitsA, nB, hitsB) => {
    const counts = block(nA, hitsA, nB, hitsB);
    const { lnAbove, lnBelow } = addOddsBlock(EMPTY_ODDS, counts);
    for (const [i, shift] of [
      [0, 0.03],
      [15, 2],
    ] as const) {
      expect(lnAbove[i]).toBeCloseTo(slowly(counts, shift), 8);
      expect(lnBelow[i]).toBeCloseTo(slowly(counts, -shift), 8);
    }
  });

  it('may have a thousand million hits: only those around the likely number count', () => {
    const even = lnOdds(addOddsBlock(EMPTY_ODDS, block(4e9, 1e9, 4e9, 1e9)));
    expect(even.lnAbove).toBeLessThan(0);
    expect(even.lnAbove).toBeCloseTo(even.lnBelow, 3);
    const more = lnOdds(addOddsBlock(EMPTY_ODDS, block(4e9, 1e9, 4e9, 1.05e9)));
    expect(more.lnAbove).toBeGreaterThan(100);
    expect(more.lnBelow).toBeLessThan(0);
  });
});
