/** Lower limits, by the laws that they share with upper ones. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addSamples,
  ledgerValue,
  startLedger,
  type CounterLedger,
} from '../../src/evidence/counters/counter-growth.ts';
import type { LimitAssessment } from '../../src/judge/assessment.ts';
import type { Look } from '../../src/judge/finding.ts';
import { Judge } from '../../src/judge/judge.ts';
import type { MeasuredMetric } from '../../src/judge/limits/custom-metric.ts';
import { compareRuns } from '../../src/judge/runs/compare-runs.ts';
import type { MeasuredRun } from '../../src/judge/runs/measured-run.ts';
import { latencyLimits } from '../../src/judge/question/limits.ts';
import { EMPTY_TALLY, type Tally } from '../../src/evidence/request-tally.ts';
import { runs } from '../support/search-depth.ts';
import { tallyFor, type Outcome } from '../support/simulated-load.ts';
import { at, START_MS, twoVersionQuestion } from '../support/questions.ts';

const M = 'iter8-system/';
const LOOK: Look = { elapsedSeconds: 60, planDone: true, bounds: true };
/** As good, or better, for a limit of either side. */
const RANK = { violated: 0, undecided: 1, satisfied: 2 } as const;

const question = (objective: object, strength: object = {}) =>
  twoVersionQuestion('Canary', { objectives: [objective], strength });

/** The row of the candidate. */
function rowOf(asked: ReturnType<typeof question>, measured: MeasuredMetric | undefined, look: Partial<Look> = {}) {
  const judge = new Judge(asked);
  const { metric } = asked.limits[0]!;
  if (measured !== undefined) judge.setMeasured('new', metric, measured);
  return judge.look({ ...LOOK, ...look }).find(({ version }) => version === 'new')!;
}

const gauge = (more: Partial<MeasuredMetric>): MeasuredMetric => ({
  type: 'Gauge',
  cumulative: true,
  extrapolated: false,
  query: 'q',
  at: at(60),
  ...more,
});

/** Raw counters that were scraped every 5 s. */
function counted(steps: readonly { readonly hits: number; readonly others: number }[]): MeasuredMetric {
  let ledger: CounterLedger | undefined;
  const sum = { hits: 0, others: 0 };
  for (const [index, { hits, others }] of [{ hits: 0, others: 0 }, ...steps].entries()) {
    sum.hits += hits;
    sum.others += others;
    const answer = {
      kind: 'shares' as const,
      samples: [{ kind: 'shares' as const, series: 's', atMs: START_MS + 5000 * index, ...sum }],
    };
    const options = { limits: [], inFlightMs: 10_000 };
    ledger = ledger === undefined ? startLedger(answer, options) : (addSamples(ledger, answer) as CounterLedger);
  }
  return gauge({ ...ledgerValue(ledger!), counters: ledger });
}

const swapped = (steps: readonly { readonly hits: number; readonly others: number }[]) =>
  steps.map(({ hits, others }) => ({ hits: others, others: hits }));

const about = (value: number | undefined) => (value === undefined ? undefined : expect.closeTo(value, 9));
const mirror = ({ lower, upper }: LimitAssessment) => ({
  lower: about(upper === undefined ? undefined : 1 - upper),
  upper: about(lower === undefined ? undefined : 1 - lower),
});

/** In thousandths, so that limit and complement are written without rounding. */
const share = (thousandths: number) => String(thousandths / 1000);
const limits = fc.oneof(fc.integer({ min: 1, max: 999 }), fc.constantFrom(1, 10, 50, 500, 950, 990, 999));
const counts = fc.integer({ min: 0, max: 400 });
const steps = fc.array(
  fc.oneof(
    fc.record({ hits: counts, others: fc.integer({ min: 0, max: 8 }) }),
    fc.record({ hits: counts, others: counts }),
  ),
  { minLength: 4, maxLength: 8 },
);
const confidence = fc.constantFrom('none', '0.95', '0.8');

