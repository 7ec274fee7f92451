/** What a measurement adds to the record: blocks of live counters, and of rewards. */
import { describe, expect, it } from 'vitest';
import {
  addSamples,
  ledgerValue,
  startLedger,
  type CounterLedger,
} from '../../src/evidence/counters/counter-growth.ts';
import { judgementNow } from '../../src/judge/judgement.ts';
import type { MeasuredMetric } from '../../src/judge/limits/custom-metric.ts';
import type { Question } from '../../src/judge/question/question.ts';
import { addMeasurement, type Measured } from '../../src/judge/record/measurement.ts';
import { EMPTY_RECORD, type Iter8Record } from '../../src/judge/record/stored-record.ts';
import { hitsOf, mostWrong, seeded } from '../support/seeded.ts';
import { at, questionOn, split, START_MS, twoVersionQuestion } from '../support/questions.ts';

describe('live counters of two versions', () => {
  const strength = { inFlightSeconds: 0, relative: [{ metric: 'errors', maxIncreasePercent: 20 }] };
  const asked = twoVersionQuestion('A/B', { strength });

  interface Iteration {
    /** Percent of 10,000 requests that the candidate gets. */
    readonly weight: number;
    /** Share of errors of the baseline. */
    readonly rate: number;
  }

  /** `worse`: errors of the candidate as a multiple of the baseline's. */
  function judged(iterations: readonly Iteration[], worse: number, by: Question = asked) {
    const counted = { old: { hits: 0, others: 0 }, new: { hits: 0, others: 0 } };
    const ledgers: Record<string, CounterLedger> = {};
    let record: Iter8Record = EMPTY_RECORD;
    const measure = (second: number, weight: number) => {
      const values = Object.fromEntries(
        (['old', 'new'] as const).map((version) => {
          const answer = {
            kind: 'shares' as const,
            samples: [
              { kind: 'shares' as const, series: version, atMs: START_MS + 1000 * second, ...counted[version] },
            ],
          };
          const before = record.measured?.['errors']?.[version]?.counters ?? ledgers[version];
          const ledger =
            before === undefined
              ? startLedger(answer, { limits: [], inFlightMs: 0 })
              : (addSamples(before, answer) as CounterLedger);
          const { value, n } = ledgerValue(ledger);
          const one: MeasuredMetric = {
            type: 'Gauge',
            value,
            n,
            at: at(second),
            cumulative: true,
            extrapolated: false,
            query: 'q',
            counters: ledger,
          };
          return [version, one];
        }),
      );
      record = addMeasurement(asked, record, { time: at(second), values: { errors: values }, weights: split(weight) });
    };
    measure(0, iterations[0]!.weight);
    for (const [index, { weight, rate }] of iterations.entries()) {
      // The weights change between two measurements, as they do when somebody moves traffic after each.
      for (let part = 0; part < 5; part++) {
        const n = { old: (10_000 * (100 - weight)) / 100, new: (10_000 * weight) / 100 };
        for (const version of ['old', 'new'] as const) {
          const hits = Math.round(n[version] * rate * (version === 'new' ? worse : 1));
          counted[version].hits += hits;
          counted[version].others += n[version] - hits;
        }
        measure(60 * (5 * index + part) + 60, weight);
      }
    }
    return judgementNow(by, record).assessments.find(({ version, relative }) => version === 'new' && relative)!;
  }

  it('are judged by the same evidence, whatever other objectives are asked about afterwards', () => {
    // Mutation: in src/judge/judge.ts, `[blocksKey(relative)]` -> `[relative.objective]`
    const steady = Array.from({ length: 4 }, () => ({ weight: 50, rate: 0.02 }));
    const objectives = [{ metric: 'errors', upperLimit: '0.5' }];
    const { verdict, n, lnSatisfied } = judged(steady, 1);
    expect(verdict).toBe('satisfied');
    expect(judged(steady, 1, twoVersionQuestion('A/B', { objectives, strength }))).toMatchObject({ n, lnSatisfied });
  });

  // Fewer errors from hour to hour, while the candidate gets more and more of the traffic, or less and less.
  const rates = [0.2, 0.1, 0.05, 0.02, 0.01];
  const up = rates.map((rate, index) => ({ rate, weight: 10 + 20 * index }));
  const down = rates.map((rate, index) => ({ rate, weight: 90 - 20 * index }));

  it.each([
    ['up', up],
    ['down', down],
  ])('are compared within iterations while the weights go %s: worse is worse, alike is alike', (_, ramp) => {
    expect(judged(ramp, 1.5).verdict).toBe('violated');
    expect(judged(ramp, 1).verdict).toBe('satisfied');
  });
});

