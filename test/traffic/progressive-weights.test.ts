/** Where traffic goes next: the sequences of docs/contract.md 6, and what must hold of any weights. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextBanditWeights, type GuardedVersion } from '../../src/traffic/bandit-guard-rails.ts';
import { nextWeights, type WeighedVersion, type WeightLimits } from '../../src/traffic/progressive-weights.ts';
import { roundWeights } from '../../src/traffic/round-weights.ts';
import { runs } from '../support/search-depth.ts';

const DEFAULTS: WeightLimits = { maxCandidateWeight: 100, maxCandidateWeightIncrement: 10 };

const guarded = (name: string, present: number | undefined, more: Partial<GuardedVersion> = {}): GuardedVersion => ({
  name,
  role: name === 'base' ? 'baseline' : 'candidate',
  presentPercent: present,
  hasData: true,
  alarm: false,
  satisfied: true,
  ...more,
});
const listed = (weights: ReadonlyMap<string, number>) => [...weights.values()];

describe('progressive weights', () => {
  /** The weights of so many iterations, each starting from those before. */
  function follow(best: readonly string[], limits: WeightLimits, iterations: number): string[] {
    let present: (number | undefined)[] = [undefined, undefined];
    return Array.from({ length: iterations }, () => {
      const versions = [guarded('base', present[0]), guarded('next', present[1])];
      const found = listed(nextWeights({ versions, best: new Set(best), limits }));
      present = found;
      return found.join('/');
    });
  }
  it('rise by ten to 95 when the candidate wins from the start', () => {
    expect(follow(['next'], DEFAULTS, 11)).toEqual(
      '90/10 80/20 70/30 60/40 50/50 40/60 30/70 20/80 10/90 5/95 5/95'.split(' '),
    );
  });
  it('keep 5 % on the candidate without a winner', () => {
    expect(follow([], DEFAULTS, 2)).toEqual(['95/5', '95/5']);
    expect(follow(['base'], DEFAULTS, 1)).toEqual(['95/5']);
  });
  it('stop at the largest candidate weight', () => {
    expect(follow(['next'], { maxCandidateWeight: 25, maxCandidateWeightIncrement: 10 }, 4)).toEqual(
      '90/10 80/20 75/25 75/25'.split(' '),
    );
  });
  it('fall at once, to the baseline', () => {
    const versions = [guarded('base', 10), guarded('next', 90)];
    expect(listed(nextWeights({ versions, best: new Set(['base']), limits: DEFAULTS }))).toEqual([95, 5]);
  });
  it('share what the best get, and give the remainder to the baseline first', () => {
    const versions = [guarded('base', 34), guarded('x', 33), guarded('y', 33)];
    const limits = { ...DEFAULTS, maxCandidateWeightIncrement: 100 };
    expect(listed(nextWeights({ versions, best: new Set(['x', 'y']), limits }))).toEqual([4, 48, 48]);
    expect(listed(nextWeights({ versions, best: new Set(), limits }))).toEqual([94, 3, 3]);
  });
  it('stay without data, and do not rise for a candidate without', () => {
    const blind = [guarded('base', 70, { hasData: false }), guarded('next', 30, { hasData: false })];
    expect(listed(nextWeights({ versions: blind, best: new Set(['next']), limits: DEFAULTS }))).toEqual([70, 30]);
    const half = [guarded('base', 70), guarded('next', 30, { hasData: false })];
    expect(listed(nextWeights({ versions: half, best: new Set(['next']), limits: DEFAULTS }))).toEqual([70, 30]);
    expect(listed(nextWeights({ versions: half, best: new Set(), limits: DEFAULTS }))).toEqual([95, 5]);
  });
  it('let a candidate without traffic start with its part of the exploration', () => {
    const versions = [guarded('base', 100), guarded('next', 0, { hasData: false })];
    expect(listed(nextWeights({ versions, best: new Set(['next']), limits: DEFAULTS }))).toEqual([95, 5]);
  });
});

const limitsOf = fc.record({
  maxCandidateWeight: fc.integer({ min: 0, max: 100 }),
  maxCandidateWeightIncrement: fc.integer({ min: 0, max: 100 }),
});

/** One baseline and up to six candidates, whose whole weights sum to 100. */
const versionsOf = fc
  .array(fc.record({ part: fc.nat(100), hasData: fc.boolean(), alarm: fc.boolean(), satisfied: fc.boolean() }), {
    minLength: 1,
    maxLength: 7,
  })
  .map((parts): GuardedVersion[] => {
    const total = parts.reduce((sum, one) => sum + one.part, 0) || 1;
    const weights = roundWeights(
      parts.map(({ part }, i) => ({
        name: `v${i}`,
        role: i === 0 ? 'baseline' : 'candidate',
        percent: (100 * part) / total,
      })),
    );
    return parts.map(({ hasData, alarm, satisfied }, i) => ({
      name: `v${i}`,
      role: i === 0 ? 'baseline' : 'candidate',
      presentPercent: weights.get(`v${i}`)!,
      hasData,
      alarm,
      satisfied,
    }));
  });

