import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withDefaults } from '../../src/experiment/defaults.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import type { StrengthSettings } from '../../src/experiment/strength-settings.ts';
import type { Look } from '../../src/judge/finding.ts';
import { Judge } from '../../src/judge/judge.ts';
import { latencyLimits } from '../../src/judge/question/limits.ts';
import { compileQuestion } from '../../src/judge/question/question.ts';
import { recommend } from '../../src/judge/recommend.ts';
import type { Tally } from '../../src/evidence/request-tally.ts';
import { canary, conformance } from '../support/driving.ts';
import { tallyFor, type Outcome } from '../support/simulated-load.ts';
import { runs } from '../support/search-depth.ts';

const M = 'iter8-system/';
const LOOK: Look = { elapsedSeconds: 60, planDone: true, bounds: true };

function judgeFor(written: WrittenExperiment, strength: Partial<StrengthSettings> = {}) {
  const question = compileQuestion(withDefaults(written, { namespace: 'default' }), { ...strength });
  return { judge: new Judge(question), limits: latencyLimits(question.limits), question };
}

const answers = (count: number, change: Partial<Outcome> = {}): Outcome[] =>
  Array.from({ length: count }, () => ({ latencyMs: 20, code: '200', ...change }));

/** The one row of a Conformance experiment with that objective, after those outcomes. */
function rowOf(
  objective: object,
  outcomes: readonly Outcome[],
  how: { look?: Partial<Look>; strength?: Partial<StrengthSettings>; change?: (tally: Tally) => Tally } = {},
) {
  const { judge, limits } = judgeFor(conformance({ objectives: [objective] }), how.strength);
  const tally = tallyFor(outcomes, limits);
  judge.add({ version: 'hello' }, how.change === undefined ? tally : how.change(tally));
  return judge.look({ ...LOOK, ...how.look })[0]!;
}

describe('a rate', () => {
  const limit = { metric: `${M}error-rate`, upperLimit: '0.01' };
  it('is satisfied at 377 requests without an error, not at 376', () => {
    expect(rowOf(limit, answers(377)).verdict).toBe('satisfied');
    expect(rowOf(limit, answers(376))).toMatchObject({
      verdict: 'undecided',
      reason: 'not-enough-evidence',
      requestsNeeded: 1,
    });
  });
  it('is never violated before 50 requests: the first failing request of a cold start condemns nobody', () => {
    expect(rowOf(limit, [...answers(3, { code: '503' }), ...answers(20)])).toMatchObject({
      verdict: 'undecided',
      reason: 'too-few-requests',
    });
    expect(rowOf(limit, [...answers(10, { code: '503' }), ...answers(60)]).verdict).toBe('violated');
  });
  it('counts transport failures and timeouts as errors', () => {
    expect(
      rowOf(limit, [...answers(10, { code: 'timeout' }), ...answers(10, { code: 'reset' }), ...answers(60)]),
    ).toMatchObject({ verdict: 'violated', count: { n: 80, bad: 20 } });
  });
  it('has bounds that never contradict the verdict', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 0, max: 60 }), (good, bad) => {
        const one = rowOf(limit, [...answers(good), ...answers(bad, { code: '500' })]);
        if (one.verdict === 'satisfied') expect(one.upper).toBeLessThanOrEqual(0.01);
        if (one.verdict === 'violated') expect(one.lower).toBeGreaterThanOrEqual(0.01);
        expect(one.lower).toBeLessThanOrEqual(one.upper!);
      }),
      { numRuns: runs(60) },
    );
  });
  it('that must not fall below a limit is judged the other way round', () => {
    const lower = { metric: `${M}error-rate`, lowerLimit: '0.5' };
    expect(rowOf(lower, answers(200, { code: '500' })).verdict).toBe('satisfied');
    expect(rowOf(lower, answers(200)).verdict).toBe('violated');
  });
  it('of at least 0 holds by itself', () => {
    expect(rowOf({ metric: `${M}error-rate`, lowerLimit: '0' }, answers(1)).verdict).toBe('satisfied');
  });
});

