/** Seeded pairs of two versions, looked at after every one. Seeds and numbers of runs stand beside each claim. */
import { describe, expect, it } from 'vitest';
import { pairsForMean, shareOf } from '../../../src/evidence/planning/mean-passage.ts';
import { pairsToDistinguish } from '../../../src/evidence/planning/pairs-needed.ts';
import { addMeanPairs, emptyMeanPairs, lnMeanPairs } from '../../../src/evidence/paired/paired-means.ts';
import { addOddsBlock, EMPTY_ODDS, lnOdds } from '../../../src/evidence/two-versions/rates-by-block.ts';
import { drawNormal, type Uniform } from '../../../src/traffic/seeded-random.ts';
import { EMPTY_SHARE_PAIRS, lnSharePairs, type SharePairs } from '../../../src/evidence/paired/paired-rates.ts';
import { hitsOf, mostWrong, seeded } from '../../support/seeded.ts';

const LN20 = Math.log(20);
const RUNS = 1000;

function show(figures: unknown): void {
  if (process.env['SHOW'] !== undefined) console.log(expect.getState().currentTestName, figures);
}

/** One more pair of independent requests. */
function pair(pairs: SharePairs, uniform: Uniform, [shareA, shareB]: readonly [number, number]): SharePairs {
  const a = uniform() < shareA;
  const b = uniform() < shareB;
  if (a && b) return { ...pairs, both: pairs.both + 1 };
  if (a) return { ...pairs, onlyA: pairs.onlyA + 1 };
  if (b) return { ...pairs, onlyB: pairs.onlyB + 1 };
  return { ...pairs, neither: pairs.neither + 1 };
}

describe('a version exactly at the limit is falsely judged in at most 5 % of 1,000 runs, either way', () => {
  it.each([
    ['10 % more than 10 %', { ratio: 1.1, plus: 0 }, [0.1, 0.11], 11],
    ['2 points more than 5 %', { ratio: 1, plus: 0.02 }, [0.05, 0.07], 12],
  ] as const)('%s, 600 pairs', (_, limit, shares, seed) => {
    const uniform = seeded(seed);
    let below = 0;
    let above = 0;
    for (let run = 0; run < RUNS; run++) {
      let pairs = EMPTY_SHARE_PAIRS;
      let most = { lnBelow: 0, lnAbove: 0 };
      for (let i = 1; i <= 600; i++) {
        pairs = pair(pairs, uniform, shares);
        if (i % 10 !== 0) continue;
        const { lnBelow, lnAbove } = lnSharePairs(pairs, limit);
        most = { lnBelow: Math.max(most.lnBelow, lnBelow), lnAbove: Math.max(most.lnAbove, lnAbove) };
      }
      below += Number(most.lnBelow >= LN20);
      above += Number(most.lnAbove >= LN20);
    }
    show({ below: below / RUNS, above: above / RUNS });
    expect(below / RUNS).toBeLessThanOrEqual(0.05);
    expect(above / RUNS).toBeLessThanOrEqual(0.05);
  });

  it('latencies that drift, 10 % above those of the baseline, 300 pairs (seed 13)', () => {
    const uniform = seeded(13);
    const start = emptyMeanPairs({ ratio: 1.1, plus: 0, cap: 800 });
    let below = 0;
    let above = 0;
    for (let run = 0; run < RUNS; run++) {
      let state = start;
      let most = { lnBelow: 0, lnAbove: 0 };
      for (let at = 0; at < 300; at += 20) {
        const level = 60 + at; // both become slower
        state = addMeanPairs(
          state,
          Array.from({ length: 20 }, () => [level * 2 * uniform(), 1.1 * level * 2 * uniform()] as const),
        );
        const { lnBelow, lnAbove } = lnMeanPairs(state);
        most = { lnBelow: Math.max(most.lnBelow, lnBelow), lnAbove: Math.max(most.lnAbove, lnAbove) };
      }
      below += Number(most.lnBelow >= LN20);
      above += Number(most.lnAbove >= LN20);
    }
    show({ below: below / RUNS, above: above / RUNS });
    expect(below / RUNS).toBeLessThanOrEqual(mostWrong(RUNS));
    expect(above / RUNS).toBeLessThanOrEqual(mostWrong(RUNS));
  });
});

describe('what it costs', () => {
  it.each([
    [0.01, 0.05, 2000],
    [0.05, 0.07, 100],
    [0.3, 0.35, 100],
  ])(
    'shares of %d and %d are reported apart in about the planned number of pairs: %d runs (seed 14)',
    (shareA, shareB, runs) => {
      const uniform = seeded(14);
      let sum = 0;
      for (let run = 0; run < runs; run++) {
        let odds = EMPTY_ODDS;
        for (let n = 1; n <= 50_000; n++) {
          odds = addOddsBlock(odds, {
            a: { n: 1, bad: hitsOf(uniform, 1, shareA) },
            b: { n: 1, bad: hitsOf(uniform, 1, shareB) },
          });
          sum += 1;
          if (lnOdds(odds).lnAbove >= LN20) break;
        }
      }
      const planned = pairsToDistinguish({ shareA, shareB, lnThreshold: LN20 });
      show({ mean: sum / runs, planned });
      // docs/method.md 1.4 has 258, 2157 and 1447 pairs, of another mixture (Beta(2,2)) than that of its vectors, which
      // is ours.
      expect(Math.abs(sum / runs - planned) / planned).toBeLessThan(0.3);
    },
  );

  it('latencies of 200 ms that are as slow are shown to be at most 10 % slower: 40 runs (seed 15)', () => {
    const uniform = seeded(15);
    const latency = () => 200 * Math.exp(drawNormal(uniform) - 0.5);
    const start = emptyMeanPairs({ ratio: 1.1, plus: 0, cap: 10_000 });
    let pairs = 0;
    for (let run = 0; run < 40; run++) {
      let state = start;
      do
        state = addMeanPairs(
          state,
          Array.from({ length: 50 }, () => [latency(), latency()] as const),
        );
      while (lnMeanPairs(state).lnBelow < LN20 && state.n < 20_000);
      pairs += state.n;
    }
    show({ mean: pairs / 40 });
    // docs/method.md 1.4: 3249 on average, its cap not being said
    expect(pairs / 40).toBeGreaterThan(1500);
    expect(pairs / 40).toBeLessThan(5000);
  });

  it('is planned for limits, too: 200 runs (seed 16)', () => {
    const uniform = seeded(16);
    const limit = { ratio: 1.5, plus: 0 };
    const question = { shareA: 0.1, shareB: 0.1, lnThreshold: LN20 } as const;
    let sum = 0;
    for (let run = 0; run < 200; run++) {
      let pairs = EMPTY_SHARE_PAIRS;
      let n = 0;
      do {
        pairs = pair(pairs, uniform, [0.1, 0.1]);
        n += 1;
      } while (n < 20_000 && (n % 10 !== 0 || lnSharePairs(pairs, limit).lnBelow < LN20));
      sum += n;
    }
    const [a, b] = [shareOf(question.shareA), shareOf(question.shareB)];
    const comparison = { ...limit, cap: 1 };
    const { average: planned, nearlyAll } = pairsForMean({ a, b, comparison, lnThreshold: question.lnThreshold });
    show({ mean: sum / 200, planned });
    expect(Math.abs(planned - sum / 200) / planned).toBeLessThan(0.4);
    expect(nearlyAll).toBeGreaterThan(1.5 * planned);
    const worse = { a, b: shareOf(0.2), comparison, lnThreshold: question.lnThreshold };
    expect(pairsForMean(worse).average).toBe(Number.POSITIVE_INFINITY);
  });
});