describe('live counters of several candidates', () => {
  const asked = questionOn(['old', 'one', 'two'], 'A/B/N', {
    rewards: [{ metric: 'clicks', preferredDirection: 'High' }],
    strength: { inFlightSeconds: 0, relative: [{ metric: 'errors', maxIncreasePercent: 20 }] },
  });
  type Name = 'old' | 'one' | 'two';
  const failure = { message: 'no data points', since: at(0), count: 1 };

  /** A minute each, in which every version has 1,000 requests. `failed`: of whom a backend says nothing, by minute. */
  function after(minutes: number, hitsOf: (name: Name) => number, failed: (name: Name, minute: number) => boolean) {
    let record: Iter8Record = EMPTY_RECORD;
    const counted = { old: { hits: 0, others: 0 }, one: { hits: 0, others: 0 }, two: { hits: 0, others: 0 } };
    for (let minute = 0; minute <= minutes; minute++) {
      const values = Object.fromEntries(
        (['old', 'one', 'two'] as const).map((name) => {
          const before = record.measured?.['errors']?.[name]?.counters;
          const sample = { kind: 'shares' as const, series: name, atMs: START_MS + 60_000 * minute, ...counted[name] };
          const answer = { kind: 'shares' as const, samples: [sample] };
          const isSilent = failed(name, minute);
          const counters = isSilent
            ? before
            : before === undefined
              ? startLedger(answer, { limits: [], inFlightMs: 0 })
              : (addSamples(before, answer) as CounterLedger);
          const one: MeasuredMetric = {
            type: 'Gauge',
            cumulative: true,
            extrapolated: false,
            query: 'q',
            ...(counters === undefined ? {} : { counters, ...ledgerValue(counters) }),
            ...(isSilent ? { failure } : {}),
          };
          return [name, one];
        }),
      );
      record = addMeasurement(asked, record, { time: at(60 * minute), values: { errors: values } });
      for (const name of ['old', 'one', 'two'] as const) {
        const hits = hitsOf(name);
        counted[name].hits += hits;
        counted[name].others += 1000 - hits;
      }
    }
    const { assessments } = judgementNow(asked, record);
    return (name: Name) => assessments.find(({ version, relative }) => version === name && relative !== undefined)!;
  }
  const alike = () => 50;
  const never = () => false;

  it('count once in the comparison of one, whatever becomes of another', () => {
    const together = after(10, alike, never)('one');
    for (const failed of [
      (name: Name) => name === 'two',
      (name: Name, minute: number) => name === 'two' && minute % 3 === 1,
    ]) {
      const alone = after(10, alike, failed)('one');
      expect([alone.lnSatisfied, alone.lnViolated]).toEqual([together.lnSatisfied, together.lnViolated]);
    }
  });

  it('of one that failed beside others count from when it is there again, and over a failure of all they go on', () => {
    const evidence = (failed: (name: Name, minute: number) => boolean) => after(10, alike, failed)('two').lnSatisfied!;
    const whole = evidence(never);
    const once = evidence((name, minute) => name === 'two' && minute === 5);
    expect(once).toBeGreaterThan(0);
    expect(once).toBeLessThan(whole);
    // The fifth and the sixth minute are one block.
    expect(evidence((_, minute) => minute === 5)).toBeCloseTo(whole, 1);
  });

  it('at the limit are satisfied as rarely as is promised while another one has no traffic', () => {
    const uniform = seeded(11);
    const runs = 200;
    let wrong = 0;
    for (let run = 0; run < runs; run++) {
      const row = after(
        20,
        (name) => hitsOf(uniform, 1000, name === 'one' ? 0.06 : 0.05),
        (name, minute) => name === 'two' && minute > 0,
      )('one');
      if (row.verdict === 'satisfied') wrong += 1;
    }
    expect(wrong / runs).toBeLessThanOrEqual(mostWrong(runs));
  });
});