describe('limits that are compared exactly', () => {
  it('of 0 are violated at the first error, and satisfied only when the plan is done, with the bound beside it', () => {
    const zero = { metric: `${M}error-rate`, upperLimit: '0' };
    expect(rowOf(zero, [...answers(9), ...answers(1, { code: '500' })], { look: { planDone: false } })).toMatchObject({
      verdict: 'violated',
      method: 'exact',
    });
    expect(rowOf(zero, answers(100), { look: { planDone: false } })).toMatchObject({
      verdict: 'undecided',
      reason: 'plan-not-done',
    });
    const done = rowOf(zero, answers(100));
    expect(done).toMatchObject({ verdict: 'satisfied', method: 'exact' });
    expect(done.upper).toBeCloseTo(0.0371108878928, 9);
  });
  it('on counts are compared as they are', () => {
    const most = { metric: `${M}error-count`, upperLimit: '2' };
    expect(rowOf(most, [...answers(98), ...answers(2, { code: '500' })]).verdict).toBe('satisfied');
    expect(rowOf(most, [...answers(98), ...answers(3, { code: '500' })], { look: { planDone: false } }).verdict).toBe(
      'violated',
    );
    const least = { metric: `${M}request-count`, lowerLimit: '100' };
    expect(rowOf(least, answers(100), { look: { planDone: false } }).verdict).toBe('satisfied');
    expect(rowOf(least, answers(99), { look: { planDone: false } }).verdict).toBe('undecided');
    expect(rowOf(least, answers(99)).verdict).toBe('violated');
  });
});

describe('latency', () => {
  const p95 = { metric: `${M}latency-95th-percentile`, upperLimit: '100' };
  it('of any percentile is a share of requests beyond the limit', () => {
    expect(rowOf(p95, answers(74)).verdict).toBe('satisfied');
    expect(rowOf(p95, [...answers(60), ...answers(20, { latencyMs: 101 })]).verdict).toBe('violated');
    expect(rowOf({ metric: `${M}latency-99.9th-percentile`, upperLimit: '100' }, answers(3787)).verdict).toBe(
      'satisfied',
    );
    expect(rowOf({ metric: `${M}latency-99.9th-percentile`, upperLimit: '100' }, answers(3786)).verdict).toBe(
      'undecided',
    );
  });
  it('of exactly the limit is within it', () => {
    expect(rowOf(p95, answers(200, { latencyMs: 100 })).verdict).toBe('satisfied');
  });
  it('is satisfied on response time and violated on service time: our own lateness condemns nobody', () => {
    const late = (tally: Tally): Tally => ({
      ...tally,
      limits: { '>100': { response: { n: 100, bad: 100 }, service: { n: 100, bad: 0 } } },
    });
    expect(rowOf(p95, answers(100), { change: late }).verdict).toBe('undecided');
    const slow = (tally: Tally): Tally => ({
      ...tally,
      limits: { '>100': { response: { n: 100, bad: 0 }, service: { n: 100, bad: 100 } } },
    });
    expect(rowOf(p95, answers(100), { change: slow }).verdict).toBe('satisfied');
  });
  it('is not violated when the load generator was too slow; errors are judged all the same', () => {
    const late = (tally: Tally): Tally => ({ ...tally, late: { n: 400, bad: 100 } });
    expect(rowOf(p95, answers(400, { latencyMs: 200 }), { change: late })).toMatchObject({
      verdict: 'undecided',
      reason: 'load-too-slow',
    });
    expect(
      rowOf({ metric: `${M}error-rate`, upperLimit: '0.01' }, answers(400, { code: '500' }), { change: late }).verdict,
    ).toBe('violated');
  });
  it('of a closed loop cannot be satisfied', () => {
    expect(rowOf(p95, answers(200), { look: { closedLoop: true } })).toMatchObject({
      verdict: 'undecided',
      reason: 'closed-loop',
    });
  });
  it('on average is judged with the timeout as its bound', () => {
    const mean = { metric: `${M}mean-latency`, upperLimit: '500' };
    expect(rowOf(mean, answers(100)).verdict).toBe('satisfied');
    expect(rowOf(mean, answers(60, { latencyMs: 700 })).verdict).toBe('violated');
    expect(rowOf(mean, answers(10)).verdict).toBe('undecided');
  });
});

