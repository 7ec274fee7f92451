/** Who has the best reward: the rules of a contest, whatever the data. Its error rates: `best-version-simulation.test.ts`. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Amount } from '../../../src/evidence/two-versions/means-by-block.ts';
import {
  addContestBlock,
  duelsOf,
  judgeContest,
  lnBetter,
  startContest,
  type Contest,
  type ContestRules,
} from '../../../src/evidence/two-versions/best-version.ts';

const RULES: ContestRules = {
  versions: ['a', 'b', 'c'],
  reward: { kind: 'share' },
  preferred: 'high',
  marginPercent: 0,
};

const blockOf = (rules: ContestRules, sums: readonly number[], n = 100) =>
  new Map(rules.versions.map((version, i): [string, Amount] => [version, { n, sum: sums[i]! }]));

/** The same block so many times. */
function contestOf(rules: ContestRules, sums: readonly number[], blocks: number): Contest {
  let contest = startContest(rules);
  for (let i = 0; i < blocks; i++) contest = addContestBlock(contest, blockOf(rules, sums));
  return contest;
}

const look = (all: readonly string[], satisfied: readonly string[] = all) => ({
  alpha: 0.05,
  contenders: new Set(all),
  satisfied: new Set(satisfied),
});

describe('a reward that is a share', () => {
  const rules: ContestRules = { ...RULES, versions: ['a', 'b'] };
  const lnOf = (contest: Contest) => lnBetter(duelsOf(contest), 1, 0);

  it('is compared exactly where its counts are whole, but for rounding', () => {
    // 0.1 x 30 is 3.0000000000000004.
    const products = contestOf(rules, [0.1 * 30, 0.3 * 30], 20);
    expect(lnOf(products)).toBe(lnOf(contestOf(rules, [3, 9], 20)));
    const asMeans = contestOf({ ...rules, reward: { kind: 'mean', cap: 1 } }, [3, 9], 20);
    expect(lnOf(products)).toBeGreaterThan(lnOf(asMeans));
  });

  it('keeps what was learnt when a block is not whole, and compares that one as a mean', () => {
    const before = contestOf(rules, [5, 15], 20);
    let after = before;
    for (let k = 0; k < 20; k++) after = addContestBlock(after, blockOf(rules, [5.4, 15.3], 100.2));
    expect(lnOf(after)).toBeGreaterThan(lnOf(before) + 1);
    expect(JSON.parse(JSON.stringify(after))).toEqual(after);
  });
});

