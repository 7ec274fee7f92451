/** Every number that something is judged from is looked at before. */
import { expect, it } from 'vitest';
import { readCounterRows } from '../../../src/adapters/metrics/counter-answer.ts';
import {
  addSamples,
  beginBlock,
  startLedger,
  type CounterLedger,
} from '../../../src/evidence/counters/counter-growth.ts';
import type { CounterAnswer } from '../../../src/evidence/counters/counter-samples.ts';
import { addPairs, EMPTY_PAIR_TALLY, type RequestPair } from '../../../src/evidence/paired/request-pairs.ts';
import { addContestBlock, startContest } from '../../../src/evidence/two-versions/best-version.ts';
import { recordProblem } from '../../../src/judge/record/record-shape.ts';
import { EMPTY_RECORD, storeTally } from '../../../src/judge/record/stored-record.ts';
import { tallyFor } from '../../support/simulated-load.ts';

const answerAt = (at: number, pod: string, n: number): CounterAnswer =>
  readCounterRows(
    {
      shares: [
        { series: { pod, instance: pod, job: 'j' }, at, hits: n },
        { series: { pod, instance: pod, job: 'j' }, at, others: 9 * n },
      ],
    },
    1_000_000,
  ) as CounterAnswer;

/** With a pod that ended and is folded, one that restarted, and a block. */
function ledger(): CounterLedger {
  let now = startLedger(answerAt(1000, 'a', 5), { limits: [], inFlightMs: 10_000 });
  for (let second = 1; second < 400; second += 5) {
    const pod = second < 100 ? 'a' : 'b';
    now = addSamples(now, answerAt(1000 + second, pod, second === 301 ? 1 : second)) as CounterLedger;
    if (second === 201) now = beginBlock(now);
  }
  return now;
}

function record() {
  const pair: RequestPair = [
    [10, 9, 0, 0],
    [20, 19, 1, 1],
  ];
  const comparison = { ratio: 1.1, plus: 0, cap: 1000 };
  const amounts = new Map(['v1', 'v2'].map((name) => [name, { n: 10, sum: 2.5 }] as const));
  const contest = startContest({
    versions: ['v1', 'v2'],
    reward: { kind: 'share' },
    preferred: 'high',
    marginPercent: 5,
  });
  const blocks = [
    amounts,
    new Map([
      ['v1', { n: 10, sum: 3 }],
      ['v2', { n: 10, sum: 4 }],
    ] as const),
  ];
  return {
    ...EMPTY_RECORD,
    by: 'test',
    scopes: [{ version: 'v1', tally: storeTally(tallyFor([{ latencyMs: 5, code: '200' }])) }],
    pairs: { v2: addPairs(EMPTY_PAIR_TALLY, [pair], [comparison], [{ percent: 95, ratio: 1.1, plus: 0 }]) },
    measured: {
      m: {
        v1: {
          type: 'Gauge',
          cumulative: false,
          extrapolated: false,
          query: 'q',
          value: 0.1,
          n: 10,
          counters: ledger(),
        },
      },
    },
    reward: { metric: 'm', values: {}, contest: blocks.reduce(addContestBlock, contest) },
  };
}

/** Paths of all numbers below a value. */
function numbersIn(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value === 'number') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    numbersIn(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function withTextAt(value: unknown, [first, ...rest]: readonly (string | number)[]): unknown {
  if (first === undefined) return '5';
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  copy[first] = withTextAt(copy[first], rest);
  return copy;
}

it('a number that is a text is damage, wherever it stands', () => {
  const whole = JSON.parse(JSON.stringify(record())) as ReturnType<typeof record>;
  expect(recordProblem(whole)).toBeUndefined();
  expect(whole.measured.m.v1.counters.ended).toBeDefined();
  expect(whole.reward.contest.duels[0]![0]).toHaveProperty('rest');
  const unseen = numbersIn(whole).filter((path) => recordProblem(withTextAt(whole, path)) === undefined);
  expect(unseen.map((path) => path.join('.'))).toEqual(['format']);
});
