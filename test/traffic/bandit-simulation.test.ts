/** Seeded contests whose traffic the bandit divides. Seeds and numbers of runs stand beside each claim. */
import { describe, expect, it } from 'vitest';
import { nextBanditWeights } from '../../src/traffic/bandit-guard-rails.ts';
import { topTwoShares } from '../../src/traffic/bandit-shares.ts';
import { runs, THREE_RATES } from '../evidence/two-versions/best-version-runs.ts';

describe('rewards of 10, 12 and 15 % in blocks of 100 give the right winner within 20,000 requests', () => {
  it('in at least 95 % of 80 runs with the bandit, and sooner (seed 7)', () => {
    const found = runs(80, 7, {
      ...THREE_RATES,
      requests: (block, contest) => {
        const arms = contest.totals.map(({ n, sum }, i) => ({ name: THREE_RATES.versions[i]!, n, sum }));
        const shares = topTwoShares(arms, { reward: 'share', preferred: 'high', seed: block });
        const weights = nextBanditWeights({
          versions: THREE_RATES.versions.map((name, i) => ({
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
        return THREE_RATES.versions.map((name) => weights.get(name)!);
      },
    });
    expect((found.winners['fifteen'] ?? 0) / 80).toBeGreaterThanOrEqual(0.95);
    expect(Object.keys(found.winners)).toEqual(['fifteen']);
    expect(found.meanRequests).toBeLessThan(8_000);
  });
});
