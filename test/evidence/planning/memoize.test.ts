import { expect, it } from 'vitest';
import { memoize } from '../../../src/evidence/planning/memoize.ts';

it('asks once for the same question, and again for another', () => {
  let asked = 0;
  const half = memoize(({ of }: { of: number }) => {
    asked += 1;
    return of / 2;
  });
  expect([half({ of: 4 }), half({ of: 4 }), half({ of: 6 })]).toEqual([2, 2, 3]);
  expect(asked).toBe(2);
  expect([half({ of: Number.POSITIVE_INFINITY }), half({ of: Number.NEGATIVE_INFINITY })]).toEqual([
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ]);
});

it('keeps no more than the last ones', () => {
  let asked = 0;
  const same = memoize((n: number) => {
    asked += 1;
    return n;
  });
  for (let n = 0; n < 1000; n++) same(n);
  same(999);
  expect(asked).toBe(1000);
  same(0);
  expect(asked).toBe(1001);
});
