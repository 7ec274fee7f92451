import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainExperiment } from '../support/plain-experiment.ts';
import { compileQuestion } from '../../src/judge/question/question.ts';
import type { LimitAssessment } from '../../src/judge/assessment.ts';
import { recommendedWeights } from '../../src/traffic/recommended-weights.ts';
import { errorRateRow } from '../support/error-rate-row.ts';

const canary = (
  change: {
    readonly deploymentPattern?: 'FixedSplit' | 'Progressive';
    readonly now?: readonly (readonly [string, number])[];
    readonly caps?: Record<string, number>;
  } = {},
) => ({
  ...plainExperiment(
    {
      strategy: {
        testingPattern: 'Canary',
        deploymentPattern: change.deploymentPattern ?? 'Progressive',
        ...(change.caps === undefined ? {} : { weights: change.caps }),
      },
      versionInfo: { baseline: { name: 'old' }, candidates: [{ name: 'new' }] },
    },
    { namespace: 'n' },
  ),
  status: {
    currentWeightDistribution: (
      change.now ?? [
        ['old', 100],
        ['new', 0],
      ]
    ).map(([name, value]) => ({ name, value })),
  },
});
const assessed = (version: string, verdict: LimitAssessment['verdict'], estimate?: number): LimitAssessment =>
  errorRateRow({ version, verdict, ...(estimate === undefined ? {} : { estimate }) });
const facts = (...assessments: LimitAssessment[]) => ({ assessments, seed: 1 });
const of = (experiment: ReturnType<typeof canary>, ...assessments: LimitAssessment[]) =>
  Object.fromEntries(
    recommendedWeights(experiment, compileQuestion(experiment), facts(...assessments)).map(({ name, value }) => [
      name,
      value,
    ]),
  );

describe('recommended weights of a canary', () => {
  it('raise a candidate whose values are good step by step, as Iter8 0.7 would have', () => {
    const steps = [];
    let now: [string, number][] = [
      ['old', 100],
      ['new', 0],
    ];
    for (let k = 0; k < 11; k++) {
      const next = of(canary({ now }), assessed('old', 'satisfied', 0), assessed('new', 'undecided', 0.001));
      steps.push(`${next['old']}/${next['new']}`);
      now = [
        ['old', next['old']!],
        ['new', next['new']!],
      ];
    }
    expect(steps).toEqual([
      '90/10',
      '80/20',
      '70/30',
      '60/40',
      '50/50',
      '40/60',
      '30/70',
      '20/80',
      '10/90',
      '5/95',
      '5/95',
    ]);
  });

  it('leave it at its part of the exploration when it is violated, or its value is bad', () => {
    expect(of(canary(), assessed('old', 'satisfied', 0), assessed('new', 'violated', 0.2))).toEqual({
      old: 95,
      new: 5,
    });
    expect(of(canary(), assessed('old', 'satisfied', 0), assessed('new', 'undecided', 0.2))).toEqual({
      old: 95,
      new: 5,
    });
  });

  it('do not move without data, nor with a fixed split', () => {
    const now = [
      ['old', 60],
      ['new', 40],
    ] as const;
    expect(of(canary({ now }), assessed('old', 'undecided'), assessed('new', 'undecided'))).toEqual({
      old: 60,
      new: 40,
    });
    expect(of(canary({ now, deploymentPattern: 'FixedSplit' }), assessed('new', 'satisfied', 0))).toEqual({
      old: 60,
      new: 40,
    });
  });

  it('sum to 100 and respect both caps, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.nat(100),
        fc.nat(100),
        fc.nat(100),
        fc.constantFrom('satisfied', 'violated', 'undecided'),
        (present, most, step, verdict) => {
          const now = [
            ['old', 100 - present],
            ['new', present],
          ] as const;
          const next = of(
            canary({ now, caps: { maxCandidateWeight: most, maxCandidateWeightIncrement: step } }),
            assessed('old', 'satisfied', 0),
            assessed('new', verdict, verdict === 'violated' ? 0.5 : 0),
          );
          expect(next['old']! + next['new']!).toBe(100);
          expect(next['new']).toBeLessThanOrEqual(most);
          expect(next['new']).toBeLessThanOrEqual(present + step);
        },
      ),
    );
  });
});
