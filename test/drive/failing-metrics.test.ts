/** A metric that fails for a version from some time on: it holds back whom something is judged by it for, and is said to fail in any case. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { runs } from '../support/search-depth.ts';
import { servedUsers } from '../support/served-users.ts';

const ITERATIONS = 6;
const INTERVAL_SECONDS = 60;
const LAST = (ITERATIONS - 1) * INTERVAL_SECONDS;
/** What each metric is there for. */
const METRICS = { busy: 'an indicator', sales: 'an objective', clicks: 'a reward', users: 'the check of the split' };

const scenario = fc.record({
  failing: fc.constantFrom(...(Object.keys(METRICS) as (keyof typeof METRICS)[])),
  of: fc.constantFrom('new', 'old'),
  candidates: fc.constantFrom(['new'], ['new', 'other']),
  from: fc.integer({ min: 2, max: ITERATIONS - 2 }).map((iteration) => iteration * INTERVAL_SECONDS),
  strength: fc.constantFrom({}, { policy: 'bandit' }, { confidence: 'none' }),
});

it('holds back the version that it is judged by, and nobody where it is only reported', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ failing, of, candidates, from, strength }) => {
      const { drive, traffic, clock } = servedUsers({
        start: { old: 100, ...Object.fromEntries(candidates.map((name) => [name, 0])) },
        perSecond: 1000,
        chance: (version) => (version === 'new' ? 0.2 : 0.1),
        fails: (metric, version, second) => metric === failing && version === of && second >= from,
      });
      const startMs = clock.now();
      const weights: { readonly second: number; readonly new: number }[] = [];
      traffic.afterWrite = () =>
        weights.push({ second: (clock.now() - startMs) / 1000, new: Number(traffic.fields.get('new')) });
      const { outcome } = await drive({
        strategy: {
          testingPattern: candidates.length === 1 ? 'A/B' : 'A/B/N',
          deploymentPattern: 'Progressive',
        },
        criteria: {
          indicators: ['busy'],
          objectives: [{ metric: 'sales', lowerLimit: '0.01' }],
          rewards: [{ metric: 'clicks', preferredDirection: 'High' }],
          requestCount: 'users',
          strength,
        },
        duration: { intervalSeconds: INTERVAL_SECONDS, iterationsPerLoop: ITERATIONS },
      });
      const before = weights.filter(({ second }) => second < from).at(-1)!;
      const last = weights.filter(({ second }) => second < LAST).at(-1)!;
      // Mutation: in src/traffic/recommended-weights.ts, `needed.has(metric)` -> `true`
      if (failing === 'busy') expect(last.new).toBeGreaterThan(before.new);
      else if (of === 'new') expect(last.new).toBeLessThanOrEqual(before.new);
      const { warnings } = readRecord(outcome.experiment)!;
      expect(warnings.join('\n')).toContain(`${failing} of ${of}: no data points`);
    }),
    // The example makes sure that each run, be it ever so short, has seen an indicator that fails.
    {
      numRuns: runs(100),
      examples: [[{ failing: 'busy', of: 'new', candidates: ['new'], from: 2 * INTERVAL_SECONDS, strength: {} }]],
    },
  );
});
