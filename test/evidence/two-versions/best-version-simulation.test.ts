/** Seeded contests, looked at after every block. Seeds and numbers of runs stand beside each claim. */
import { describe, expect, it } from 'vitest';
import type { RewardKind } from '../../../src/evidence/two-versions/best-version.ts';
import type { Uniform } from '../../../src/traffic/seeded-random.ts';
import { ALPHA, RATES, runs, THREE_RATES } from './best-version-runs.ts';
import { hitsOf } from '../../support/seeded.ts';

/** 20 % falling to 5 %, as all versions see it. */
const drifting = (block: number, blocks: number) => 0.2 - 0.15 * (block / (blocks - 1));
/** Of 100 requests the candidates' part rises from 10 to 90. */
const ramping = (block: number, blocks: number, candidates: number) => {
  const each = Math.round((10 + 80 * (block / (blocks - 1))) / candidates);
  return [100 - each * candidates, ...Array.from({ length: candidates }, () => each)];
};
/** Skewed rewards up to 100 with this mean: half of all requests bring nothing, the others up to four times the mean. */
const revenue = (uniform: Uniform, n: number, mean: number) => {
  let sum = 0;
  for (let i = 0; i < n; i++) if (uniform() < 0.5) sum += 4 * mean * uniform();
  return sum;
};

describe('a winner of equal versions is declared in at most 5 % of 1,000 runs', () => {
  const share: RewardKind = { kind: 'share' };
  it('two versions, 10 %, 100 blocks of 50 and 50 (seed 1)', () => {
    const found = runs(1000, 1, {
      versions: ['a', 'b'],
      reward: share,
      blocks: 100,
      requests: () => [50, 50],
      rewards: (uniform, n) => hitsOf(uniform, n, 0.1),
    });
    expect(found.declared).toBeLessThanOrEqual(ALPHA);
    expect(found.declared).toBeGreaterThan(0.005); // and the simulation would notice a failure
  });
  it('three versions, 10 %, 60 blocks of 33 each (seed 2)', () => {
    const found = runs(1000, 2, {
      versions: ['a', 'b', 'c'],
      reward: share,
      blocks: 60,
      requests: () => [33, 33, 33],
      rewards: (uniform, n) => hitsOf(uniform, n, 0.1),
    });
    expect(found.declared).toBeLessThanOrEqual(ALPHA);
  });
  it('two versions under drift and changing weights, 100 blocks of 100 (seed 3)', () => {
    const found = runs(1000, 3, {
      versions: ['a', 'b'],
      reward: share,
      blocks: 100,
      requests: (block) => ramping(block, 100, 1),
      rewards: (uniform, n, _, block) => hitsOf(uniform, n, drifting(block, 100)),
    });
    expect(found.declared).toBeLessThanOrEqual(ALPHA);
  });
  it('two versions, mean rewards, under drift and changing weights, 100 blocks of 100 (seed 4)', () => {
    const found = runs(1000, 4, {
      versions: ['a', 'b'],
      reward: { kind: 'mean', cap: 100 },
      blocks: 100,
      requests: (block) => ramping(block, 100, 1),
      rewards: (uniform, n, _, block) => revenue(uniform, n, 100 * drifting(block, 100)),
    });
    expect(found.declared).toBeLessThanOrEqual(ALPHA);
  });
  it('three versions under drift, with weights by the rewards so far (seed 5)', () => {
    const found = runs(1000, 5, {
      versions: ['a', 'b', 'c'],
      reward: share,
      blocks: 60,
      // Always most to the one that looks best: what pooled averages are fooled by.
      requests: (_, { totals }) => {
        const rates = totals.map(({ n, sum }) => sum / Math.max(1, n));
        const best = rates.indexOf(Math.max(...rates));
        return totals.map((_total, i) => (i === best ? 80 : 10));
      },
      rewards: (uniform, n, _, block) => hitsOf(uniform, n, drifting(block, 60)),
    });
    expect(found.declared).toBeLessThanOrEqual(ALPHA);
  });
});

describe('rewards of 10, 12 and 15 % in blocks of 100 give the right winner within 20,000 requests', () => {
  it('in at least 95 % of 500 runs with even traffic, and never a wrong one (seed 6)', () => {
    const found = runs(500, 6, {
      ...THREE_RATES,
      requests: (block) => [33 + Number(block % 3 === 0), 33 + Number(block % 3 === 1), 33 + Number(block % 3 === 2)],
    });
    expect(found.winners['fifteen'] ?? 0).toBeGreaterThanOrEqual(475);
    expect(Object.keys(found.winners)).toEqual(['fifteen']);
  });

  it('in most of 200 runs when the shares are only known as means, and never a wrong one (seed 8)', () => {
    const found = runs(200, 8, { ...THREE_RATES, reward: { kind: 'mean', cap: 1 }, requests: () => [33, 33, 33] });
    expect(found.declared).toBeGreaterThan(0.5);
    expect(Object.keys(found.winners)).toEqual(['fifteen']);
  });

  it('and so do rewards with a mean of 10, 12 and 15 and a cap of 60, in all of 200 runs (seed 9)', () => {
    const found = runs(200, 9, {
      ...THREE_RATES,
      reward: { kind: 'mean', cap: 60 },
      requests: () => [33, 33, 33],
      rewards: (uniform, n, version) => revenue(uniform, n, 100 * RATES[version]!),
    });
    expect(found.winners).toEqual({ fifteen: 200 });
  });
});
