import { expect, it } from 'vitest';
import { sampleRatioMismatch, sharesBetween, sharesOutside } from '../../src/traffic/sample-ratio-mismatch.ts';
import { seededUniform } from '../../src/traffic/seeded-random.ts';

const weights = [
  { name: 'old', value: 90 },
  { name: 'new', value: 10 },
];
const requests = (old: number, fresh: number) =>
  new Map([
    ['old', old],
    ['new', fresh],
  ]);

it('reports traffic that does not follow its weights', () => {
  expect(sampleRatioMismatch(weights, requests(9000, 1000))).toBeUndefined();
  expect(sampleRatioMismatch(weights, requests(950, 50))).toMatch(
    /^traffic does not follow its weights: old got 95 % of the requests, not 90 %, new got 5 % of the requests, not 10 %$/,
  );
  expect(sampleRatioMismatch(weights, requests(10, 0))).toBeUndefined();
  expect(sampleRatioMismatch(weights, new Map())).toBeUndefined();
});

it('takes a weight of 0 and of 100 at its word', () => {
  const all = [
    { name: 'old', value: 100 },
    { name: 'new', value: 0 },
  ];
  expect(sampleRatioMismatch(all, requests(50, 0))).toBeUndefined();
  expect(sampleRatioMismatch(all, requests(50, 1))).toMatch(/new got 1\.96 % of the requests, not 0 %/);
});

it('accuses hardly anybody whose traffic does follow, however often it looks (1 000 runs, seed 1)', () => {
  const random = seededUniform(1, 'sample ratio');
  let accused = 0;
  for (let run = 0; run < 1000; run++) {
    let [old, fresh] = [0, 0];
    for (let look = 0; look < 20; look++) {
      for (let k = 0; k < 50; k++) {
        if (random() < 0.9) old++;
        else fresh++;
      }
      if (sampleRatioMismatch(weights, requests(old, fresh)) !== undefined) {
        accused++;
        break;
      }
    }
  }
  expect(accused).toBeLessThanOrEqual(3);
});

it('between two splits accuses nobody whose requests followed the one, the other, or both in turn', () => {
  const now = [
    { name: 'old', value: 80 },
    { name: 'new', value: 20 },
  ];
  const ranges = sharesBetween(weights, now);
  const accused = (shareOfNew: (request: number) => number, seed: number): boolean => {
    const uniform = seededUniform(seed, 'traffic');
    let fresh = 0;
    for (let request = 0; request < 2_000; request++) if (uniform() < shareOfNew(request)) fresh += 1;
    return sharesOutside(ranges, requests(2_000 - fresh, fresh)) !== undefined;
  };
  const among = (shareOfNew: (request: number) => number) =>
    Array.from({ length: 300 }, (_, seed) => accused(shareOfNew, seed)).filter(Boolean).length;
  expect(among(() => 0.1)).toBeLessThanOrEqual(3);
  expect(among(() => 0.2)).toBeLessThanOrEqual(3);
  expect(among((request) => (request < 700 ? 0.1 : 0.2))).toBe(0);
  expect(among(() => 0.27)).toBeGreaterThan(290);
  expect(among(() => 0.05)).toBeGreaterThan(290);
  expect(sharesOutside(ranges, requests(500, 500))).toBe(
    'traffic does not follow its weights: old got 50 % of the requests, not 80 % to 90 %, new got 50 % of the requests, not 10 % to 20 %',
  );
});
