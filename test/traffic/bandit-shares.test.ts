/** How the bandit divides traffic. What it costs to find the best: `bandit-simulation.test.ts`. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topTwoShares, type Arm, type BanditOptions } from '../../src/traffic/bandit-shares.ts';
import { drawBeta, drawNormal, seededUniform } from '../../src/traffic/seeded-random.ts';
import { runs } from '../support/search-depth.ts';

const OPTIONS: BanditOptions = { reward: 'share', preferred: 'high', seed: 1 };

const arms: Arm[] = [
  { name: 'a', n: 1000, sum: 100 },
  { name: 'b', n: 1000, sum: 120 },
  { name: 'c', n: 1000, sum: 200 },
];

describe('top-two Thompson sampling', () => {
  it('gives half to the best and most of the rest to its rival, once they are known', () => {
    const shares = topTwoShares(arms, OPTIONS);
    expect(shares.get('c')).toBeCloseTo(0.5, 2);
    expect(shares.get('b')).toBeGreaterThan(0.4);
    const low = topTwoShares(arms, { ...OPTIONS, preferred: 'low' });
    expect(low.get('a')).toBeGreaterThan(0.45);
    expect(low.get('c')).toBe(0);
  });
  it('gives about the same to all without data, and everything to the only one', () => {
    for (const reward of ['share', 'mean'] as const) {
      const shares = topTwoShares(
        arms.map(({ name }) => ({ name, n: 0, sum: 0 })),
        { ...OPTIONS, reward },
      );
      for (const share of shares.values()) expect(Math.abs(share - 1 / 3)).toBeLessThan(0.05);
    }
    expect(topTwoShares(arms.slice(0, 1), OPTIONS)).toEqual(new Map([['a', 1]]));
    expect(topTwoShares([], OPTIONS)).toEqual(new Map());
  });
  it('weighs means by how much they vary', () => {
    const mean = (name: string, value: number, deviation: number): Arm => ({
      name,
      n: 100,
      sum: 100 * value,
      sumOfSquares: 100 * (value ** 2 + deviation ** 2),
    });
    const options = { ...OPTIONS, reward: 'mean' } as const;
    const sure = topTwoShares([mean('a', 10, 1), mean('b', 20, 1), mean('c', 11, 1)], options);
    expect(sure.get('b')).toBe(0.5);
    expect(sure.get('c')).toBeGreaterThan(0.45);
    const unsure = topTwoShares([mean('a', 10, 200), mean('b', 20, 200), mean('c', 11, 200)], options);
    expect(unsure.get('a')).toBeGreaterThan(0.2);
  });

  const anyArms = fc
    .array(fc.record({ n: fc.nat(500), part: fc.double({ min: 0, max: 1, noNaN: true }) }), {
      minLength: 1,
      maxLength: 5,
    })
    .map((written): Arm[] =>
      written.map(({ n, part }, i) => ({
        name: `v${i}`,
        n,
        sum: Math.round(n * part),
        sumOfSquares: Math.round(n * part),
      })),
    );
  it('is the same for the same seed, sums to 1, and does not depend on the order of the versions', () => {
    fc.assert(
      fc.property(anyArms, fc.nat(1000), fc.constantFrom('share', 'mean'), (written, seed, reward) => {
        const options = { ...OPTIONS, seed, reward } as const;
        const shares = topTwoShares(written, options);
        expect([...shares.values()].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
        expect(topTwoShares(written, options)).toEqual(shares);
        const turned = topTwoShares(written.toReversed(), options);
        for (const [name, share] of shares) expect(turned.get(name)).toBe(share);
      }),
      { numRuns: runs(30) },
    );
  });
});

describe('random numbers', () => {
  const moments = (draw: () => number) => {
    const values = Array.from({ length: 50_000 }, draw);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
  };
  const uniform = seededUniform(1, 'moments');
  it.each([
    ['uniform', uniform, 1 / 2, 1 / 12],
    ['normal', () => drawNormal(uniform), 0, 1],
    ['beta(1, 1)', () => drawBeta(uniform, 1, 1), 1 / 2, 1 / 12],
    ['beta(3, 17)', () => drawBeta(uniform, 3, 17), 0.15, (3 * 17) / (400 * 21)],
  ])('%s has its mean and variance', (_, draw, mean, variance) => {
    const found = moments(draw);
    expect(Math.abs(found.mean - mean)).toBeLessThan(5 * Math.sqrt(variance / 50_000));
    expect(Math.abs(found.variance / variance - 1)).toBeLessThan(0.03);
  });
  it('differ with the name and with the seed', () => {
    const first = (seed: number, name: string) => seededUniform(seed, name)();
    expect(new Set([first(1, 'a'), first(1, 'b'), first(2, 'a'), first(2, 'b')]).size).toBe(4);
    expect(first(1, 'a')).toBe(first(1, 'a'));
  });
});
