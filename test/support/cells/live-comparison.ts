/** Live counters of two versions against a relative limit, while weights ramp up or down and the error rate of both drifts. */
import {
  addSamples,
  beginBlock,
  blockGrowth,
  ledgerValue,
  shareCounts,
  startLedger,
  type CounterLedger,
} from '../../../src/evidence/counters/counter-growth.ts';
import { lowerBound, upperBound } from '../../../src/evidence/one-sample/rate-bounds.ts';
import type { CounterAnswer } from '../../../src/evidence/counters/counter-samples.ts';
import { addLiveBlock, emptyLiveBlocks, lnLiveBlocks } from '../../../src/evidence/two-versions/live-blocks.ts';
import { plainExperiment } from '../plain-experiment.ts';
import { judgeOf } from '../../../src/judge/judgement.ts';
import type { MeasuredMetric } from '../../../src/judge/limits/custom-metric.ts';
import { compileQuestion } from '../../../src/judge/question/question.ts';
import { addMeasurement } from '../../../src/judge/record/measurement.ts';
import { EMPTY_RECORD, type Iter8Record } from '../../../src/judge/record/stored-record.ts';
import type { Uniform } from '../../../src/traffic/seeded-random.ts';
import type { Cell } from './cell.ts';

const PER_SECOND = 60;
const ITERATION_SECONDS = 30;
const ITERATIONS = 20;
const SCRAPE_SECONDS = 5;
const IN_FLIGHT_MS = 10_000;
const NEEDED = Math.log(20);

export interface LiveTraffic {
  /** Percent of the candidate in each iteration. */
  readonly weight: (iteration: number) => number;
  /** Error share of the baseline at a part (0 to 1) of the experiment. */
  readonly level: (part: number) => number;
  /** Errors of the candidate are so many times those of the baseline. */
  readonly times: number;
  /** Limit: at most so many times. */
  readonly limit: number;
  /** Seconds until a failure is counted: of baseline and candidate. */
  readonly slow: readonly [number, number];
  /** The candidate's process restarts so often. */
  readonly lifeSeconds?: number;
}

interface Began {
  hits: number;
  others: number;
}

/** One version: its counters, and what they are read as. */
class Version {
  #hits = 0;
  #others = 0;
  #age = 0;
  readonly #due: number[] = [];
  readonly #slow: number;
  readonly #lifeSeconds: number;
  ledger: CounterLedger | undefined;

  constructor(slow: number, lifeSeconds = Number.POSITIVE_INFINITY) {
    this.#slow = slow;
    this.#lifeSeconds = lifeSeconds;
  }

