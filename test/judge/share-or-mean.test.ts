/** What is taken for a share, or for a mean with an end, and what is counted of it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canBeShare, hitsOf, isMeanBelow, isShareOf } from '../../src/judge/share-or-mean.ts';

const QUERY = 'sum(errors) / sum(requests)';
const counts = fc.integer({ min: 1, max: 1_000_000_000 });

it('hits are never more than all, nor less than none, also where a backend rounds', () => {
  fc.assert(
    fc.property(
      counts,
      fc.double({ min: 0, max: 1.5, noNaN: true }),
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      (n, part, cap) => {
        const value = part * cap;
        const isMean = isMeanBelow(cap, { value, n, query: QUERY });
        expect(isMean).toBe(value <= cap * (1 + 1e-9));
        if (!isMean) return;
        const hits = hitsOf({ value, n }, cap);
        expect(hits).toBeGreaterThanOrEqual(0);
        expect(hits).toBeLessThanOrEqual(n);
      },
    ),
  );
});

it.each<[string, number, number, string | undefined, string, boolean]>([
  ['1.0000000001 of a backend that rounds', 1.0000000001, 10, undefined, QUERY, true],
  ['a value below 0', -1e-12, 10, undefined, QUERY, false],
  ['a value without data points', 0.5, 0, undefined, QUERY, false],
  ['what is not a number', Number.NaN, 10, undefined, QUERY, false],
  ['a percentile', 0.5, 10, undefined, 'histogram_quantile(0.9, x)', false],
  ['bookings', 0.5, 10, 'bookings', QUERY, true],
  ['s', 0.5, 10, 's', QUERY, false],
  ['ms', 0.5, 10, 'ms', QUERY, false],
  ['Seconds behind a space', 0.5, 10, ' Seconds', QUERY, false],
  ['MiB', 0.5, 10, 'MiB', QUERY, false],
])('%s: a share or none', (_, value, n, units, query, isShare) => {
  expect(isShareOf({ value, n, units, query })).toBe(isShare);
});

it('a unit of time is none before anything is measured', () => {
  expect(canBeShare({ units: 'seconds', query: QUERY })).toBe(false);
  expect(canBeShare({ query: QUERY })).toBe(true);
});
