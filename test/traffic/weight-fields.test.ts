/** Laws of weights in fields: what is written stands for what was wanted, in whatever form fields hold it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withDefaults } from '../../src/experiment/defaults.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { splitsAhead } from '../../src/traffic/traffic-plan.ts';
import { roundWeights } from '../../src/traffic/round-weights.ts';
import {
  isSameSplit,
  splitOf,
  tooFewPods,
  valuesFor,
  type FieldReading,
  type FieldValue,
} from '../../src/traffic/weight-fields.ts';
import { canary, withWeights } from '../support/driving.ts';

const NAMES = ['a', 'b', 'c', 'd'];

function experimentOf(versions: number, strategy: object = {}): Experiment {
  const base = canary();
  return withDefaults(
    {
      ...base,
      spec: {
        ...base.spec,
        strategy: { testingPattern: 'A/B/N', ...strategy },
        duration: { intervalSeconds: 1, iterationsPerLoop: 20 },
        versionInfo: withWeights('a', ...NAMES.slice(1, versions)),
      },
    },
    { namespace: 'default' },
  );
}

const fieldsWith = (values: readonly FieldValue[], isReplicas = false): FieldReading[] =>
  values.map((value, index) => ({
    version: NAMES[index]!,
    value,
    place: `Route shop at .${NAMES[index]}`,
    isReplicas,
    isText: false,
  }));

/** Whole percent of two to four versions. */
const weights = fc.array(fc.nat({ max: 50 }), { minLength: 2, maxLength: 4 }).map((percents) =>
  [
    ...roundWeights(
      percents.map((percent, index) => ({
        name: NAMES[index]!,
        role: index === 0 ? 'baseline' : 'candidate',
        percent: index === 0 ? 0 : percent,
      })),
    ),
  ].map(([name, value]) => ({ name, value })),
);

describe('fields of percent', () => {
  it('give back what was written, as numbers or texts, with or without a field of the baseline', () => {
    fc.assert(
      fc.property(weights, fc.boolean(), fc.boolean(), (wanted, isText, isAll) => {
        const experiment = experimentOf(wanted.length);
        const start = fieldsWith(wanted.map((_, index) => (isText ? String(index) : index))).slice(isAll ? 0 : 1);
        const written = valuesFor(wanted, start);
        expect(written.every(({ value }) => typeof value === (isText ? 'string' : 'number'))).toBe(true);
        const fields = start.map((field, index) => ({ ...field, value: written[index]!.value }));
        expect(splitOf(experiment, fields)).toEqual({ weights: wanted });
        expect(isSameSplit(written, fields)).toBe(true);
      }),
    );
  });

  it('that do not sum to 100 are relative when every version has one', () => {
    expect(splitOf(experimentOf(2), fieldsWith([3, 1]))).toEqual({
      weights: [
        { name: 'a', value: 75 },
        { name: 'b', value: 25 },
      ],
    });
  });

  it.each([
    [[100, 'x'], 'Route shop at .b holds "x"; expected a weight: a number from 0'],
    [[100, -1], 'Route shop at .b holds -1; expected a weight: a number from 0'],
    [[0, 0], 'Route shop at .a and Route shop at .b: no version has any traffic'],
  ] as const)('%j say why they are none', (values, problem) => {
    expect(splitOf(experimentOf(2), fieldsWith(values))).toEqual({ problem });
  });

  it('are unknown where two versions have none, and too much where one has none', () => {
    expect(splitOf(experimentOf(3), fieldsWith([50]))).toBeUndefined();
    expect(splitOf(experimentOf(2), fieldsWith([101]))).toEqual({
      problem: 'Route shop at .a: expected percent, got 101 in all',
    });
  });
});

describe('pods', () => {
  it('keep their number, give one to everybody who has traffic, and none to others', () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 0, max: 40 }), (wanted, more) => {
        const live = wanted.filter(({ value }) => value > 0).length;
        const total = live + more;
        const start = fieldsWith(
          wanted.map((_, index) => (index === 0 ? total : 0)),
          true,
        );
        const pods = valuesFor(wanted, start).map(({ value }) => Number(value));
        expect(pods.reduce((sum, count) => sum + count, 0)).toBe(total);
        pods.forEach((count, index) => {
          const { value } = wanted[index]!;
          expect(count > 0).toBe(value > 0);
          // Within one pod of its share, but for those that whole pods of others take or leave.
          expect(Math.abs(count - (value * total) / 100)).toBeLessThan(wanted.length);
        });
      }),
    );
  });

  it('are never fewer than the versions that have traffic, whatever was there', () => {
    const start = fieldsWith([1, 0], true);
    expect(
      valuesFor(
        [
          { name: 'a', value: 90 },
          { name: 'b', value: 10 },
        ],
        start,
      ).map(({ value }) => value),
    ).toEqual([1, 1]);
  });

  it('give a candidate no more than its share, a step of at least a pod, and never more than the cap', () => {
    const start = fieldsWith([4, 0], true);
    const split = (candidate: number, now: [number, number], most = 100) =>
      valuesFor(
        [
          { name: 'a', value: 100 - candidate },
          { name: 'b', value: candidate },
        ],
        start,
        { baseline: 'a', most, now: fieldsWith(now, true) },
      ).map(({ value }) => value);
    expect(split(5, [4, 0])).toEqual([3, 1]);
    expect(split(40, [4, 0])).toEqual([3, 1]);
    expect(split(35, [3, 1])).toEqual([2, 2]);
    expect(split(35, [3, 1], 40)).toEqual([3, 1]);
    expect(split(25, [3, 1])).toEqual([3, 1]);
    expect(split(10, [2, 2])).toEqual([3, 1]);
    expect(split(100, [1, 3])).toEqual([0, 4]);
    expect(split(0, [2, 2])).toEqual([4, 0]);
  });

  it('are too few where one of them is more than the cap', () => {
    const capped = (most: number) => {
      const experiment = experimentOf(2);
      const { strategy } = experiment.spec;
      const weights = { ...strategy.weights, maxCandidateWeight: most };
      return { ...experiment, spec: { ...experiment.spec, strategy: { ...strategy, weights } } };
    };
    expect(tooFewPods(capped(25), fieldsWith([4, 0], true))).toBeUndefined();
    expect(tooFewPods(capped(10), fieldsWith([4, 0], false))).toBeUndefined();
    expect(tooFewPods(capped(10), fieldsWith([4, 0], true))).toBe(
      'one of 4 pods is 25 % of the traffic, more than maxCandidateWeight (10 %) allows; take at least 10 pods',
    );
  });

  it('of one version alone say nothing about the split', () => {
    expect(splitOf(experimentOf(2), fieldsWith([3], true))).toEqual({
      problem: 'Route shop at .a counts pods; then every version needs such a field',
    });
  });
});

it('the splits ahead rise by the step to the cap, and end with the promotion', () => {
  const now = [
    { name: 'a', value: 100 },
    { name: 'b', value: 0 },
  ];
  const ahead = (strategy: object) => splitsAhead(experimentOf(2, strategy), now).map((split) => split[1]!.value);
  expect(ahead({})).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100]);
  expect(ahead({ weights: { maxCandidateWeight: 30, maxCandidateWeightIncrement: 20 } })).toEqual([20, 30, 30]);
  expect(ahead({ deploymentPattern: 'BlueGreen' })).toEqual([100]);
});