function expectWhole(weights: ReadonlyMap<string, number>): void {
  const values = listed(weights);
  expect(values.every((value) => Number.isInteger(value) && value >= 0)).toBe(true);
  expect(values.reduce((sum, value) => sum + value, 0)).toBe(100);
}

function expectCaps(versions: readonly WeighedVersion[], weights: ReadonlyMap<string, number>, limits: WeightLimits) {
  for (const { name, role, presentPercent, hasData } of versions) {
    if (role === 'baseline') continue;
    const next = weights.get(name)!;
    expect(next).toBeLessThanOrEqual(limits.maxCandidateWeight);
    expect(next).toBeLessThanOrEqual(presentPercent! + limits.maxCandidateWeightIncrement);
    if (!hasData && presentPercent! > 0) expect(next).toBeLessThanOrEqual(presentPercent!);
  }
}

describe('weights of any experiment', () => {
  const bestOf = fc
    .uniqueArray(fc.constantFrom('v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6'))
    .map((names) => new Set(names));
  const sharesOf = (versions: readonly GuardedVersion[], parts: readonly number[]) => {
    const total = parts.slice(0, versions.length).reduce((sum, part) => sum + part, 0);
    return new Map(versions.map(({ name }, i) => [name, parts[i]! / total]));
  };
  const parts = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 7, maxLength: 7 });

  it('sum to 100 and respect both caps, and are raised only with data', () => {
    fc.assert(
      fc.property(versionsOf, bestOf, limitsOf, (versions, best, limits) => {
        const weights = nextWeights({ versions, best, limits });
        expectWhole(weights);
        expectCaps(versions, weights, limits);
      }),
      { numRuns: runs(1000) },
    );
  });
  it('are permuted when the versions are', () => {
    fc.assert(
      fc.property(versionsOf, bestOf, limitsOf, parts, (versions, best, limits, written) => {
        const turned = versions.toReversed();
        const shares = sharesOf(versions, written);
        const sorted = (weights: ReadonlyMap<string, number>) => [...weights].toSorted(([a], [b]) => (a < b ? -1 : 1));
        const there = nextWeights({ versions, best, limits });
        expect(sorted(nextWeights({ versions: turned, best, limits }))).toEqual(sorted(there));
        const bandit = nextBanditWeights({ versions, shares, limits });
        expect(sorted(nextBanditWeights({ versions: turned, shares, limits }))).toEqual(sorted(bandit));
      }),
      { numRuns: runs(1000) },
    );
  });
  it('keep to the guard rails under the bandit', () => {
    fc.assert(
      fc.property(versionsOf, limitsOf, parts, (versions, limits, written) => {
        const weights = nextBanditWeights({ versions, shares: sharesOf(versions, written), limits });
        expectWhole(weights);
        expectCaps(versions, weights, limits);
        for (const { name, role, presentPercent, alarm, satisfied } of versions) {
          if (role === 'baseline') continue;
          const next = weights.get(name)!;
          if (alarm) expect(next).toBe(0);
          else if (!satisfied) expect(next).toBeLessThanOrEqual(Math.max(50, presentPercent!));
        }
      }),
      { numRuns: runs(1000) },
    );
  });
});

describe('bandit weights', () => {
  it('move by the step in both directions', () => {
    const versions = [guarded('base', 50), guarded('next', 50)];
    const ask = (next: number) =>
      listed(
        nextBanditWeights({
          versions,
          shares: new Map([
            ['base', 1 - next],
            ['next', next],
          ]),
          limits: DEFAULTS,
        }),
      );
    expect(ask(0)).toEqual([60, 40]);
    expect(ask(1)).toEqual([40, 60]);
    expect(ask(0.5)).toEqual([50, 50]);
  });
  it('take everything from a candidate with an alarm, data or not', () => {
    const versions = [guarded('base', 50, { hasData: false }), guarded('next', 50, { alarm: true, hasData: false })];
    expect(listed(nextBanditWeights({ versions, shares: new Map(), limits: DEFAULTS }))).toEqual([100, 0]);
  });
  it('leave the baseline its floor', () => {
    const versions = [guarded('base', 0), guarded('x', 50), guarded('y', 50)];
    const shares = new Map([
      ['base', 0],
      ['x', 0.5],
      ['y', 0.5],
    ]);
    expect(listed(nextBanditWeights({ versions, shares, limits: DEFAULTS }))).toEqual([5, 48, 47]);
  });
});
