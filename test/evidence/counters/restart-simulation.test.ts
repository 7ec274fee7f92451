/** Processes that restart in place and lose the requests under way: slow failures are then never counted, fast successes are. */
import { expect, it } from 'vitest';
import { lnSatisfied, lnViolated } from '../../../src/evidence/one-sample/rate.ts';
import {
  addSamples,
  shareCounts,
  startLedger,
  type CounterLedger,
} from '../../../src/evidence/counters/counter-growth.ts';
import type { CounterAnswer, CounterSample } from '../../../src/evidence/counters/counter-samples.ts';
import { hitsOf, mostWrong, seeded } from '../../support/seeded.ts';

const PER_SECOND = 40;
const SECONDS = 300;
const SLOW_SECONDS = 9;
const IN_FLIGHT_MS = 10_000;
const RUNS = 200;

interface Service {
  readonly share: number;
  readonly lifeSeconds: number;
  /** Hits and the rest are series of their own, as with a label for the code. */
  readonly apart: boolean;
}

/** Which verdicts were ever given at the limit of 5 %, looking every 5 s at the samples of each second. */
function verdicts({ share, lifeSeconds, apart }: Service, seed: number): { satisfied: boolean; violated: boolean } {
  const random = seeded(seed);
  const began = new Float64Array(SECONDS);
  for (let second = 0; second < SECONDS; second++) began[second] = hitsOf(random, PER_SECOND, share);
  let ledger: CounterLedger | undefined;
  const found = { satisfied: false, violated: false };
  let [hits, others, age] = [0, 0, 0];
  let samples: CounterSample[] = [];
  for (let second = 0; second < SECONDS; second++) {
    age += 1;
    if (age > lifeSeconds) [hits, others, age] = [0, 0, 1];
    others += PER_SECOND - began[second]!;
    // What began before the restart is lost.
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
    if (response.n > 0 && lnSatisfied(response, 0.05) >= Math.log(20)) found.satisfied = true;
    if (service.n > 0 && lnViolated(service, 0.05) >= Math.log(20)) found.violated = true;
  }
  return found;
}

const rate = (service: Service, verdict: 'satisfied' | 'violated'): number =>
  Array.from({ length: RUNS }, (_, seed) => verdicts(service, seed)[verdict]).filter(Boolean).length / RUNS;

it.each([
  [30, false],
  [60, false],
  [30, true],
])('a version at its limit that restarts every %d s is not satisfied (series apart: %s)', (lifeSeconds, apart) => {
  expect(rate({ share: 0.05, lifeSeconds, apart }, 'satisfied')).toBeLessThanOrEqual(mostWrong(RUNS));
});

it('nor violated', () => {
  expect(rate({ share: 0.05, lifeSeconds: 30, apart: false }, 'violated')).toBeLessThanOrEqual(mostWrong(RUNS));
});

it('a good version that restarts is satisfied all the same', () => {
  expect(rate({ share: 0.01, lifeSeconds: 45, apart: false }, 'satisfied')).toBeGreaterThan(0.9);
});

it('a bad one is violated', () => {
  expect(rate({ share: 0.3, lifeSeconds: 45, apart: false }, 'violated')).toBeGreaterThan(0.9);
});
