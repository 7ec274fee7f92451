/** Relative limits on latencies, by pairs of requests of one schedule. */
import type { ValuePair } from '../../../src/evidence/paired/paired-means.ts';
import {
  addPercentilePairs,
  emptyPercentilePairs,
  lnPercentilePairs,
  type PercentileLimit,
} from '../../../src/evidence/paired/paired-percentiles.ts';
import { drawNormal, type Uniform } from '../../../src/traffic/seeded-random.ts';
import type { Cell } from './cell.ts';

const NEEDED = Math.log(20);

export interface PairedTraffic {
  readonly limit: PercentileLimit;
  /** Latencies of the candidate are those of the baseline, drawn again, times this. */
  readonly times: number;
  /** A latency of the baseline, in ms; `common` is the same for both of a pair. */
  readonly draw: (random: Uniform, part: number, common: number) => number;
  readonly pairs: number;
  readonly lookEvery: number;
}

/** Which claims are shown at some look, and pairs until the first. */
export function pairedClaims(random: Uniform, { limit, times, draw, pairs, lookEvery }: PairedTraffic) {
  let state = emptyPercentilePairs(limit);
  const found = { below: false, above: false, first: Number.POSITIVE_INFINITY };
  for (let sent = 0; sent < pairs; sent += lookEvery) {
    const list = Array.from({ length: lookEvery }, (_, k): ValuePair => {
      const part = (sent + k) / pairs;
      const common = random();
      return [draw(random, part, common), times * draw(random, part, common)];
    });
    state = addPercentilePairs(state, { below: list, above: list });
    const { lnBelow, lnAbove } = lnPercentilePairs(state);
    found.below ||= lnBelow >= NEEDED;
    found.above ||= lnAbove >= NEEDED;
    if (found.below || found.above) {
      found.first = sent + lookEvery;
      break;
    }
  }
  return found;
}

const exponential = (random: Uniform) => -100 * Math.log(1 - random());
const narrow = (random: Uniform) => 100 * Math.exp(0.15 * drawNormal(random));
/** Both versions are slow at the same times. */
const shared = (random: Uniform, _: number, common: number) =>
  (common < 0.1 ? 300 : 80) * Math.exp(0.1 * drawNormal(random));
/** It halves, and doubles, in the middle. */
const halving = (random: Uniform, part: number) => exponential(random) * (part < 0.4 ? 1 : 0.5);
const doubling = (random: Uniform, part: number) => exponential(random) * (part < 0.4 ? 0.5 : 1);
const LATENCIES = { exponential, narrow, shared, halving, doubling };

const p95 = { percent: 95, ratio: 1.1, plus: 0 };
const long = { pairs: 3000, lookEvery: 100 };

export const PAIRED_LATENCY_CELLS: readonly Cell[] = [
  ...Object.entries(LATENCIES).flatMap(([name, draw]): Cell[] => [
    {
      name: `p95 by pairs, ${name} latencies: at the limit of 10 % it is not below`,
      atMost: 0.05,
      slow: name !== 'narrow' && name !== 'halving',
      run: (random) => pairedClaims(random, { limit: p95, times: 1.1, draw, ...long }).below,
    },
    {
      name: `p95 by pairs, ${name} latencies: at the limit of 10 % it is not above`,
      atMost: 0.05,
      slow: name !== 'halving',
      run: (random) => pairedClaims(random, { limit: p95, times: 1.1, draw, ...long }).above,
    },
  ]),
  {
    name: 'p50 by pairs: at an increase of 20 ms it is not below',
    atMost: 0.05,
    slow: true,
    run: (random) =>
      pairedClaims(random, {
        limit: { percent: 50, ratio: 1, plus: 69.3147 * 0.3 },
        times: 1.3,
        draw: exponential,
        ...long,
      }).below,
  },
  {
    name: 'p95 by pairs: identical narrow latencies are below 1.1 within 2,000 pairs',
    atLeast: 0.9,
    run: (random) => pairedClaims(random, { limit: p95, times: 1, draw: narrow, pairs: 2000, lookEvery: 100 }).below,
  },
  {
    name: 'p95 by pairs: latencies that are 40 % longer are above 1.1 within 3,000 pairs',
    atLeast: 0.9,
    run: (random) =>
      pairedClaims(random, { limit: p95, times: 1.4, draw: exponential, pairs: 3000, lookEvery: 300 }).above,
  },
  {
    name: 'p95 by pairs: identical exponential latencies are below 1.1 within 26,000 pairs',
    atLeast: 0.8,
    slow: true,
    run: (random) =>
      pairedClaims(random, { limit: p95, times: 1, draw: exponential, pairs: 26_000, lookEvery: 500 }).below,
  },
];
