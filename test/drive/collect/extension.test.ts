import { describe, expect, it } from 'vitest';
import { capFor, isDecided, versionsInNeed } from '../../../src/drive/collect/extension.ts';
import { readRecord } from '../../../src/judge/record/stored-record.ts';
import type { LimitAssessment, UndecidedReason, Verdict } from '../../../src/judge/assessment.ts';
import type { TestingPattern } from '../../../src/experiment/experiment.ts';
import { driveIn } from '../../support/drive-in-virtual-time.ts';
import { VirtualTime } from '../../support/virtual-time.ts';
import { canary, conformance, driveInMemory, failing, healthy } from '../../support/driving.ts';

const row = (version: string, verdict: Verdict, reason?: UndecidedReason): LimitAssessment => ({
  version,
  objective: 0,
  metric: 'm',
  side: 'upper',
  limit: 1,
  unit: 'share',
  method: 'evidence',
  verdict,
  n: 1,
  ...(reason === undefined ? {} : { reason }),
});
const open = (version: string, reason: UndecidedReason = 'not-enough-evidence') => row(version, 'undecided', reason);
const VERSIONS = [
  { name: 'old', role: 'baseline', lnSatisfiedNeeded: 3, lnViolatedNeeded: 3 },
  { name: 'new', role: 'candidate', lnSatisfiedNeeded: 3, lnViolatedNeeded: 3 },
] as const;
const question = (assessments: LimitAssessment[], pattern: TestingPattern = 'Canary') => ({
  question: { pattern, versions: VERSIONS },
  assessments,
});

describe('more load goes', () => {
  it.each([
    ['to every version that is open', [open('old'), open('new')], ['old', 'new']],
    ['not to the baseline of a Canary once the candidate is satisfied', [open('old'), row('new', 'satisfied')], []],
    ['to nobody once the candidate is violated', [open('old'), row('new', 'violated')], []],
    ['to a candidate whatever the baseline does', [row('old', 'violated'), open('new')], ['new']],
    ['to nobody for what load cannot cure', [row('old', 'satisfied'), open('new', 'closed-loop')], []],
    [
      'to nobody for exact comparisons, which wait for the plan',
      [row('old', 'satisfied'), open('new', 'plan-not-done')],
      [],
    ],
    ['to versions without data', [row('old', 'satisfied'), open('new', 'no-traffic')], ['new']],
  ] as const)('%s', (_, assessments, expected) => {
    expect([...versionsInNeed(question([...assessments]))]).toEqual(expected);
  });
});

describe('everything is decided', () => {
  it('only when exact comparisons are, too', () => {
    expect(isDecided(question([row('old', 'satisfied'), row('new', 'satisfied')]))).toBe(true);
    expect(isDecided(question([row('old', 'satisfied'), open('new', 'plan-not-done')]))).toBe(false);
    expect(isDecided(question([row('old', 'satisfied'), open('new')]))).toBe(false);
  });
});

describe('caps', () => {
  const budget = { plannedRequests: 100, maxRequests: 1000, maxSeconds: 60, extend: true, stopEarly: false };
  const now = { elapsedSeconds: 1, inNeed: new Set(['new']), decided: false };
  it.each([
    ['go up to the maximum for those in need, and are the plan for the others', budget, now, [100, 1000]],
    ['are the plan when extending is off', { ...budget, extend: false }, now, [100, 100]],
    ['are the plan when the time is over', budget, { ...now, elapsedSeconds: 60 }, [100, 100]],
    ['are never less than the plan', { ...budget, maxRequests: 50 }, now, [100, 100]],
    [
      'are nothing more when all is decided and the load may stop early',
      { ...budget, stopEarly: true },
      { ...now, inNeed: new Set<string>(), decided: true },
      [0, 0],
    ],
  ])('%s', (_, given, at, expected) => {
    expect(['old', 'new'].map((version) => capFor(version, given, at))).toEqual(expected);
  });
});

it('a load is extended until there are as many requests as are asked for, also where counts alone are limited', async () => {
  const { outcome } = await driveInMemory(
    conformance({
      objectives: [{ metric: 'iter8-system/error-count', upperLimit: '5' }],
      strength: { minRequests: 300 },
    }),
  );
  expect(outcome.recommendation.verdict).toBe('promote');
  expect(readRecord(outcome.experiment)!.scopes[0]!.tally.response.n).toBeGreaterThanOrEqual(300);
});