  second(second: number, began: Readonly<Began>): void {
    this.#age += 1;
    if (this.#age > this.#lifeSeconds) {
      [this.#hits, this.#others, this.#age] = [0, 0, 1];
      this.#due.length = 0;
    }
    this.#due[second + this.#slow] = began.hits;
    this.#hits += this.#due[second] ?? 0;
    this.#others += began.others;
  }

  scrape(second: number): void {
    const sample = { kind: 'shares' as const, series: 'a', atMs: 1000 * (1000 + second) };
    const answer: CounterAnswer = {
      kind: 'shares',
      samples: [{ ...sample, hits: this.#hits, others: this.#others }],
    };
    const next: CounterLedger | string =
      this.ledger === undefined
        ? beginBlock(startLedger(answer, { limits: [], inFlightMs: IN_FLIGHT_MS }))
        : addSamples(this.ledger, answer);
    if (typeof next === 'string') throw new Error(next);
    this.ledger = next;
  }
}

/** Plays the traffic, and calls at the end of each iteration. */
function play(
  random: Uniform,
  traffic: LiveTraffic,
  [a, b]: readonly [Version, Version],
  look: (iteration: number) => void,
) {
  a.scrape(-1);
  b.scrape(-1);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const weight = traffic.weight(iteration) / 100;
    for (let k = 0; k < ITERATION_SECONDS; k++) {
      const second = iteration * ITERATION_SECONDS + k;
      const level = traffic.level(second / (ITERATIONS * ITERATION_SECONDS));
      const began: readonly [Began, Began] = [
        { hits: 0, others: 0 },
        { hits: 0, others: 0 },
      ];
      for (let request = 0; request < PER_SECOND; request++) {
        const isB = random() < weight;
        const isHit = random() < level * (isB ? traffic.times : 1);
        began[isB ? 1 : 0][isHit ? 'hits' : 'others'] += 1;
      }
      a.second(second, began[0]);
      b.second(second, began[1]);
      if (second % SCRAPE_SECONDS === SCRAPE_SECONDS - 1) for (const one of [a, b]) one.scrape(second);
    }
    look(iteration);
  }
}

const secondMs = (second: number): number => 1000 * (1000 + second);

/** The claims that are shown at some look. */
export function liveClaims(random: Uniform, traffic: LiveTraffic) {
  const a = new Version(traffic.slow[0]);
  const b = new Version(traffic.slow[1], traffic.lifeSeconds);
  let state = emptyLiveBlocks({ ratio: traffic.limit, plus: 0, cap: 1 });
  const found = { below: false, above: false };
  play(random, traffic, [a, b], (iteration) => {
    state = addLiveBlock(state, { kind: 'shares', a: blockGrowth(a.ledger!), b: blockGrowth(b.ledger!) });
    const { lnBelow, lnAbove } = lnLiveBlocks(state);
    found.below ||= lnBelow >= NEEDED;
    found.above ||= lnAbove >= NEEDED;
    const isChanged = traffic.weight(iteration + 1) !== traffic.weight(iteration);
    const changedMs = isChanged ? secondMs((iteration + 1) * ITERATION_SECONDS) : undefined;
    for (const one of [a, b]) one.ledger = beginBlock(one.ledger!, changedMs);
  });
  return { ...found, ledgers: [a.ledger!, b.ledger!] as const };
}

const METRIC = 'default/errors';
const NAMES = ['old', 'new'] as const;

const questionAt = (limit: number) =>
  compileQuestion(
    plainExperiment(
      {
        target: 'cell',
        strategy: { testingPattern: 'Canary', deploymentPattern: 'Progressive' },
        criteria: {
          strength: { relative: [{ metric: METRIC, maxIncreasePercent: 100 * (limit - 1) }] },
        },
        versionInfo: { baseline: { name: NAMES[0] }, candidates: [{ name: NAMES[1] }] },
      },
      { name: 'cell' },
    ),
  );

/** The same through the judge: verdicts ever given on the candidate; the weights are read at each measurement alone. */
export function liveVerdicts(random: Uniform, traffic: LiveTraffic): ReadonlySet<string> {
  const versions = [new Version(traffic.slow[0]), new Version(traffic.slow[1], traffic.lifeSeconds)] as const;
  const question = questionAt(traffic.limit);
  let record: Iter8Record = EMPTY_RECORD;
  const found = new Set<string>();
  const measure = (second: number, weight: number) => {
    const values = Object.fromEntries(
      NAMES.map((name, i): [string, MeasuredMetric] => {
        const counters = versions[i]!.ledger!;
        const about = { type: 'Gauge', cumulative: true, extrapolated: false, query: '', counters } as const;
        return [name, { ...about, ...ledgerValue(counters) }];
      }),
    );
    record = addMeasurement(question, record, {
      time: new Date(secondMs(second)).toISOString(),
      startTime: new Date(secondMs(0)).toISOString(),
      values: { [METRIC]: values },
      weights: [
        { name: NAMES[0], value: 100 - weight },
        { name: NAMES[1], value: weight },
      ],
    });
    for (const [i, name] of NAMES.entries()) versions[i]!.ledger = record.measured![METRIC]![name]!.counters;
  };
  play(random, traffic, versions, (iteration) => {
    const second = (iteration + 1) * ITERATION_SECONDS;
    measure(second, traffic.weight(iteration));
    const look = { elapsedSeconds: second, planDone: true, bounds: false, measuringDone: false };
    for (const { verdict, relative } of judgeOf(question, record).look(look))
      if (relative !== undefined) found.add(verdict);
  });
  return found;
}

const up = (iteration: number) => 10 + Math.round((80 * Math.min(iteration, ITERATIONS - 1)) / (ITERATIONS - 1));
const down = (iteration: number) => 100 - up(iteration);
const steps = (iteration: number) => (iteration % 6 < 3 ? 10 : 60);
const fixed = () => 30;

const falling = (part: number) => 0.2 - 0.17 * part;
const rising = (part: number) => 0.03 + 0.17 * part;
const RAMPS = { up, down, steps, fixed };
const DRIFTS = { falling, rising };

/** What bounds over pooled counters say at the end: why they are not used. */
function pooledBelow(random: Uniform, traffic: LiveTraffic): boolean {
  const [a, b] = liveClaims(random, traffic).ledgers;
  const upper = upperBound(shareCounts(b).response, NEEDED + Math.LN2);
  return upper <= traffic.limit * lowerBound(shareCounts(a).service, NEEDED + Math.LN2);
}

const TRAP: Cell = {
  name: 'live counters, weights up, errors falling: pooled, 1.5 times as bad would be below 1.5',
  atLeast: 0.9,
  run: (random) => pooledBelow(random, { weight: up, level: falling, times: 1.5, limit: 1.5, slow: [0, 0] }),
};

/** A ramp that ends at 60 %. */
const rampAndHold = (iteration: number) => Math.min(60, 10 + 10 * iteration);

const JUDGED: readonly Cell[] = [
  ...(
    [
      ['satisfied', 1.5, 1.5, 9],
      ['violated', 1.5, 1.5, 9],
      ['satisfied', 1.2, 1.2, 0],
      ['violated', 1.2, 1.2, 0],
    ] as const
  ).map(
    ([verdict, times, limit, slow], k): Cell => ({
      name: `live counters through the judge, weights ramp and hold: ${times} times as bad is not ${verdict} at ${limit}`,
      atMost: 0.05,
      slow: k > 0,
      run: (random) =>
        liveVerdicts(random, { weight: rampAndHold, level: falling, times, limit, slow: [slow, slow] }).has(verdict),
    }),
  ),
  {
    name: 'live counters through the judge, weights ramp and hold: twice as bad is violated at 1.2',
    atLeast: 0.8,
    run: (random) =>
      liveVerdicts(random, { weight: rampAndHold, level: falling, times: 2, limit: 1.2, slow: [9, 9] }).has('violated'),
  },
  {
    name: 'live counters through the judge, weights ramp and hold: identical is satisfied at 1.5',
    atLeast: 0.8,
    slow: true,
    run: (random) =>
      liveVerdicts(random, { weight: rampAndHold, level: falling, times: 1, limit: 1.5, slow: [9, 9] }).has(
        'satisfied',
      ),
  },
];

/** Ramps in both directions, drifts in both directions, failures that are slow, in one version or both. */
export const LIVE_CELLS: readonly Cell[] = [
  TRAP,
  ...JUDGED,
  ...Object.entries(RAMPS).flatMap(([ramp, weight]) =>
    Object.entries(DRIFTS).flatMap(([drift, level]): Cell[] => {
      const name = `live counters, weights ${ramp}, errors ${drift}`;
      const traffic = { weight, level, limit: 1, times: 1, slow: [0, 0] as const };
      const slow = drift === 'rising' || ramp === 'steps' || ramp === 'fixed';
      const wrong = (what: string, more: Partial<LiveTraffic>, claim: 'below' | 'above'): Cell => ({
        name: `${name}: ${what}`,
        atMost: 0.05,
        slow,
        run: (random) => liveClaims(random, { ...traffic, ...more })[claim],
      });
      return [
        wrong('identical is not "better"', {}, 'below'),
        wrong('identical is not "worse"', {}, 'above'),
        wrong('1.5 times as bad is not below 1.5', { times: 1.5, limit: 1.5 }, 'below'),
        wrong('1.5 times as bad is not above 1.5', { times: 1.5, limit: 1.5 }, 'above'),
        wrong('slow failures, identical is not "better"', { slow: [9, 9] }, 'below'),
        wrong('slow failures, identical is not "worse"', { slow: [9, 9] }, 'above'),
        wrong('slow failures of the candidate alone are not "better"', { slow: [0, 9] }, 'below'),
        wrong('slow failures of the baseline alone make nothing "worse"', { slow: [9, 0] }, 'above'),
        wrong('a candidate that restarts is not "better"', { slow: [0, 9], lifeSeconds: 45 }, 'below'),
        {
          name: `${name}: twice as bad is shown to be above 1.2`,
          atLeast: 0.8,
          slow,
          run: (random) => liveClaims(random, { ...traffic, times: 2, limit: 1.2, slow: [9, 9] }).above,
        },
        {
          name: `${name}: identical is shown to be below 1.5`,
          atLeast: 0.5,
          slow,
          run: (random) => liveClaims(random, { ...traffic, limit: 1.5, slow: [9, 9] }).below,
        },
      ];
    }),
  ),
];