describe('a contest', () => {
  it('is won by the version that is shown to be better than every other', () => {
    const contest = contestOf(RULES, [10, 20, 12], 30);
    expect(judgeContest(contest, look(RULES.versions))).toMatchObject({ kind: 'winner', version: 'b' });
  });
  it('prefers low rewards when asked to', () => {
    const contest = contestOf({ ...RULES, preferred: 'low' }, [30, 20, 32], 30);
    expect(judgeContest(contest, look(RULES.versions))).toMatchObject({ kind: 'winner', version: 'b' });
  });
  it('asks for ln(K/alpha), K at the start, even when a version drops out', () => {
    const contest = contestOf(RULES, [10, 20, 12], 2);
    for (const contenders of [
      ['a', 'b', 'c'],
      ['a', 'b'],
    ])
      expect(judgeContest(contest, look(contenders)).kind).toBe('open');
    expect(judgeContest(contest, look(['a', 'b']))).toMatchObject({ leader: 'b', lnNeeded: Math.log(60) });
  });
  it('is open without data, and when a contender has no reward', () => {
    expect(judgeContest(startContest(RULES), look(['a', 'b', 'c']))).toMatchObject({ reason: 'reward-missing' });
    expect(judgeContest(startContest(RULES), look(['a']))).toMatchObject({ reason: 'reward-missing' });
    let contest = startContest(RULES);
    for (let i = 0; i < 30; i++)
      contest = addContestBlock(
        contest,
        new Map([
          ['a', { n: 100, sum: 5 }],
          ['b', { n: 100, sum: 50 }],
        ]),
      );
    expect(judgeContest(contest, look(RULES.versions))).toMatchObject({ kind: 'open', reason: 'reward-missing' });
    expect(judgeContest(contest, look(['a', 'b']))).toMatchObject({ kind: 'winner', version: 'b' });
  });
  it('is not won by a version with open objectives, nor by one with violated ones', () => {
    const contest = contestOf(RULES, [10, 30, 20], 30);
    expect(judgeContest(contest, look(['a', 'b', 'c'], ['a', 'c']))).toMatchObject({
      kind: 'open',
      reason: 'objectives-open',
      leader: 'b',
    });
    expect(judgeContest(contest, look(['a', 'c']))).toMatchObject({ kind: 'winner', version: 'c' });
    expect(judgeContest(contest, look([]))).toMatchObject({ kind: 'open', reason: 'no-contender' });
  });

  it('with a margin keeps the baseline when the candidate is better by less', () => {
    const rules: ContestRules = { ...RULES, versions: ['a', 'b'], marginPercent: 20 };
    const close = contestOf(rules, [20, 21], 300);
    expect(judgeContest({ ...close, rules: { ...rules } }, look(rules.versions))).toMatchObject({ kind: 'tie' });
    const far = contestOf(rules, [20, 30], 100);
    expect(judgeContest(far, look(rules.versions))).toMatchObject({ kind: 'winner', version: 'b' });
    // Better for sure, by more or less than the margin nobody knows: open.
    const between = contestOf(rules, [20, 24], 100);
    expect(lnBetter(duelsOf(contestOf({ ...rules, marginPercent: 0 }, [20, 24], 100)), 1, 0)).toBeGreaterThan(
      Math.log(40),
    );
    expect(judgeContest(between, look(rules.versions)).kind).toBe('open');
  });
  it('is a tie for low rewards, too, and the baseline wins without a margin', () => {
    const rules: ContestRules = { ...RULES, versions: ['a', 'b'], preferred: 'low', marginPercent: 20 };
    expect(judgeContest(contestOf(rules, [20, 20], 300), look(rules.versions)).kind).toBe('tie');
    expect(judgeContest(contestOf(rules, [30, 20], 100), look(rules.versions))).toMatchObject({ version: 'b' });
    expect(judgeContest(contestOf(rules, [20, 30], 100), look(rules.versions))).toMatchObject({ version: 'a' });
  });

  it('judges means with a cap like shares', () => {
    const rules: ContestRules = { ...RULES, reward: { kind: 'mean', cap: 50 } };
    const contest = contestOf(rules, [500, 1000, 600], 30);
    expect(judgeContest(contest, look(rules.versions))).toMatchObject({ kind: 'winner', version: 'b' });
  });

  const block = fc.tuple(fc.nat(40), fc.nat(40), fc.nat(40));
  const blocks = fc.array(block, { maxLength: 6 });
  const reward = fc.constantFrom<ContestRules['reward']>({ kind: 'share' }, { kind: 'mean', cap: 1 });

  it('does not depend on the order of the versions', () => {
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    fc.assert(
      fc.property(blocks, fc.constantFrom(...orders), reward, (written, order, kind) => {
        const rules = { ...RULES, reward: kind };
        const turned = { ...rules, versions: order.map((i) => RULES.versions[i]!) };
        let one = startContest(rules);
        let other = startContest(turned);
        for (const sums of written) {
          one = addContestBlock(one, blockOf(rules, sums, 40));
          other = addContestBlock(other, blockOf(rules, sums, 40));
        }
        order.forEach((i, at) => {
          order.forEach((j, to) => {
            if (i !== j) expect(lnBetter(duelsOf(other), at, to)).toBeCloseTo(lnBetter(duelsOf(one), i, j), 7);
          });
        });
        const found = judgeContest(one, look(RULES.versions));
        const again = judgeContest(other, look(RULES.versions));
        expect(again.kind).toBe(found.kind);
        if (found.kind === 'winner' && again.kind === 'winner') expect(again.version).toBe(found.version);
      }),
    );
  });

  it('goes on from storage as if it had not been stored', () => {
    fc.assert(
      fc.property(blocks, reward, fc.constantFrom(0, 10), (written, kind, marginPercent) => {
        const rules = { ...RULES, reward: kind, marginPercent };
        let one = startContest(rules);
        let other = startContest(rules);
        for (const sums of written) {
          one = addContestBlock(one, blockOf(rules, sums, 40));
          other = addContestBlock(JSON.parse(JSON.stringify(other)) as Contest, blockOf(rules, sums, 40));
        }
        expect(other).toEqual(one);
      }),
    );
  });
});
