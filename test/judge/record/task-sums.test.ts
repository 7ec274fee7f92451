/** What a collect task has counted: pairs of requests, at the limits that something asks for. */
import { describe, expect, it } from 'vitest';
import type { RequestPair } from '../../../src/evidence/paired/request-pairs.ts';
import { Judge } from '../../../src/judge/judge.ts';
import type { Question } from '../../../src/judge/question/question.ts';
import { TaskSums } from '../../../src/judge/record/task-sums.ts';
import { questionOn } from '../../support/questions.ts';
import { seeded } from '../../support/seeded.ts';

const M = 'iter8-system/';

/** Versions with the endpoints `a` and `b`, and a timeout of a second. */
function asking(criteria: object): Question {
  const version = (name: string) => ({
    name,
    endpoints: ['a', 'b'].map((endpoint) => ({ name: endpoint, url: `http://${name}.test/${endpoint}` })),
  });
  return questionOn(['old', 'new'], 'A/B', criteria, [
    { qps: 50, timeout: '1s', versions: ['old', 'new'].map(version) },
  ]);
}

/** Requests to `a`, of which those of the candidate take as much longer as the limit of 10 % allows. */
function pairsAtTheLimit(uniform: () => number, count: number): RequestPair[] {
  return Array.from({ length: count }, (): RequestPair => {
    const [old, next] = [200 * uniform(), 220 * uniform()];
    return [
      [old, old, 0, 0],
      [next, next, 0, 0],
    ];
  });
}

const within = (...metrics: string[]) => metrics.map((metric) => ({ metric: M + metric, maxIncreasePercent: 10 }));

describe('pairs at a limit that several ask for', () => {
  const judged = (question: Question, pairs: readonly RequestPair[]) => {
    const [sums, judge] = [new TaskSums(question, {}), new Judge(question)];
    for (const { tally, ...scope } of sums.addPairs({ version: 'new', endpoint: 'a' }, pairs))
      judge.addPairTally(scope, tally);
    return judge
      .look({ elapsedSeconds: 60, planDone: true, bounds: false })
      .find(({ metric }) => metric.endsWith('/a'))!;
  };
  const pairs = pairsAtTheLimit(seeded(7), 200);

  it.each([
    ['of another endpoint', { strength: { relative: within('mean-latency/a', 'mean-latency/b') } }],
    ['of the version as a whole', { strength: { relative: within('mean-latency/a', 'mean-latency') } }],
    [
      'of the margin of a reward',
      {
        rewards: [{ metric: `${M}mean-latency`, preferredDirection: 'Low' }],
        strength: { margin: 10, relative: within('mean-latency/a') },
      },
    ],
    [
      'of percentiles',
      { strength: { relative: within('latency-50th-percentile/a', 'latency-50th-percentile/b') } },
      { strength: { relative: within('latency-50th-percentile/a') } },
    ],
  ])('count once: %s', (_, several, one = { strength: { relative: within('mean-latency/a') } }) => {
    const [alone, together] = [judged(asking(one), pairs), judged(asking(several), pairs)];
    expect(together.n).toBe(pairs.length);
    expect([together.lnSatisfied, together.lnViolated]).toEqual([alone.lnSatisfied, alone.lnViolated]);
  });

  it('count once for a reward', () => {
    const reward = { rewards: [{ metric: `${M}mean-latency/a`, preferredDirection: 'Low' }] };
    const compared = (criteria: object) => {
      const sums = new TaskSums(asking(criteria), {});
      sums.addPairs({ version: 'new', endpoint: 'a' }, pairs);
      return sums.pairs()!['new']!.means['1 0 1000']!.below.n;
    };
    const equal = [{ metric: `${M}mean-latency/a`, maxIncreasePercent: 0 }];
    expect(compared({ ...reward, strength: { relative: equal } })).toBe(pairs.length);
  });
});
