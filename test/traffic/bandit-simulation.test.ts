/** Seeded contests whose traffic the bandit divides. Seeds and numbers of runs stand beside each claim. */
import { describe, expect, it } from 'vitest';
import { nextBanditWeights } from '../../src/traffic/bandit-guard-rails.ts';
import { topTwoShares } from '../../src/traffic/bandit-shares.ts';
import type { Uniform } from '../../src/traffic/seeded-random.ts';
import { runs } from '../evidence/two-versions/best-version-runs.ts';
import { hitsOf } from '../support/seeded.ts';

describe('rewards of 10, 12 and 15 % in blocks of 100 give the right winner within 20,000 requests', () => {
  const rates = [0.1, 0.12, 0.15];
  const story = {
    versions: ['ten', 'twelve', 'fifteen'],
    reward: { kind: 'share' },
    blocks: 200,
    rewards: (uniform: Uniform, n: number, version: number) => hitsOf(uniform, n, rates[version]!),
  } as const;

  it('in at least 95 % of 80 runs with the bandit, and sooner (seed 7)', () => {
    const found = runs(80, 7, {
      ...story,
      requests: (block, contest) => {
        const arms = contest.totals.map(({ n, sum }, i) => ({ name: story.versions[i]!, n, sum }));
        const shares = topTwoShares(arms, { reward: 'share', preferred: 'high', seed: block });
        const weights = nextBanditWeights({
          versions: story.versions.map((name, i) => ({
            name,
            role: i === 0 ? 'baseline' : 'candidate',
            presentPercent: 33,
            hasData: true,
            alarm: false,
            satisfied: true,
          })),
          shares,
          limits: { maxCandidateWeight: 100, maxCandidateWeightIncrement: 100 },
        });
        return story.versions.map((name) => weights.get(name)!);
      },
    });
    expect((found.winners['fifteen'] ?? 0) / 80).toBeGreaterThanOrEqual(0.95);
    expect(Object.keys(found.winners)).toEqual(['fifteen']);
    expect(found.meanRequests).toBeLessThan(8_000);
  });
});
