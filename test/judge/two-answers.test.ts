/** Where two places answered the same question in two ways. */
import { describe, expect, it } from 'vitest';
import {
  addSamples,
  ledgerValue,
  startLedger,
  type CounterLedger,
} from '../../src/evidence/counters/counter-growth.ts';
import { binIndex } from '../../src/evidence/latency-histogram.ts';
import { EMPTY_TALLY, type Tally, type TallyView } from '../../src/evidence/request-tally.ts';
import { judgementNow } from '../../src/judge/judgement.ts';
import type { MeasuredMetric } from '../../src/judge/limits/custom-metric.ts';
import type { Question } from '../../src/judge/question/question.ts';
import { addMeasurement } from '../../src/judge/record/measurement.ts';
import { EMPTY_RECORD, storeTally, type Iter8Record } from '../../src/judge/record/stored-record.ts';
import { at, split, START_MS, twoVersionQuestion } from '../support/questions.ts';

const VERSIONS = ['old', 'new'] as const;
type Version = (typeof VERSIONS)[number];

const gauge = (value: number, more: Partial<MeasuredMetric> = {}): MeasuredMetric => ({
  type: 'Gauge',
  cumulative: true,
  extrapolated: false,
  query: 'q',
  at: at(0),
  value,
  ...more,
});
const ofNew = (asked: Question, record: Iter8Record) =>
  judgementNow(asked, record).assessments.filter(({ version }) => version === 'new');

