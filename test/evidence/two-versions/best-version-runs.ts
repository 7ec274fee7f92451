/** Seeded experiments over rewards, looked at after every block: how often a winner is declared, and which. */
import { expect } from 'vitest';
import type { Amount } from '../../../src/evidence/two-versions/means-by-block.ts';
import {
  addContestBlock,
  judgeContest,
  startContest,
  type Contest,
  type RewardKind,
} from '../../../src/evidence/two-versions/best-version.ts';
import type { Uniform } from '../../../src/traffic/seeded-random.ts';
import { hitsOf, seeded } from '../../support/seeded.ts';

export const ALPHA = 0.05;

export interface Story {
  readonly versions: readonly string[];
  readonly reward: RewardKind;
  readonly blocks: number;
  /** Requests of each version in a block. */
  readonly requests: (block: number, contest: Contest) => readonly number[];
  readonly rewards: (uniform: Uniform, n: number, version: number, block: number) => number;
}

export const RATES = [0.1, 0.12, 0.15];

/** Rewards of 10, 12 and 15 %, for at most 200 blocks. */
export const THREE_RATES = {
  versions: ['ten', 'twelve', 'fifteen'],
  reward: { kind: 'share' },
  blocks: 200,
  rewards: (uniform: Uniform, n: number, version: number) => hitsOf(uniform, n, RATES[version]!),
} as const;

/** The winner of one experiment and the requests until then. */
function run(uniform: Uniform, story: Story): { readonly winner?: string; readonly requests: number } {
  const { versions, reward } = story;
  let contest = startContest({ versions, reward, preferred: 'high', marginPercent: 0 });
  const all = new Set(versions);
  let requests = 0;
  for (let block = 0; block < story.blocks; block++) {
    const split = story.requests(block, contest);
    const amounts = versions.map((version, i): [string, Amount] => {
      const n = split[i]!;
      requests += n;
      return [version, { n, sum: story.rewards(uniform, n, i, block) }];
    });
    contest = addContestBlock(contest, new Map(amounts));
    const result = judgeContest(contest, { alpha: ALPHA, contenders: all, satisfied: all });
    if (result.kind === 'winner') return { winner: result.version, requests };
  }
  return { requests };
}

/** `count` experiments; SHOW=1 prints the figures. */
export function runs(count: number, seed: number, story: Story) {
  const uniform = seeded(seed);
  const winners = new Map<string, number>();
  let requests = 0;
  for (let i = 0; i < count; i++) {
    const found = run(uniform, story);
    requests += found.requests;
    if (found.winner !== undefined) winners.set(found.winner, (winners.get(found.winner) ?? 0) + 1);
  }
  const declared = [...winners.values()].reduce((sum, one) => sum + one, 0);
  const figures = { winners: Object.fromEntries(winners), declared: declared / count, meanRequests: requests / count };
  if (process.env['SHOW'] !== undefined) console.log(expect.getState().currentTestName, figures);
  return figures;
}
