/** Counters and values of a backend that count slow failures late: processes that restart in place, and values since the start. */
import {
  addSamples,
  beyondCounts,
  shareCounts,
  startLedger,
  type CounterLedger,
} from '../../../src/evidence/counters/counter-growth.ts';
import type { CounterAnswer, CounterSample } from '../../../src/evidence/counters/counter-samples.ts';
import { addCumulative } from '../../../src/evidence/counters/cumulative-growth.ts';
import { lnSatisfied, lnViolated } from '../../../src/evidence/one-sample/rate-bounds.ts';
import type { Uniform } from '../../../src/traffic/seeded-random.ts';
import { hitsOf } from '../seeded.ts';
import type { Cell } from './cell.ts';

const NEEDED = Math.log(20);
const IN_FLIGHT_MS = 10_000;
const PER_SECOND = 40;
const SECONDS = 300;
const SLOW_SECONDS = 9;

export interface Restarting {
  readonly share: number;
  readonly lifeSeconds: number;
  /** Hits and the rest are series of their own, as with a label for the code. */
  readonly apart: boolean;
}

/**
 * Which verdicts are ever given at a limit of 5 %, looking every 5 s at the samples of each second, on processes that lose the
 * requests under way when they restart: slow failures are then never counted, fast successes are.
 */
export function restartingVerdicts(random: Uniform, { share, lifeSeconds, apart }: Restarting) {
  const began = Array.from({ length: SECONDS }, () => hitsOf(random, PER_SECOND, share));
  let ledger: CounterLedger | undefined;
  const found = { satisfied: false, violated: false };
  let [hits, others, age] = [0, 0, 0];
  let samples: CounterSample[] = [];
  for (let second = 0; second < SECONDS; second++) {
    age += 1;
    if (age > lifeSeconds) [hits, others, age] = [0, 0, 1];
    others += PER_SECOND - began[second]!;
    if (age > SLOW_SECONDS) hits += began[second - SLOW_SECONDS]!;
    const atMs = 1000 * (1000 + second);
    if (apart) {
      samples.push({ kind: 'shares', series: 'others', atMs, hits: 0, others });
      if (hits > 0) samples.push({ kind: 'shares', series: 'hits', atMs, hits, others: 0 });
    } else samples.push({ kind: 'shares', series: 'a', atMs, hits, others });
    if (second % 5 !== 4) continue;
    const answer: CounterAnswer = { kind: 'shares', samples };
    const next: CounterLedger | string =
      ledger === undefined ? startLedger(answer, { limits: [], inFlightMs: IN_FLIGHT_MS }) : addSamples(ledger, answer);
    if (typeof next === 'string') throw new Error(next);
    ledger = next;
    samples = [];
    const { response, service } = shareCounts(ledger);
    if (response.n > 0 && lnSatisfied(response, 0.05) >= NEEDED) found.satisfied = true;
    if (service.n > 0 && lnViolated(service, 0.05) >= NEEDED) found.violated = true;
  }
  return found;
}

/** Whether a share since the start, of a limit of 10 %, is ever satisfied, when failures take 10 s and traffic starts with the run. */
export function cumulativeSatisfied(random: Uniform, share: number, inFlightMs = IN_FLIGHT_MS): boolean {
  const began: number[] = [];
  let ledger: CounterLedger | undefined;
  let [n, hits] = [0, 0];
  for (let second = 1; second <= 120; second++) {
    began.push(hitsOf(random, 20, share));
    const late = second > 10 ? began[second - 11]! : 0;
    hits += late;
    n += late + 20 - began.at(-1)!;
    if (second % 5 !== 0) continue;
    ledger = addCumulative(ledger, { startMs: 1_000_000, inFlightMs, atMs: 1_000_000 + 1000 * second, n, hits });
    const { response } = shareCounts(ledger);
    if (response.n > 0 && lnSatisfied(response, 0.1) >= NEEDED) return true;
  }
  return false;
}

/** Whether p95 <= 1 s is ever satisfied by buckets while this share of the requests takes 5 s: looks every 2 s, two minutes. */
export function bucketsSatisfied(random: Uniform, share: number, inFlightMs = IN_FLIGHT_MS): boolean {
  const answer = (second: number, low: number, high: number): CounterAnswer => ({
    kind: 'histograms',
    percentile: 95,
    samples: [
      {
        kind: 'histograms',
        series: 'a',
        atMs: 1000 * (1000 + second),
        count: low + high,
        buckets: [
          [Number.NEGATIVE_INFINITY, 1000, low],
          [1000, Number.POSITIVE_INFINITY, high],
        ],
      },
    ],
  });
  const began: number[] = [];
  let [low, high] = [7000, 400];
  let ledger: CounterLedger | string = startLedger(answer(0, low, high), { limits: [1000], inFlightMs });
  for (let second = 1; second <= 120; second++) {
    began.push(hitsOf(random, 50, share));
    low += 50 - began.at(-1)!;
    high += second > 5 ? began[second - 6]! : 0;
    if (second % 2 !== 0) continue;
    ledger = addSamples(ledger, answer(second, low, high));
    if (typeof ledger === 'string') throw new Error(ledger);
    if (lnSatisfied(beyondCounts(ledger, 1000)!.response, 0.05) >= NEEDED) return true;
  }
  return false;
}

const restarting = (lifeSeconds: number, apart: boolean, verdict: 'satisfied' | 'violated', slow: boolean): Cell => ({
  name: `counters restart every ${lifeSeconds} s${apart ? ', hits a series of their own' : ''}: not ${verdict} at the limit`,
  atMost: 0.05,
  slow,
  run: (random) => restartingVerdicts(random, { share: 0.05, lifeSeconds, apart })[verdict],
});

export const COUNTER_CELLS: readonly Cell[] = [
  restarting(30, false, 'satisfied', false),
  restarting(60, false, 'satisfied', true),
  restarting(30, true, 'satisfied', false),
  restarting(60, true, 'satisfied', true),
  restarting(30, false, 'violated', true),
  restarting(60, true, 'violated', true),
  {
    name: 'counters restart every 45 s: a good version is satisfied',
    atLeast: 0.9,
    run: (random) => restartingVerdicts(random, { share: 0.01, lifeSeconds: 45, apart: false }).satisfied,
  },
  {
    name: 'counters restart every 45 s: a bad version is violated',
    atLeast: 0.9,
    slow: true,
    run: (random) => restartingVerdicts(random, { share: 0.3, lifeSeconds: 45, apart: false }).violated,
  },
  {
    name: 'a share since the start, failures take 10 s: not satisfied at the limit',
    atMost: 0.05,
    run: (random) => cumulativeSatisfied(random, 0.1),
  },
  {
    name: 'a share since the start, failures take 10 s: without the allowance it would be satisfied at the limit',
    atLeast: 0.9,
    run: (random) => cumulativeSatisfied(random, 0.1, 0),
  },
  {
    name: 'a share since the start, failures take 10 s: a good version is satisfied',
    atLeast: 0.95,
    slow: true,
    run: (random) => cumulativeSatisfied(random, 0.02),
  },
  {
    name: 'buckets of p95, slow requests take 5 s: not satisfied beyond the limit',
    atMost: 0.05,
    slow: true,
    run: (random) => bucketsSatisfied(random, 0.051),
  },
];