describe('a task that does not load what an objective is about', () => {
  const endpoints = (version: string, names: readonly string[]) => ({
    name: version,
    endpoints: names.map((name) => ({ name, url: `http://${version}.test/${name}` })),
  });
  const collect = (...versions: object[]) => ({ task: 'metrics/collect', with: { qps: 5, numQueries: 50, versions } });
  const countedBy = ({ outcome }: Awaited<ReturnType<typeof driveInMemory>>) =>
    readRecord(outcome.experiment)!.scopes.map(({ version, endpoint, tally }) => [
      endpoint ?? version,
      tally.response.n,
    ]);

  it('is not extended for an endpoint of another task', async () => {
    const drive = await driveInMemory(
      conformance({
        objectives: [{ metric: 'iter8-system/error-rate/cart', upperLimit: '0.01' }],
        strength: { maxSeconds: 20 },
        actions: { start: [collect(endpoints('hello', ['cart'])), collect(endpoints('hello', ['search']))] },
      }),
    );
    expect(countedBy(drive)).toEqual([
      ['hello', 150],
      ['cart', 100],
      ['search', 50],
    ]);
  });

  it('is not extended for a comparison with a version that it does not load', async () => {
    const base = canary({
      objectives: [],
      strength: { maxSeconds: 20, relative: [{ metric: 'iter8-system/error-rate', maxIncrease: 0.01 }] },
    });
    const [old, other] = ['old', 'new'].map((name) => ({ name, url: `http://${name}.test/` }));
    const start = [collect(old!, other!), collect(other!)];
    const written = { ...base, spec: { ...base.spec, strategy: { ...base.spec.strategy, actions: { start } } } };
    const drive = await driveIn(new VirtualTime(), written, () => ({ latencyMs: 5, code: 200 }));
    const [[, ofBaseline], [, ofCandidate]] = countedBy(drive) as [[string, number], [string, number]];
    expect(ofBaseline).toBeGreaterThanOrEqual(100);
    expect(Math.abs(ofCandidate - ofBaseline - 50)).toBeLessThanOrEqual(1);
  });

  it('says how long an endpoint still takes by its own rate, and how many requests of the version that is', async () => {
    const { states, events } = await driveInMemory(
      conformance({
        objectives: [{ metric: 'iter8-system/error-rate/cart', upperLimit: '0.01' }],
        strength: { maxSeconds: 20 },
        actions: { start: [collect(endpoints('hello', ['cart', 'search']))] },
      }),
    );
    const reasons = states.flatMap((state) => readRecord(state)?.recommendation?.reasons ?? []);
    expect(reasons.filter((reason) => reason.includes('at 2.5/s'))).not.toEqual([]);
    expect(reasons.filter((reason) => reason.includes('at 5/s'))).toEqual([]);
    const needed = events.flatMap((event) =>
      event.kind === 'load' && typeof event.assessments[0]!.requestsNeeded === 'number'
        ? [[event.assessments[0]!.requestsNeeded, event.load.versions[0]!.needed]]
        : [],
    );
    expect(needed.length).toBeGreaterThan(0);
    for (const [ofEndpoint, ofVersion] of needed) expect(ofVersion).toBe(2 * ofEndpoint!);
  });
});

describe('rollback', () => {
  const objectives = [{ metric: 'iter8-system/error-rate', upperLimit: '0.01', rollback_on_failure: true }];
  it('ends an experiment whose candidate is violated', async () => {
    const drive = await driveInMemory(canary({ objectives }), {
      service: (version, k) => (version === 'new' ? failing(5)(version, k) : healthy(version, k)),
    });
    expect(drive.outcome.experiment.status!.message).toBe('ExperimentCompleted: Experiment rolled back');
    expect(drive.outcome.recommendation.verdict).toBe('do not promote');
  });
  it('is not for a bad baseline', async () => {
    // Defect 6. Mutation: in src/drive/drive.ts, mustRollBack, `conformance || version.role === 'candidate'` -> `true`
    const drive = await driveInMemory(canary({ objectives }), {
      service: (version, k) => (version === 'old' ? failing(5)(version, k) : healthy(version, k)),
    });
    expect(drive.outcome.experiment.status!.message).toBe('ExperimentCompleted: Experiment completed successfully');
    expect(drive.outcome.recommendation).toMatchObject({ verdict: 'promote', version: 'new' });
  });
  it('is not said where another candidate is promoted', async () => {
    const versions = ['old', 'new', 'third'].map((name) => ({ name, url: `http://${name}.test/` }));
    const base = canary({ objectives, strength: { confidence: 'none' } });
    const load = { task: 'metrics/collect', with: { numQueries: 100, qps: 50, versions } };
    const { outcome } = await driveInMemory(
      {
        ...base,
        spec: {
          ...base.spec,
          strategy: { testingPattern: 'A/B/N', deploymentPattern: 'FixedSplit', actions: { start: [load] } },
          criteria: {
            ...base.spec.criteria,
            rewards: [{ metric: 'iter8-system/mean-latency', preferredDirection: 'Low' }],
          },
          versionInfo: { baseline: { name: 'old' }, candidates: [{ name: 'new' }, { name: 'third' }] },
        },
      },
      {
        service: (version) => ({
          latencyMs: version === 'third' ? 5 : 20,
          code: version === 'new' ? '503' : '200',
        }),
      },
    );
    expect(outcome.recommendation).toMatchObject({ verdict: 'promote', version: 'third' });
    expect(outcome.experiment.status!.message).toBe('ExperimentCompleted: Experiment completed successfully');
  });
  it('is for the version of a Conformance experiment', async () => {
    const drive = await driveInMemory(conformance({ objectives }), { service: failing(5) });
    expect(drive.outcome.experiment.status!.message).toBe('ExperimentCompleted: Experiment rolled back');
  });
});