/** Raw counters of errors; scraped as often as wanted, measured at the ends of iterations. */
class LiveRun {
  record: Iter8Record = EMPTY_RECORD;
  readonly #counted: Record<Version, { hits: number; others: number }> = {
    old: { hits: 0, others: 0 },
    new: { hits: 0, others: 0 },
  };
  readonly asked: Question;
  constructor(asked: Question) {
    this.asked = asked;
  }
  serve(version: Version, hits: number, others: number): void {
    this.#counted[version].hits += hits;
    this.#counted[version].others += others;
  }
  scrape(second: number): void {
    const values = Object.fromEntries(VERSIONS.map((version) => [version, this.#read(second, version)]));
    this.record = { ...this.record, measured: { errors: values } };
  }
  measure(second: number, weight: number, failing: readonly Version[] = []): void {
    const values = Object.fromEntries(
      VERSIONS.map((version) => [
        version,
        failing.includes(version) ? this.#failed(second, version) : this.#read(second, version),
      ]),
    );
    this.record = addMeasurement(this.asked, this.record, {
      time: at(second),
      startTime: at(0),
      values: { errors: values },
      weights: split(weight),
    });
  }
  #read(second: number, version: Version): MeasuredMetric {
    const samples = [
      { kind: 'shares' as const, series: version, atMs: START_MS + 1000 * second, ...this.#counted[version] },
    ];
    const before = this.record.measured?.['errors']?.[version]?.counters;
    const inFlightMs = 1000 * this.asked.strength.inFlightSeconds;
    const counters =
      before === undefined
        ? startLedger({ kind: 'shares', samples }, { limits: [], inFlightMs })
        : (addSamples(before, { kind: 'shares', samples }) as CounterLedger);
    const { value, n } = ledgerValue(counters);
    return { type: 'Gauge', cumulative: true, extrapolated: false, query: 'q', value, n, at: at(second), counters };
  }
  #failed(second: number, version: Version): MeasuredMetric {
    const before = this.record.measured!['errors']![version]!;
    const { since = at(second), count = 0 } = before.failure ?? {};
    return { ...before, failure: { reason: 'server-error', message: '503', since, count: count + 1 } };
  }
}

describe('1 a relative objective on live counters', () => {
  function after(failures: number, confidence: object = {}) {
    const asked = twoVersionQuestion('Canary', {
      strength: { inFlightSeconds: 0, relative: [{ metric: 'errors', maxIncreasePercent: 20 }], ...confidence },
    });
    const run = new LiveRun(asked);
    run.measure(0, 50);
    for (let k = 1; k <= 5; k++) {
      for (const version of VERSIONS) run.serve(version, 500, 9500);
      run.measure(60 * k, 50);
    }
    for (let k = 6; k < 6 + failures; k++) run.measure(60 * k, 50, ['new']);
    return { row: ofNew(asked, run.record)[0]!, answer: judgementNow(asked, run.record).recommendation.verdict };
  }
  it('keeps its verdict over one failure of the backend', () => {
    expect(after(1)).toMatchObject({ row: { verdict: 'satisfied' }, answer: 'promote' });
  });
  it.each([{}, { confidence: 'none' }])('is undecided when it fails again (%j)', (confidence) => {
    expect(after(10, confidence)).toMatchObject({
      row: { verdict: 'undecided', reason: 'stale' },
      answer: 'undecided',
    });
  });
});

describe('2 a reward whose sampleSize fails while the weights change', () => {
  /** Identical versions; fewer clicks from minute to minute, while the candidate gets more and more traffic. */
  function ramp(failsAt: readonly number[]) {
    const asked = twoVersionQuestion('A/B', { rewards: [{ metric: 'clicks', preferredDirection: 'High' }] });
    let record: Iter8Record = EMPTY_RECORD;
    const n = { old: 0, new: 0 };
    const clicks = { old: 0, new: 0 };
    for (const [k, [rate, weight]] of (
      [
        [0.2, 10],
        [0.1, 30],
        [0.05, 60],
        [0.02, 90],
        [0.02, 90],
        [0.02, 90],
      ] as const
    ).entries()) {
      for (const version of VERSIONS) {
        const requests = 100 * (version === 'new' ? weight : 100 - weight);
        n[version] += requests;
        clicks[version] += Math.round(requests * rate);
      }
      const size = (version: Version): Partial<MeasuredMetric> =>
        failsAt.includes(k)
          ? { sizeFailure: { reason: 'server-error', message: 'its sampleSize: 503', query: 'n' } }
          : { n: n[version] };
      const values = Object.fromEntries(VERSIONS.map((one) => [one, gauge(clicks[one] / n[one], size(one))]));
      const weights = split(weight);
      record = addMeasurement(asked, record, {
        time: at(60 * (k + 1)),
        startTime: at(0),
        values: { clicks: values },
        weights,
      });
    }
    return judgementNow(asked, record);
  }
  it.each([[[]], [[0, 3]], [[0, 4]], [[0, 1, 2, 3, 4]]])('makes none of two equal versions win (%j)', (failsAt) => {
    expect(ramp(failsAt)).toMatchObject({ reward: { state: 'open' }, recommendation: { verdict: 'undecided' } });
  });
});

const view = (n: number, errors: number): TallyView => ({
  n,
  errors,
  histogram: [[binIndex(5000), n]],
  sumMs: 5 * n,
  maxMs: 5,
  minMs: 5,
});
const tally = (n: number, errors: number, limits: Tally['limits'] = {}): Tally => ({
  ...EMPTY_TALLY,
  response: view(n, errors),
  service: view(n, errors),
  limits,
  codes: { ...(n > errors ? { '200': n - errors } : {}), ...(errors > 0 ? { '503': errors } : {}) },
});

describe('3 errors that no objective is about', () => {
  it('are not hidden by a limit on the errors of another endpoint', () => {
    const asked = twoVersionQuestion('Canary', {
      objectives: [
        { metric: 'iter8-system/error-rate/checkout', upperLimit: '0.01' },
        { metric: 'iter8-system/latency-95th-percentile', upperLimit: '100' },
      ],
    });
    const limits = { '>100': { response: { n: 2000, bad: 0 }, service: { n: 2000, bad: 0 } } };
    // Every answer of the candidate's search is a fast 503.
    const scopes = VERSIONS.flatMap((version) => {
      const bad = version === 'new' ? 1000 : 0;
      return [
        { version, tally: storeTally(tally(2000, bad, limits)) },
        { version, endpoint: 'checkout', tally: storeTally(tally(1000, 0)) },
        { version, endpoint: 'search', tally: storeTally(tally(1000, bad)) },
      ];
    });
    const { recommendation } = judgementNow(asked, { ...EMPTY_RECORD, loadSeconds: 60, timeoutMs: 10_000, scopes });
    expect(recommendation.verdict).toBe('undecided');
  });
  it('are not those that a relative objective is about', () => {
    const asked = twoVersionQuestion('Canary', {
      strength: { relative: [{ metric: 'iter8-system/error-rate', maxIncrease: 0.05 }] },
    });
    const pairs = { neither: 1600, onlyA: 100, onlyB: 100, both: 200 };
    const { recommendation } = judgementNow(asked, {
      ...EMPTY_RECORD,
      loadSeconds: 60,
      timeoutMs: 10_000,
      scopes: VERSIONS.map((version) => ({ version, tally: storeTally(tally(2000, 300)) })),
      pairs: { new: { n: 2000, errors: { below: pairs, above: pairs }, means: {} } },
    });
    expect(recommendation.reasons.join()).not.toMatch(/no objective is about errors/);
    expect(recommendation.verdict).toBe('promote');
  });
});

describe('4 live counters of two versions, one of which could not be read when the weights were changed', () => {
  /** Failures take 10 s. The candidate fails 1.4 times as often, the limit is 1.2 times. */
  function verdict(failing: readonly Version[]) {
    const asked = twoVersionQuestion('Canary', {
      strength: { inFlightSeconds: 10, relative: [{ metric: 'errors', maxIncreasePercent: 20 }] },
    });
    const run = new LiveRun(asked);
    const weightAt = (second: number) => (second <= 60 ? 2 : 90);
    const requests = (version: Version, second: number) =>
      second <= 0 ? 0 : 50 * (version === 'new' ? weightAt(second) : 100 - weightAt(second));
    const rate = { old: 0.1, new: 0.14 };
    run.measure(0, weightAt(0));
    for (let second = 5; second <= 180; second += 5) {
      for (const version of VERSIONS)
        run.serve(
          version,
          Math.round(requests(version, second - 10) * rate[version]),
          Math.round(requests(version, second) * (1 - rate[version])),
        );
      if (second % 60 === 0) run.measure(second, weightAt(second), second === 120 ? failing : []);
      else run.scrape(second);
    }
    return ofNew(asked, run.record)[0]!;
  }
  it.each([[[]], [['old']], [['new']]] as const)('are not compared over that change (failing: %j)', (failing) => {
    expect(verdict(failing).verdict).not.toBe('satisfied');
  });
});

describe('5 confidence: none', () => {
  it('does not call the baseline best while the candidate has the better reward, and is undecided', () => {
    const asked = twoVersionQuestion('A/B', {
      objectives: [{ metric: 'load', upperLimit: '5' }],
      rewards: [{ metric: 'clicks', preferredDirection: 'High' }],
      strength: { confidence: 'none' },
    });
    const failure = { reason: 'server-error' as const, message: '503', since: at(0), count: 3 };
    const record = addMeasurement(asked, EMPTY_RECORD, {
      time: at(60),
      startTime: at(0),
      values: {
        clicks: { old: gauge(0.1, { n: 100 }), new: gauge(0.5, { n: 100 }) },
        load: { old: gauge(1), new: gauge(1, { failure }) },
      },
    });
    expect(judgementNow(asked, record)).toMatchObject({
      reward: { state: 'open', best: ['new'] },
      recommendation: { verdict: 'undecided' },
    });
  });
});

describe('the margin of a reward', () => {
  const judged = (
    preferredDirection: 'High' | 'Low',
    values: readonly [old: number, next: number],
    strength: object,
  ) => {
    const asked = twoVersionQuestion('A/B', { rewards: [{ metric: 'gain', preferredDirection }], strength });
    const [old, next] = values.map((value) => gauge(value, { n: 1_000_000 }));
    const lines = [30, 60, 90, 120].map((second) => {
      const n = 10_000 * second;
      return { time: at(second), startTime: at(0), values: { gain: { old: { ...old!, n }, new: { ...next!, n } } } };
    });
    const record = lines.reduce((before, line) => addMeasurement(asked, before, line), EMPTY_RECORD);
    const { reward, recommendation } = judgementNow(asked, record);
    return [reward!.state, recommendation.verdict];
  };

  it.each([
    ['High', [0.5, 0.51]],
    ['Low', [0.51, 0.5]],
  ] as const)('keeps the baseline, with confidence or without (%s)', (direction, values) => {
    const kept = ['tie', 'do not promote'];
    expect(judged(direction, values, { margin: 5 })).toEqual(kept);
    expect(judged(direction, values, { margin: 5, confidence: 'none' })).toEqual(kept);
    expect(judged(direction, values, { confidence: 'none' })).toEqual(['winner', 'promote']);
    expect(judged(direction, values, { margin: 1, confidence: 'none' })).toEqual(['winner', 'promote']);
  });

  it('is of the size of the reward of the baseline where that is negative', () => {
    const at5 = (next: number) => judged('High', [-100, next], { margin: 5, confidence: 'none' });
    expect([at5(-96), at5(-94)]).toEqual([
      ['tie', 'do not promote'],
      ['winner', 'promote'],
    ]);
  });
});

describe('6 a mean above the largest value that was declared', () => {
  it('is not judged as a share', () => {
    const asked = twoVersionQuestion('Canary', {
      objectives: [{ metric: 'cost', lowerLimit: '0.4' }],
      strength: { cap: [{ metric: 'cost', max: '0.5' }] },
    });
    const record = addMeasurement(asked, EMPTY_RECORD, {
      time: at(60),
      startTime: at(0),
      values: { cost: { old: gauge(0.45, { n: 10_000 }), new: gauge(0.7, { n: 10_000 }) } },
    });
    expect(ofNew(asked, record)[0]).toMatchObject({ verdict: 'undecided', reason: 'above-cap', cap: 0.5 });
    expect(judgementNow(asked, record).recommendation.verdict).toBe('undecided');
  });
});
