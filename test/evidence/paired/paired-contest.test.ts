import { describe, expect, it } from 'vitest';
import type { ContestRules } from '../../../src/evidence/two-versions/best-version.ts';
import { contestLimits, judgePairedContest } from '../../../src/evidence/paired/paired-contest.ts';
import {
  addPairs,
  EMPTY_PAIR_TALLY,
  type PairTally,
  type RequestPair,
} from '../../../src/evidence/paired/request-pairs.ts';
import { seeded } from '../../support/seeded.ts';

const base: ContestRules = {
  versions: ['a', 'b', 'c'],
  reward: { kind: 'mean', cap: 1000 },
  preferred: 'low',
  marginPercent: 0,
};
const lookAt = (versions: readonly string[]) => ({
  alpha: 0.05,
  contenders: new Set(versions),
  satisfied: new Set(versions),
});

/** Pairs of every two versions, with these mean latencies. */
function tallies(rules: ContestRules, means: Readonly<Record<string, number>>, n = 3000) {
  const random = seeded(1);
  const limits = contestLimits(rules);
  const found = new Map<string, PairTally>();
  for (const [i, a] of rules.versions.entries())
    for (const b of rules.versions.slice(i + 1)) {
      const draw = (version: string) => means[version]! * (0.5 + random());
      const pairs = Array.from({ length: n }, (): RequestPair => {
        const [x, y] = [draw(a), draw(b)];
        return [
          [x, x, 0, 0],
          [y, y, 0, 0],
        ];
      });
      found.set(`${a} ${b}`, addPairs(EMPTY_PAIR_TALLY, pairs, limits));
    }
  return (a: string, b: string) => found.get(`${a} ${b}`);
}

describe('a contest by pairs of requests', () => {
  it('is won by the version that is better than every other', () => {
    const pairs = tallies(base, { a: 300, b: 200, c: 290 });
    expect(judgePairedContest(base, pairs, lookAt(base.versions))).toMatchObject({ kind: 'winner', version: 'b' });
    const high = { ...base, preferred: 'high' as const };
    expect(judgePairedContest(high, tallies(high, { a: 100, b: 200, c: 290 }), lookAt(base.versions))).toMatchObject({
      kind: 'winner',
      version: 'c',
    });
  });

  it('needs pairs of each two versions', () => {
    const pairs = tallies(base, { a: 300, b: 200, c: 290 });
    const without = (a: string, b: string) => (a === 'b' && b === 'c' ? undefined : pairs(a, b));
    expect(judgePairedContest(base, without, lookAt(base.versions))).toMatchObject({
      kind: 'open',
      reason: 'not-enough-evidence',
    });
    expect(judgePairedContest(base, () => undefined, lookAt(base.versions))).toMatchObject({
      reason: 'reward-missing',
    });
  });

  it('keeps the baseline within the margin', () => {
    const rules = { ...base, versions: ['a', 'b'], marginPercent: 30 };
    const pairs = tallies(rules, { a: 200, b: 190 }, 20_000);
    expect(judgePairedContest(rules, pairs, lookAt(rules.versions))).toMatchObject({ kind: 'tie' });
    const far = tallies(rules, { a: 200, b: 100 }, 20_000);
    expect(judgePairedContest(rules, far, lookAt(rules.versions))).toMatchObject({ kind: 'winner', version: 'b' });
  });

  it('counts values above the cap as the cap', () => {
    const rules = { ...base, versions: ['a', 'b'], reward: { kind: 'mean', cap: 100 } as const };
    const pairs = tallies(rules, { a: 900, b: 300 });
    expect(judgePairedContest(rules, pairs, lookAt(rules.versions)).kind).toBe('open');
  });
});
