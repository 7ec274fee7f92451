/** What a worker has not closed yet, as if it died now: one sum, however much is under way. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SliceBook } from '../../../src/adapters/load/open-slices.ts';
import { addTally, EMPTY_TALLY, type LatencyLimit, type Tally } from '../../../src/evidence/request-tally.ts';
import type { Outcome } from '../../../src/evidence/slice-counts.ts';

const CAP_MS = 1000;
const LIMITS: LatencyLimit[] = [
  { limitMs: 100, side: 'upper' },
  { limitMs: 20, side: 'lower' },
];

const outcome = fc
  .record({
    // Whole ms, so that sums are exact in any order.
    responseMs: fc.integer({ min: 1, max: CAP_MS }),
    code: fc.constantFrom('200', '503', 'timeout', 'unsent'),
    late: fc.boolean(),
    reconnected: fc.boolean(),
  })
  .map(
    ({ responseMs, code, late, reconnected }): Outcome => ({
      code,
      responseMs,
      responseError: code !== '200',
      sent: code !== 'unsent',
      serviceMs: Math.ceil(responseMs / 2),
      serviceError: code !== '200',
      unanswered: code === 'timeout' || code === 'unsent',
      late,
      scheduled: true,
      reconnected,
    }),
  );
const slice = fc.record({ index: fc.nat(40), open: fc.nat(5), outcomes: fc.array(outcome, { maxLength: 4 }) });
const unresolved: Outcome = {
  code: 'unresolved',
  responseMs: CAP_MS,
  responseError: true,
  sent: false,
  serviceMs: 0,
  serviceError: false,
  unanswered: true,
  late: false,
  scheduled: false,
  reconnected: false,
};

/** What slices that are closed one by one say of these requests. */
function closedOneByOne(slices: readonly { readonly index: number; readonly outcomes: readonly Outcome[] }[]): Tally {
  const book = new SliceBook([LIMITS]);
  for (const { index, outcomes } of slices) for (const one of outcomes) book.slice(0, index).record(one);
  return book.close(1000).slices.reduce((sum, { tally }) => addTally(sum, tally), EMPTY_TALLY);
}

describe('the checkpoint of slices that are not closed', () => {
  it('is what they would say closed, with an error as long as the cap for each request that is under way', () => {
    fc.assert(
      fc.property(fc.array(slice, { maxLength: 30 }), (slices) => {
        const book = new SliceBook([LIMITS]);
        for (const { index, open, outcomes } of slices) {
          const own = book.slice(0, index);
          own.open += open;
          for (const one of outcomes) own.record(one);
        }
        const withUnresolved = slices.map(({ index, open, outcomes }) => ({
          index,
          outcomes: [...outcomes, ...Array.from({ length: open }, () => unresolved)],
        }));
        const checkpoint = book.checkpoint(CAP_MS);
        expect(checkpoint.length).toBeLessThanOrEqual(1);
        const sum = checkpoint.reduce((all, { tally }) => addTally(all, tally), EMPTY_TALLY);
        expect(sum).toEqual(closedOneByOne(withUnresolved));
      }),
    );
  });

  it('changes nothing of them', () => {
    const book = new SliceBook([LIMITS]);
    book.slice(0, 0).open += 2;
    expect(book.checkpoint(CAP_MS)).toEqual(book.checkpoint(CAP_MS));
    expect(book.slice(0, 0).open).toBe(2);
    expect(book.close(5).slices).toEqual([]);
  });

  it('is one sum of each scope for a service that has answered nothing for a minute', () => {
    const book = new SliceBook([LIMITS, [], LIMITS]);
    for (let index = 0; index < 600; index += 1) for (const scope of [0, 2]) book.slice(scope, index).open += 20;
    expect(book.checkpoint(CAP_MS).map(({ scope, tally }) => [scope, tally.response.n, tally.codes])).toEqual([
      [0, 12_000, { unresolved: 12_000 }],
      [2, 12_000, { unresolved: 12_000 }],
    ]);
  });
});
