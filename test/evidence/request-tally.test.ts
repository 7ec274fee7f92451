import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addTally, answersOf, EMPTY_TALLY, type Tally } from '../../src/evidence/request-tally.ts';
import { readTally, storeTally } from '../../src/judge/record/stored-record.ts';
import { tallyFor, type Outcome } from '../support/simulated-load.ts';

const outcomes = fc.array(
  fc.oneof(
    fc.record({ latencyMs: fc.integer({ min: 1, max: 9000 }), code: fc.constantFrom('200', '503') }),
    fc.record({ latencyMs: fc.constant(1), code: fc.constantFrom('connect', 'timeout') }),
  ),
  { maxLength: 30 },
);
const plain = (tally: Tally) => JSON.parse(JSON.stringify(tally)) as unknown;

describe('a tally', () => {
  it('of some requests and of others is the tally of all of them, in the record too', () => {
    fc.assert(
      fc.property(outcomes, outcomes, outcomes, (a, b, c) => {
        const all = plain(tallyFor([...a, ...b, ...c]));
        const [x, y, z] = [tallyFor(a), tallyFor(b), tallyFor(c)] as const;
        expect(plain(addTally(addTally(x, y), z))).toEqual(all);
        expect(plain(addTally(x, addTally(y, z)))).toEqual(all);
        expect(plain(readTally(storeTally(addTally(addTally(z, x), y))))).toEqual(all);
      }),
    );
  });

  it('keeps the latency of answers apart from what other requests are counted as', () => {
    fc.assert(
      fc.property(outcomes, (given) => {
        const answers: Outcome[] = given.filter(({ code }) => /^\d/.test(code));
        const { n, histogram, sumMs, maxMs, minMs } = tallyFor(answers).response;
        expect(answersOf(tallyFor(given))).toEqual({ n, histogram, sumMs, maxMs, minMs });
      }),
    );
  });

  it('that does not know which were answers holds all of them for answers', () => {
    const { answers: _, ...old } = tallyFor([{ latencyMs: 20, code: '200' }]);
    const sum = addTally(old, tallyFor([{ latencyMs: 1, code: 'connect' }]));
    expect(answersOf(sum)).toMatchObject({ n: 1, sumMs: 20, maxMs: 20, minMs: 20 });
    expect(answersOf(EMPTY_TALLY)).toMatchObject({ n: 0, histogram: [] });
  });
});
