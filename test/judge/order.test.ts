/** What is judged does not depend on the order in which it was observed, nor on the order in which versions are written. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EMPTY_TALLY, type Tally } from '../../src/evidence/request-tally.ts';
import { binIndex } from '../../src/evidence/latency-histogram.ts';
import { addPairs, EMPTY_PAIR_TALLY, type RequestPair } from '../../src/evidence/paired/request-pairs.ts';
import { Judge } from '../../src/judge/judge.ts';
import type { JudgedVersion } from '../../src/judge/question/question.ts';
import { questionOn } from '../support/questions.ts';
import { runs } from '../support/search-depth.ts';

const M = 'iter8-system/';
const QUESTION = questionOn(
  ['a', 'b', 'c'],
  'A/B/N',
  {
    objectives: [
      { metric: `${M}error-rate`, upperLimit: '0.05' },
      { metric: `${M}mean-latency`, upperLimit: 200 },
      { metric: `${M}latency-90th-percentile`, upperLimit: 300 },
    ],
    strength: {
      relative: [
        { metric: `${M}error-rate`, maxIncrease: 0.05 },
        { metric: `${M}mean-latency`, maxIncreasePercent: 20 },
      ],
    },
  },
  [{ timeout: '1s', versions: ['a', 'b', 'c'].map((name) => ({ name, url: 'http://x.test/' })) }],
);
const VERSIONS = QUESTION.versions;
const LOOK = { elapsedSeconds: 10, planDone: true, bounds: true } as const;

interface Seen {
  readonly version: string;
  readonly ms: number;
  readonly failed: boolean;
}

const seen: fc.Arbitrary<Seen> = fc.record({
  version: fc.constantFrom('a', 'b', 'c'),
  ms: fc.integer({ min: 1, max: 900 }),
  failed: fc.boolean(),
});

function tallyOf({ ms, failed }: Seen): Tally {
  const view = {
    n: 1,
    errors: Number(failed),
    histogram: [[binIndex(ms * 1000), 1]] as const,
    sumMs: ms,
    maxMs: ms,
    minMs: ms,
  };
  const count = { n: 1, bad: Number(ms > 300) };
  return { ...EMPTY_TALLY, response: view, service: view, limits: { '>300': { response: count, service: count } } };
}

const side = ({ ms, failed }: Seen) => [ms, ms, Number(failed), Number(failed)] as const;

function judged(observations: readonly Seen[], versions: readonly JudgedVersion[]) {
  const judge = new Judge({ ...QUESTION, versions });
  for (const one of observations) judge.add({ version: one.version }, tallyOf(one));
  for (const one of observations.filter(({ version }) => version !== 'a')) {
    const pair: RequestPair = [side({ ...one, ms: 100 + (one.ms % 100), failed: false }), side(one)];
    judge.addPairTally(
      { version: one.version },
      addPairs(EMPTY_PAIR_TALLY, [pair], [{ ratio: 1.2, plus: 0, cap: 1000 }]),
    );
  }
  return judge.look(LOOK);
}

/** Sums of floats differ in their last digits. */
const rounded = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'number' ? Number(part.toPrecision(9)) : part)),
  );

it('verdicts do not depend on the order of observations', () => {
  fc.assert(
    fc.property(
      fc
        .array(seen, { minLength: 1, maxLength: 80 })
        .chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
        ),
      ([all, shuffled]) => {
        expect(rounded(judged(shuffled, VERSIONS))).toEqual(rounded(judged(all, VERSIONS)));
      },
    ),
    { numRuns: runs(60) },
  );
});

it('permuting the versions permutes the answer', () => {
  const order = fc.shuffledSubarray([...VERSIONS], { minLength: VERSIONS.length, maxLength: VERSIONS.length });
  fc.assert(
    fc.property(fc.array(seen, { maxLength: 60 }), order, (all, versions) => {
      const sorted = (found: ReturnType<typeof judged>) =>
        found.toSorted((x, y) => `${x.version} ${x.objective}`.localeCompare(`${y.version} ${y.objective}`));
      expect(sorted(judged(all, versions))).toEqual(sorted(judged(all, VERSIONS)));
    }),
    { numRuns: runs(60) },
  );
});