describe('a percentile at its limit', () => {
  // 300.03 ms stands in a bin whose middle is below 300 ms.
  const upper = { metric: `${M}latency-95th-percentile`, upperLimit: '300' };
  const lower = { metric: `${M}latency-95th-percentile`, lowerLimit: '300' };
  const of = (...latencies: number[]) => latencies.flatMap((latencyMs) => answers(100, { latencyMs }));
  const strength = { confidence: 'none' } as const;
  it('is compared, without confidence, as its requests are counted', () => {
    const row = rowOf(upper, of(300.03), { strength });
    expect(row).toMatchObject({ verdict: 'violated', count: { n: 100, bad: 100 } });
    expect(row.estimate).toBeGreaterThan(300);
    expect(rowOf(lower, of(300.03), { strength }).verdict).toBe('satisfied');
    expect(rowOf(upper, of(300), { strength }).verdict).toBe('satisfied');
    expect(rowOf(lower, of(299.97), { strength }).verdict).toBe('violated');
  });
  it('never contradicts its own count, whatever the confidence', () => {
    // Mutation: in src/evidence/one-sample/percentile-bounds.ts, `highMs = beyond.limitMs` -> `lowMs = beyond.limitMs`
    const near = fc.array(fc.integer({ min: 299_700, max: 300_300 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(near, fc.constantFrom(upper, lower), fc.constantFrom(0.95, 'none'), (us, limit, confidence) => {
        const outcomes = us.flatMap((value) => answers(1, { latencyMs: value / 1000 }));
        const row = rowOf(limit, outcomes, { strength: { confidence: confidence as 0.95 } });
        const { n, bad } = row.count!;
        const isBelow = n - bad >= Math.ceil(0.95 * n - 1e-9);
        if (limit === upper) expect(row.estimate! <= 300).toBe(isBelow);
        else expect(row.estimate! < 300).toBe(isBelow);
        if (confidence === 'none') expect(row.verdict).toBe(isBelow === (limit === upper) ? 'satisfied' : 'violated');
      }),
      { numRuns: runs(200) },
    );
  });
});

describe('the order of what was observed', () => {
  it('changes no verdict: slices may come in any order', () => {
    // Mutation: in src/judge/judge.ts, addAhead, `addLimitCount(present, count)` -> `count`
    const slice = fc.array(
      fc.record({ latencyMs: fc.constantFrom(5, 20, 200, 900), code: fc.constantFrom('200', '200', '503', 'reset') }),
      { minLength: 1, maxLength: 40 },
    );
    const { limits } = judgeFor(conformance());
    const verdicts = (slices: readonly Outcome[][]) => {
      const { judge } = judgeFor(conformance());
      for (const outcomes of slices) judge.add({ version: 'hello' }, tallyFor(outcomes, limits));
      return judge.look(LOOK).map(({ metric, verdict, n, count }) => ({ metric, verdict, n, count }));
    };
    fc.assert(
      fc.property(fc.array(slice, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (slices, keys) => {
        const order = slices.map((outcomes) => ({ outcomes, key: keys.next().value as number }));
        const turned = order.toSorted((a, b) => a.key - b.key).map(({ outcomes }) => outcomes);
        expect(verdicts(turned)).toEqual(verdicts(slices));
      }),
      { numRuns: runs(60) },
    );
  });
});

describe('settings', () => {
  const limit = { metric: `${M}error-rate`, upperLimit: '0.01' };
  it('ask for more evidence at a higher confidence', () => {
    expect(rowOf(limit, answers(555), { strength: { confidence: 0.99 } }).verdict).toBe('undecided');
    expect(rowOf(limit, answers(556), { strength: { confidence: 0.99 } }).verdict).toBe('satisfied');
  });
  it('may compare point values, when the plan is done', () => {
    expect(rowOf(limit, answers(10), { strength: { confidence: 'none' } })).toMatchObject({
      verdict: 'satisfied',
      method: 'point',
    });
    expect(rowOf(limit, answers(10), { strength: { confidence: 'none' }, look: { planDone: false } }).verdict).toBe(
      'undecided',
    );
    expect(
      rowOf(limit, [...answers(9), ...answers(1, { code: '500' })], { strength: { confidence: 'none' } }).verdict,
    ).toBe('violated');
  });
  it('may put off every verdict', () => {
    expect(rowOf(limit, answers(400), { strength: { minRequests: 401 } })).toMatchObject({
      verdict: 'undecided',
      reason: 'too-few-requests',
    });
    expect(rowOf(limit, answers(400), { strength: { minSeconds: 61 } })).toMatchObject({
      verdict: 'undecided',
      reason: 'too-early',
    });
  });
  it.each([
    ['error-count', { upperLimit: '1' }],
    ['error-rate', { upperLimit: '0' }],
    ['request-count', { lowerLimit: '50' }],
  ])('put off what is compared exactly, too: %s %j; but not the first excess', (metric, side) => {
    const exact = { metric: `${M}${metric}`, ...side };
    const withMinimum = (strength: object, observed: Outcome[]) => rowOf(exact, observed, { strength });
    expect(withMinimum({ minRequests: 101 }, answers(100))).toMatchObject({ reason: 'too-few-requests' });
    expect(withMinimum({ minSeconds: 61 }, answers(100))).toMatchObject({ reason: 'too-early' });
    expect(withMinimum({ minRequests: 100 }, answers(100)).verdict).toBe('satisfied');
    if (metric === 'request-count') return;
    expect(withMinimum({ minRequests: 101 }, answers(2, { code: '500' })).verdict).toBe('violated');
  });
  it('say what no data at all means', () => {
    expect(rowOf(limit, [])).toMatchObject({ verdict: 'undecided', reason: 'no-traffic' });
    expect(rowOf(limit, [], { strength: { noData: 'violated' } }).verdict).toBe('violated');
  });
});

describe('several of them', () => {
  it('share alpha for violated: three limits ask for three times the evidence', () => {
    const { judge } = judgeFor(conformance());
    judge.add({ version: 'hello' }, tallyFor(answers(100), [{ limitMs: 1000, side: 'upper' }]));
    expect(judge.look(LOOK)[1]!.lnViolatedNeeded).toBeCloseTo(Math.log(3 / 0.05), 9);
  });
  it('of candidates ask each for (K-1) times the evidence, the baseline for no more', () => {
    const base = canary({ objectives: [{ metric: `${M}error-rate`, upperLimit: '0.01' }] });
    const three = {
      ...base,
      spec: {
        ...base.spec,
        strategy: { ...base.spec.strategy, testingPattern: 'A/B/N' as const },
        versionInfo: { baseline: { name: 'old' }, candidates: [{ name: 'new' }, { name: 'newer' }] },
      },
    };
    const needed = judgeFor(three)
      .judge.look(LOOK)
      .map((one) => Math.exp(one.lnSatisfiedNeeded ?? Number.NaN));
    expect(needed.map((one) => Math.round(one))).toEqual([20, 40, 40]);
  });
  it('are decided endpoint by endpoint', () => {
    const { judge } = judgeFor(
      conformance({ objectives: [{ metric: `${M}error-rate/checkout`, upperLimit: '0.01' }] }),
    );
    judge.add({ version: 'hello' }, tallyFor(answers(1000)));
    judge.add({ version: 'hello', endpoint: 'checkout' }, tallyFor(answers(100, { code: '500' })));
    expect(judge.look(LOOK)[0]).toMatchObject({ verdict: 'violated', count: { n: 100, bad: 100 } });
  });
});

describe('the recommendation', () => {
  const advise = (outcomes: readonly Outcome[], objectives: object[]) => {
    const { judge, limits, question } = judgeFor(conformance({ objectives }));
    judge.add({ version: 'hello' }, tallyFor(outcomes, limits));
    return recommend(question, {
      assessments: judge.look(LOOK),
      tallyOf: (version) => judge.tallyOf(version),
    });
  };
  const p95 = { metric: `${M}latency-95th-percentile`, upperLimit: '100' };
  it('is withheld when a fast 503 would pass a latency objective', () => {
    const found = advise([...answers(300), ...answers(100, { code: '503' })], [p95]);
    expect(found.verdict).toBe('undecided');
    expect(found.reasons[0]).toContain('503: 100');
    expect(advise([...answers(300), ...answers(100, { code: '302' })], [p95]).verdict).toBe('undecided');
    expect(advise(answers(400), [p95]).verdict).toBe('promote');
  });
  it('is withheld when answers are redirects, whatever the objectives are about', () => {
    const errors = { metric: `${M}error-rate`, upperLimit: '0.02' };
    const found = advise(answers(400, { code: '302' }), [errors]);
    expect(found).toMatchObject({ verdict: 'undecided', reasons: [expect.stringContaining('302: 400')] });
    expect(advise([...answers(400), ...answers(5, { code: '302' })], [errors]).verdict).toBe('promote');
  });
  it('of an experiment without objectives is undecided: nothing to judge', () => {
    expect(advise(answers(100), [])).toMatchObject({
      verdict: 'undecided',
      reasons: [expect.stringContaining('nothing to judge')],
    });
  });
});
