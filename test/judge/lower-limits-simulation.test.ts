/** How often a lower limit is decided wrongly where the truth lies at it, looking again and again: the promise is that of upper ones. */
import { expect, it } from 'vitest';
import { withDefaults } from '../../src/experiment/defaults.ts';
import {
  addSamples,
  ledgerValue,
  startLedger,
  type CounterLedger,
} from '../../src/evidence/counters/counter-growth.ts';
import { Judge } from '../../src/judge/judge.ts';
import { latencyLimits } from '../../src/judge/question/limits.ts';
import { compileQuestion } from '../../src/judge/question/question.ts';
import type { Uniform } from '../../src/traffic/seeded-random.ts';
import { conformance } from '../support/driving.ts';
import { mostWrong, seeded } from '../support/seeded.ts';
import { tallyFor } from '../support/simulated-load.ts';

const RUNS = 200;
const M = 'iter8-system/';

const question = (metric: string, lowerLimit: string) =>
  compileQuestion(withDefaults(conformance({ objectives: [{ metric, lowerLimit }] }), { namespace: 'default' }));

type Wrong = Readonly<Record<'satisfied' | 'violated', number>>;

/** Parts of the runs with that verdict at some look. */
function everDecided(run: (random: Uniform) => Iterable<string>): Wrong {
  const found = { satisfied: 0, violated: 0 };
  for (let seed = 0; seed < RUNS; seed++) {
    const seen = new Set(run(seeded(seed)));
    if (seen.has('satisfied')) found.satisfied += 1 / RUNS;
    if (seen.has('violated')) found.violated += 1 / RUNS;
  }
  return found;
}

/** A share of good requests at 95 %, counted when they end, from before the start on; a look every 2 s for two minutes. */
function* live(random: Uniform, seconds: { readonly good: number; readonly bad: number }): Generator<string> {
  const asked = question('good', '0.95');
  const [good, bad] = [new Float64Array(200), new Float64Array(200)];
  for (let second = 0; second < 150; second++)
    for (let k = 0; k < 20; k++) {
      if (random() < 0.95) good[second + seconds.good]!++;
      else bad[second + seconds.bad]!++;
    }
  const sum = { hits: 0, others: 0 };
  let ledger: CounterLedger | undefined;
  for (let second = 0; second < 150; second++) {
    sum.hits += good[second]!;
    sum.others += bad[second]!;
    if (second < 20 || second % 2 === 1) continue;
    const answer = {
      kind: 'shares' as const,
      samples: [{ kind: 'shares' as const, series: 's', atMs: 1000 * (1 + second), ...sum }],
    };
    ledger =
      ledger === undefined
        ? startLedger(answer, { limits: [], inFlightMs: 10_000 })
        : (addSamples(ledger, answer) as CounterLedger);
    const judge = new Judge(asked);
    const about = { type: 'Gauge', cumulative: true, extrapolated: false, query: 'q' } as const;
    judge.setMeasured('hello', 'good', { ...about, ...ledgerValue(ledger), counters: ledger });
    yield judge.look({ elapsedSeconds: second, planDone: false, bounds: false })[0]!.verdict;
  }
}

it.each([
  ['failures and answers alike', { good: 1, bad: 1 }],
  ['failures that take 9 s', { good: 0, bad: 9 }],
  ['answers that take 9 s', { good: 9, bad: 0 }],
])('live counters, %s', (_, seconds) => {
  const wrong = everDecided((random) => live(random, seconds));
  expect(wrong.satisfied).toBeLessThanOrEqual(mostWrong(RUNS));
  expect(wrong.violated).toBeLessThanOrEqual(mostWrong(RUNS));
});

/** Requests of our own load, judged after every 20. */
function* own(
  random: Uniform,
  metric: string,
  lowerLimit: string,
  latencyMs: (random: Uniform) => number,
): Generator<string> {
  const asked = question(`${M}${metric}`, lowerLimit);
  const judge = new Judge(asked);
  const limits = latencyLimits(asked.limits);
  for (let look = 0; look < 60; look++) {
    const outcomes = Array.from({ length: 20 }, () => ({
      latencyMs: latencyMs(random),
      code: metric === 'error-rate' && random() < Number(lowerLimit) ? '503' : '200',
    }));
    judge.add({ version: 'hello' }, tallyFor(outcomes, limits));
    yield judge.look({ elapsedSeconds: look, planDone: false, bounds: false })[0]!.verdict;
  }
}

const exponential = (mean: number) => (random: Uniform) => -mean * Math.log(1 - random());

it.each([
  ['error-rate', '0.2', () => 5],
  ['latency-50th-percentile', '100', (random: Uniform) => (random() < 0.5 ? 100 : 20)],
  ['latency-5th-percentile', '100', (random: Uniform) => (random() < 0.95 ? 100 : 20)],
  ['latency-95th-percentile', '100', (random: Uniform) => (random() < 0.05 ? 100 : 20)],
  ['mean-latency', '100', exponential(100)],
  ['mean-latency', '100', (random: Uniform) => (random() < 0.02 ? 5000 : 0.001)],
])('%s at least %s', (metric, limit, latencyMs) => {
  const wrong = everDecided((random) => own(random, metric, limit, latencyMs));
  expect(wrong.satisfied).toBeLessThanOrEqual(mostWrong(RUNS));
  expect(wrong.violated).toBeLessThanOrEqual(mostWrong(RUNS));
});