describe('a lower limit on a share', () => {
  it('is judged as the upper limit on the share of the others', () => {
    fc.assert(
      fc.property(limits, steps, confidence, fc.boolean(), (limit, served, sure, isRaw) => {
        const strength = { confidence: sure };
        const value = (of: typeof served) => {
          const measured = counted(of);
          return isRaw ? measured : gauge({ value: measured.value, n: measured.n });
        };
        const lower = rowOf(question({ metric: 'good', lowerLimit: share(limit) }, strength), value(served));
        const upper = rowOf(
          question({ metric: 'bad', upperLimit: share(1000 - limit) }, strength),
          value(swapped(served)),
        );
        // Where the value is the limit, doubles decide without a confidence.
        fc.pre(Math.abs((lower.estimate ?? 0) - limit / 1000) > 1e-9);
        expect(lower).toMatchObject({ verdict: upper.verdict, n: upper.n, method: upper.method });
        expect(lower.reason).toBe(upper.reason);
        expect({ lower: lower.lower, upper: lower.upper }).toEqual(mirror(upper));
        if (typeof upper.requestsNeeded !== 'number') expect(lower.requestsNeeded).toBe(upper.requestsNeeded);
        else expect(Math.abs((lower.requestsNeeded as number) - upper.requestsNeeded)).toBeLessThanOrEqual(1);
      }),
      { numRuns: runs(300) },
    );
  });

  it('is the same in percent, as far as its largest value is declared', () => {
    fc.assert(
      fc.property(
        limits,
        fc.integer({ min: 0, max: 1000 }),
        fc.integer({ min: 1, max: 20_000 }),
        confidence,
        (limit, value, n, sure) => {
          fc.pre(value !== limit);
          const percent = question(
            { metric: 'good', lowerLimit: String(limit / 10) },
            { confidence: sure, cap: [{ metric: 'good', max: '100' }] },
          );
          const parts = question({ metric: 'good', lowerLimit: share(limit) }, { confidence: sure });
          const one = rowOf(percent, gauge({ value: value / 10, n }));
          const other = rowOf(parts, gauge({ value: value / 1000, n }));
          expect(one).toMatchObject({ verdict: other.verdict, method: other.method });
          expect(other.lower).toEqual(about(one.lower === undefined ? undefined : one.lower / 100));
          expect(other.upper).toEqual(about(one.upper === undefined ? undefined : one.upper / 100));
        },
      ),
      { numRuns: runs(200) },
    );
  });

  it('takes as many requests as that: 377 good ones show at least 99 %', () => {
    const asked = question({ metric: 'good', lowerLimit: '0.99' });
    const of = (n: number) => rowOf(asked, gauge({ value: 1, n })).verdict;
    expect([of(376), of(377)]).toEqual(['undecided', 'satisfied']);
  });

  it('is violated as soon as that', () => {
    const n = 20_000;
    const asked = question({ metric: 'good', lowerLimit: '0.999' });
    expect(rowOf(asked, gauge({ value: 0.998, n })).verdict).toBe('violated');
  });
});

const outcomes = fc.array(
  fc.record({
    latencyMs: fc.constantFrom(1, 5, 9.9996, 10, 10.0004, 11, 40, 300, 2000),
    code: fc.constantFrom('200', '200', '200', '503', 'timeout', 'reset'),
    times: fc.integer({ min: 1, max: 120 }),
  }),
  { minLength: 1, maxLength: 6 },
);
type Outcomes = readonly { readonly latencyMs: number; readonly code: string; readonly times: number }[];

function ownRow(
  objective: object,
  of: Outcomes,
  how: { strength?: object; look?: Partial<Look>; change?: (tally: Tally) => Tally } = {},
) {
  const asked = question(objective, how.strength);
  const judge = new Judge(asked);
  const all = of.flatMap(({ times, ...one }) => Array.from({ length: times }, (): Outcome => one));
  const tally = tallyFor(all, latencyLimits(asked.limits));
  judge.add({ version: 'new' }, how.change?.(tally) ?? tally);
  return judge.look({ ...LOOK, ...how.look }).find(({ version }) => version === 'new')!;
}

const METRICS = [
  'error-rate',
  'mean-latency',
  'latency-50th-percentile',
  'latency-95th-percentile',
  'latency-5th-percentile',
  'error-count',
  'request-count',
] as const;
const valuesOf = (metric: string) =>
  metric === 'error-rate'
    ? [0, 0.01, 0.2, 0.5, 0.9, 0.99]
    : metric.endsWith('count')
      ? [0, 1, 50, 200, 1000]
      : [0, 1, 5, 9.9, 10, 10.1, 100, 1000];
const asked = fc.constantFrom(...METRICS).chain((metric) =>
  fc.record({
    metric: fc.constant(metric),
    limits: fc.tuple(fc.constantFrom(...valuesOf(metric)), fc.constantFrom(...valuesOf(metric))),
  }),
);