describe('a reward', () => {
  const asked = (strength: object) =>
    twoVersionQuestion('A/B', { rewards: [{ metric: 'clicks', preferredDirection: 'High' }], strength });

  const value = (n: number, share: number | undefined): MeasuredMetric => ({
    type: 'Gauge',
    cumulative: true,
    extrapolated: false,
    query: 'q',
    ...(share === undefined ? { failure: { message: '503', since: at(0), count: 1 } } : { value: share, n, at: at(0) }),
  });
  const measured = (
    second: number,
    n: number,
    shares: readonly [old: number | undefined, next: number | undefined],
    weight = 50,
  ): Measured => ({
    time: at(second),
    values: { clicks: { old: value(n, shares[0]), new: value(n, shares[1]) } },
    weights: split(weight),
  });
  const after = (to: Question, lines: readonly Measured[]): Iter8Record =>
    lines.reduce((record, line) => addMeasurement(to, record, line), EMPTY_RECORD);
  const evidence = (to: Question, record: Iter8Record) => judgementNow(to, record).reward!.lnEvidence!;
  const rising = [1000, 2000, 3000, 4000, 5000, 6000].map((n, index) => measured(60 * index, n, [0.1, 0.2]));

  it.each([
    ['a query that fails once', [undefined, 0.2]],
    ['a share that the backend extrapolates to more than 1', [0.1, 1.001]],
  ] as const)('keeps what was learnt over %s', (_, shares) => {
    const to = asked({});
    const before = evidence(to, after(to, rising));
    const record = after(to, [...rising, measured(400, 7000, shares)]);
    expect(before).toBeGreaterThan(10);
    expect(evidence(to, record)).toBe(before);
    // What was missed comes with the next block.
    expect(
      evidence(to, after(to, [...rising, measured(400, 7000, shares), measured(460, 8000, [0.1, 0.2])])),
    ).toBeGreaterThan(before);
  });

  it.each([
    ['a mean in seconds', { units: 'seconds' }, {}, /no largest value/],
    ['a percentile', { query: 'histogram_quantile(0.95, x)' }, {}, /is a percentile/],
    [
      'a percentile below a declared value',
      { query: 'histogram_quantile(0.95, x)' },
      { cap: { clicks: 1 } },
      /is a perc/,
    ],
  ])('of %s makes nobody win, however small its values are, and whatever failed first', (_, said, strength, why) => {
    const to = asked(strength);
    const lines = [measured(0, 0, [undefined, undefined]), ...rising].map(({ values, ...line }) => ({
      ...line,
      values: {
        clicks: Object.fromEntries(Object.entries(values['clicks']!).map(([name, one]) => [name, { ...one, ...said }])),
      },
    }));
    const record = after(to, lines);
    expect(record.reward!.contest).toBeUndefined();
    expect(judgementNow(to, record).reward).toMatchObject({
      state: 'open',
      reason: expect.stringMatching(why) as string,
    });
  });

  it('is taken for a share or a mean by its first values, also when they come late', () => {
    const to = asked({});
    const lines = [
      measured(0, 0, [undefined, undefined]),
      measured(60, 1000, [1.5, 2.5]),
      measured(120, 2000, [0.1, 0.9]),
    ];
    expect(after(to, lines.slice(0, 2)).reward).toMatchObject({ problem: expect.stringMatching(/largest/) as string });
    expect(after(to, lines.slice(0, 2)).reward!.contest).toBeUndefined();
  });

  it.each([
    ['at a split that stays', 0.02, () => 5],
    ['while the split changes', 0.02, (minute: number) => 5 + (Math.floor(minute / 3) % 2)],
    ['or nearly always there', 0.98, (minute: number) => 5 + (Math.floor(minute / 3) % 2)],
  ])(
    'that is rare, and extrapolated, makes one of two that are alike win as rarely as is promised: %s',
    (_, rate, weight) => {
      // Mutation: in src/evidence/two-versions/reward-blocks.ts, `sum < 0.5 * before.sum` -> `sum < before.sum`
      const to = asked({});
      const uniform = seeded(12);
      const runs = 40;
      let wrong = 0;
      for (let run = 0; run < runs; run++) {
        let record = EMPTY_RECORD;
        const all = { old: { n: 0, hits: 0 }, new: { n: 0, hits: 0 } };
        for (let minute = 1; minute <= 100; minute++) {
          const second = 60 * minute;
          for (const [version, users] of [
            ['old', 950],
            ['new', 50],
          ] as const) {
            all[version].n += users;
            all[version].hits += hitsOf(uniform, users, rate);
          }
          // `increase` over samples that are 15 s apart: less and less is added to what they counted.
          const part = second / (second - 15);
          const one = ({ n, hits }: (typeof all)['old']) => ({ ...value(n * part, hits / n), extrapolated: true });
          const values = { clicks: { old: one(all.old), new: one(all.new) } };
          record = addMeasurement(to, record, {
            time: at(second),
            startTime: at(0),
            values,
            weights: split(weight(minute)),
          });
          if (judgementNow(to, record).reward!.state !== 'winner') continue;
          wrong += 1;
          break;
        }
      }
      expect(wrong / runs).toBeLessThanOrEqual(mostWrong(runs));
    },
  );

  it('does not count what comes in within its delay after the split has changed', () => {
    const to = asked({ rewardDelay: 30 });
    // Identical versions, whose rewards come 30 s after their requests. The candidate gets ten times the traffic at second 60.
    const lines = [measured(0, 1000, [0.1, 0.1], 10), measured(60, 2000, [0.1, 0.1], 10)];
    const late: Measured = {
      ...measured(70, 0, [0, 0], 90),
      values: { clicks: { old: value(2100, 0.107), new: value(12_000, 0.017) } },
    };
    const settled: Measured = {
      ...measured(130, 0, [0, 0], 90),
      values: { clicks: { old: value(2800, 0.1), new: value(72_000, 0.0857) } },
    };
    const totals = (record: Iter8Record) => record.reward!.contest!.totals.map(({ n }) => n);
    const counted = totals(after(to, lines));
    expect(totals(after(to, [...lines, late]))).toEqual(counted);
    expect(totals(after(to, [...lines, late, settled]))).toEqual(counted);
    const next: Measured = {
      ...measured(190, 0, [0, 0], 90),
      values: { clicks: { old: value(3800, 0.1), new: value(82_000, 0.0878) } },
    };
    expect(totals(after(to, [...lines, late, settled, next]))).toEqual([counted[0]! + 1000, counted[1]! + 10_000]);
    // Where the split never changes, every block counts.
    const fixed = [...lines, late].map((line) => ({ ...line, weights: split(10) }));
    expect(totals(after(to, fixed))).toEqual([2100, 12_000]);
  });
});
