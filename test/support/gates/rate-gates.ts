/**
 * How gates decide "at most 1 % of the requests are bad" on the same requests, and how often each is wrong: the tables of
 * docs/why.md (`npm run evidence -- --gates`). A gate is played as its documentation says that it decides; the page cites it.
 */
import { lnSatisfied, lnViolated } from '../../../src/evidence/one-sample/rate-bounds.ts';
import { verdictThresholds } from '../../../src/evidence/verdict-thresholds.ts';
import type { Uniform } from '../../../src/traffic/seeded-random.ts';

export type Answer = 'passed' | 'failed' | 'undecided';
/** Bad ones among the next `n` requests. */
export type Requests = (n: number) => number;
export interface Gate {
  readonly name: string;
  readonly decide: (next: Requests) => Answer;
}

export const LIMIT = 0.01;
const PARTS = 10;
const LOOK_EACH = 100;

/** Requests of which each is bad with probability `rate`; drawn by the gaps between bad ones. */
export function requestsAt(rate: number, random: Uniform): Requests {
  const gap = () => Math.floor(Math.log(1 - random()) / Math.log1p(-rate));
  let good = gap();
  return (n) => {
    let bad = 0;
    let left = n;
    while (good < left) {
      left -= good + 1;
      bad += 1;
      good = gap();
    }
    good -= left;
    return bad;
  };
}

/** Decides when the counts reach what a look asks for: first in one way or the other. */
interface Look {
  readonly passAtMost: number;
  readonly failAtLeast: number;
}

/** `passes` and `fails` are monotone in the number of bad requests. */
function look(n: number, passes: (bad: number) => boolean, fails: (bad: number) => boolean): Look {
  let bad = 0;
  while (passes(bad)) bad += 1;
  const passAtMost = bad - 1;
  while (!fails(bad)) bad += 1;
  return { passAtMost, failAtLeast: bad };
}

function looking(name: string, total: number, lookAt: (n: number) => Look): Gate {
  const looks = Array.from({ length: total / LOOK_EACH }, (_, index) => lookAt((index + 1) * LOOK_EACH));
  return {
    name,
    decide: (next) => {
      let bad = 0;
      for (const { passAtMost, failAtLeast } of looks) {
        bad += next(LOOK_EACH);
        if (bad <= passAtMost) return 'passed';
        if (bad >= failAtLeast) return 'failed';
      }
      return 'undecided';
    },
  };
}

/** P(at most k of n are bad) at the limit. */
function atMost(k: number, n: number): number {
  let term = (1 - LIMIT) ** n;
  let sum = term;
  for (let i = 1; i <= k; i++) {
    term *= ((n - i + 1) / i) * (LIMIT / (1 - LIMIT));
    sum += term;
  }
  return k < 0 ? 0 : Math.min(1, sum);
}

/** Fails as soon as more measurements than the limit have failed. */
const argo = (part: number, failureLimit: number): Gate => ({
  name: `Argo Rollouts: 10 measurements, failureLimit ${failureLimit}`,
  decide: (next) => {
    for (let k = 0, failed = 0; k < PARTS; k++) {
      if (next(part) / part > LIMIT) failed += 1;
      if (failed > failureLimit) return 'failed';
    }
    return 'passed';
  },
});

const CONFIDENCE = 0.95;

/** The gates that get `total` requests. */
export function rateGates(total: number): Gate[] {
  const part = total / PARTS;
  const { lnSatisfiedNeeded, lnViolatedNeeded } = verdictThresholds({
    confidence: CONFIDENCE,
    limits: 1,
    candidates: 1,
    role: 'candidate',
  });
  return [
    { name: 'k6: threshold rate<0.01', decide: (next) => (next(total) / total < LIMIT ? 'passed' : 'failed') },
    {
      name: 'Iter8 0.7: 40 requests, its default',
      decide: (next) => (next(40) / 40 > LIMIT ? 'failed' : 'passed'),
    },
    argo(part, 0),
    argo(part, 3),
    {
      name: 'Flagger: 10 steps, threshold 5',
      decide: (next) => {
        for (let passed = 0, failed = 0; ; ) {
          if (next(part) / part > LIMIT) failed += 1;
          else passed += 1;
          if (failed === 5) return 'failed';
          if (passed === PARTS) return 'passed';
        }
      },
    },
    looking('95 % interval, a look each 100', total, (n) =>
      look(
        n,
        (bad) => atMost(bad, n) <= 1 - CONFIDENCE,
        (bad) => 1 - atMost(bad - 1, n) <= 1 - CONFIDENCE,
      ),
    ),
    looking('iter8ctl, a look each 100', total, (n) =>
      look(
        n,
        (bad) => lnSatisfied({ n, bad }, LIMIT) >= lnSatisfiedNeeded,
        (bad) => lnViolated({ n, bad }, LIMIT) >= lnViolatedNeeded,
      ),
    ),
  ];
}

export const RATES: readonly number[] = [0.002, 0.005, 0.01, 0.012, 0.015, 0.02];
export const TOTALS: readonly number[] = [1000, 10_000];

export interface GateRow {
  readonly gate: string;
  /** For each of RATES. */
  readonly shares: readonly Readonly<Record<Answer, number>>[];
}

/** Each gate meets the same `runs` services, with random numbers of their own. */
export function playGates(total: number, runs: number, randomOf: (run: number) => Uniform): GateRow[] {
  return rateGates(total).map(({ name, decide }) => ({
    gate: name,
    shares: RATES.map((rate) => {
      const counts = { passed: 0, failed: 0, undecided: 0 };
      for (let run = 0; run < runs; run++) counts[decide(requestsAt(rate, randomOf(run)))] += 1;
      return { passed: counts.passed / runs, failed: counts.failed / runs, undecided: counts.undecided / runs };
    }),
  }));
}

const percent = (share: number): string => {
  const value = share * 100;
  return value > 0 && value < 10 ? value.toFixed(1) : value.toFixed(0);
};

/** The table of `total` requests as it stands in docs/why.md: passed / failed / undecided, in percent. */
export function gatesTable(total: number, runs: number, randomOf: (run: number) => Uniform): string {
  const head = [`${total.toLocaleString('en')} requests`, ...RATES.map((rate) => `${(rate * 100).toFixed(1)} % bad`)];
  const rows = playGates(total, runs, randomOf).map(({ gate, shares }) => [
    gate,
    ...shares.map(({ passed, failed, undecided }) => [passed, failed, undecided].map(percent).join(' / ')),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