describe('a lower limit on our own load', () => {
  it('is kept by whatever keeps a stricter one, and bounds never contradict it', () => {
    fc.assert(
      fc.property(asked, outcomes, confidence, ({ metric, limits: [x, y] }, of, sure) => {
        const row = (limit: number) =>
          ownRow({ metric: `${M}${metric}`, lowerLimit: String(limit) }, of, { strength: { confidence: sure } });
        const [loose, strict] = [row(Math.min(x, y)), row(Math.max(x, y))];
        expect(RANK[loose.verdict]).toBeGreaterThanOrEqual(RANK[strict.verdict]);
        for (const one of [loose, strict]) {
          if (one.method === 'point') continue;
          if (one.verdict === 'satisfied') expect(one.lower ?? one.limit).toBeGreaterThanOrEqual(one.limit);
          if (one.verdict === 'violated') expect(one.upper ?? one.limit).toBeLessThanOrEqual(one.limit);
          if (one.reason === 'not-enough-evidence') {
            expect(one.lower ?? 0).toBeLessThanOrEqual(one.limit);
            expect(one.upper ?? one.limit).toBeGreaterThanOrEqual(one.limit);
          }
          if (one.lower !== undefined && one.upper !== undefined) expect(one.lower).toBeLessThanOrEqual(one.upper);
        }
      }),
      { numRuns: runs(500) },
    );
  });

  it('is never lost by more of what is asked for', () => {
    fc.assert(
      fc.property(
        asked,
        outcomes,
        fc.integer({ min: 0, max: 5 }),
        confidence,
        ({ metric, limits: [limit] }, of, at, sure) => {
          const better = of.map((one, index) =>
            index !== at % of.length
              ? one
              : metric.startsWith('error')
                ? { ...one, code: '503' }
                : metric === 'request-count'
                  ? { ...one, times: one.times + 1 }
                  : { ...one, latencyMs: 2 * one.latencyMs },
          );
          const row = (these: Outcomes) =>
            ownRow({ metric: `${M}${metric}`, lowerLimit: String(limit) }, these, { strength: { confidence: sure } });
          expect(RANK[row(better).verdict]).toBeGreaterThanOrEqual(RANK[row(of).verdict]);
        },
      ),
      { numRuns: runs(500) },
    );
  });

  it('on a number of requests is not broken by those that we could not send', () => {
    // 100 were due, and 5 of them were never sent.
    const unsent = (tally: Tally): Tally => ({ ...tally, service: { ...tally.service, n: 95 } });
    const row = ownRow(
      { metric: `${M}request-count`, lowerLimit: '100' },
      [{ latencyMs: 5, code: '200', times: 100 }],
      { change: unsent },
    );
    expect(row).toMatchObject({ verdict: 'undecided', reason: 'load-too-slow' });
  });
});

describe('two runs of a share with a lower limit', () => {
  const runOf = (
    metric: string,
    better: 'lower' | 'higher',
    { value, n }: { value: number; n: number },
  ): MeasuredRun => ({
    version: 'v',
    tally: EMPTY_TALLY,
    tallyOf: () => EMPTY_TALLY,
    seconds: 1,
    latency: 'due',
    isSaturated: false,
    warnings: [],
    measured: { [metric]: gauge({ value, n }) },
    asked: [{ metric, quantity: { kind: 'custom' }, better, isGood: better === 'higher' }],
  });
  const compared = (metric: string, better: 'lower' | 'higher', [a, b]: readonly number[], n: number) =>
    compareRuns(runOf(metric, better, { value: a!, n }), runOf(metric, better, { value: b!, n }), {
      confidence: 0.95,
      percentiles: [],
    }).rows[0]!;

  it('are compared as those of the others', () => {
    const thousandths = fc.integer({ min: 0, max: 1000 });
    fc.assert(
      fc.property(thousandths, thousandths, fc.integer({ min: 1, max: 5000 }), (a, b, n) => {
        const bad = compared('bad', 'lower', [a / 1000, b / 1000], n);
        const good = compared('good', 'higher', [1 - a / 1000, 1 - b / 1000], n);
        expect(good.answer).toBe(bad.answer);
        expect(good.difference.lower).toEqual(
          about(bad.difference.upper === undefined ? undefined : -bad.difference.upper),
        );
        expect(good.difference.upper).toEqual(
          about(bad.difference.lower === undefined ? undefined : -bad.difference.lower),
        );
        expect(good.b).toMatchObject(mirror(bad.b as LimitAssessment));
      }),
      { numRuns: runs(100) },
    );
  });

  it('show ten times as many failures, however they are counted', () => {
    expect(compared('good', 'higher', [0.9999, 0.999], 20_000).answer).toBe('worse');
  });
});
