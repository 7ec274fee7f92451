/** What could have been shown: nothing that is shown may be beyond it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { differenceBounds, shownOrder } from '../../src/evidence/two-runs/difference.ts';
import { percentileLevels } from '../../src/evidence/two-runs/percentile-levels.ts';
import { shareLevels } from '../../src/evidence/two-runs/share-levels.ts';
import { binIndex } from '../../src/evidence/latency-histogram.ts';
import { couldShowWorse } from '../../src/judge/runs/worst-case.ts';

const LN_NEEDED = Math.log(240);
const shares = fc.integer({ min: 1, max: 400 }).chain((n) => fc.integer({ min: 0, max: n }).map((bad) => ({ n, bad })));
const share = (count: { n: number; bad: number }) => shareLevels({ response: count, service: count }, LN_NEEDED);

it('no share is shown to be larger that could not have been', () => {
  fc.assert(
    fc.property(shares, shares, (a, b) => {
      const asked = { quantity: { kind: 'error-rate' }, lnNeeded: LN_NEEDED, better: 'lower' } as const;
      const order = shownOrder(differenceBounds(share(a), share(b), LN_NEEDED));
      if (order === 'larger') expect(couldShowWorse(share(a), b.n, 1, asked)).toBe(true);
      // Nobody says which is better: a difference in either direction counts.
      if (order !== undefined) expect(couldShowWorse(share(a), b.n, 1, { ...asked, better: undefined })).toBe(true);
    }),
    { numRuns: 60 },
  );
});

it('no percentile is shown to be larger that could not have been', () => {
  const latencies = fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 60 });
  const levels = (us: readonly number[]) => {
    const histogram = us.toSorted((x, y) => x - y).map((one) => [binIndex(one), 1] as const);
    return percentileLevels({ response: histogram, service: histogram }, { percent: 50, lnNeeded: LN_NEEDED });
  };
  const asked = { quantity: { kind: 'percentile', percent: 50 }, lnNeeded: LN_NEEDED, better: 'lower' } as const;
  fc.assert(
    fc.property(latencies, latencies, fc.integer({ min: 1, max: 1000 }), (a, b, times) => {
      const slower = levels(b.map((us) => us * times));
      if (shownOrder(differenceBounds(levels(a), slower, LN_NEEDED)) === 'larger')
        expect(couldShowWorse(levels(a), b.length, Number.POSITIVE_INFINITY, asked)).toBe(true);
    }),
    { numRuns: 100 },
  );
});

it.each([
  [2, 2, false],
  [40, 40, true],
  [40, 1, false],
  [100_000, 3, true],
])('%i requests without an error and %i: could be shown to be worse: %s', (n, other, could) => {
  const asked = { quantity: { kind: 'error-rate' }, lnNeeded: LN_NEEDED, better: 'lower' } as const;
  expect(couldShowWorse(share({ n, bad: 0 }), other, 1, asked)).toBe(could);
});

it('takes as many requests for six rows as docs/compare.md says', () => {
  const couldAt = (n: number, percent?: number) => {
    const same = { response: [[100, n]], service: [[100, n]] } as const;
    if (percent === undefined)
      return couldShowWorse(share({ n, bad: 0 }), n, 1, {
        quantity: { kind: 'error-rate' },
        lnNeeded: LN_NEEDED,
        better: 'lower',
      });
    return couldShowWorse(percentileLevels(same, { percent, lnNeeded: LN_NEEDED }), n, Number.POSITIVE_INFINITY, {
      quantity: { kind: 'percentile', percent },
      lnNeeded: LN_NEEDED,
      better: 'lower',
    });
  };
  for (const [n, percent] of [[7], [17, 50], [91, 90], [187, 95], [952, 99]] as const)
    expect([n, couldAt(n - 1, percent), couldAt(n, percent)]).toEqual([n, false, true]);
});
