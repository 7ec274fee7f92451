/** `maxCandidateWeight` is of each candidate, also where pods are the weights. */
import { expect, it } from 'vitest';
import { plainExperiment } from '../support/plain-experiment.ts';
import { tooFewPods, valuesFor } from '../../src/traffic/weight-fields.ts';

const pods = (version: string, value: number) => ({ version, value, place: version, isReplicas: true, isText: false });

it('maxCandidateWeight is of each candidate, also where pods are the weights', () => {
  const experiment = plainExperiment({
    strategy: { testingPattern: 'A/B/N', weights: { maxCandidateWeight: 40 } },
    versionInfo: { baseline: { name: 'a' }, candidates: [{ name: 'b' }, { name: 'c' }] },
  });
  // A pod each is 33.3 %, which 40 % allows.
  expect(tooFewPods(experiment, [pods('a', 3), pods('b', 0), pods('c', 0)])).toBeUndefined();
});

it('a candidate gets its next pod also where another one is at the cap', () => {
  const start = [pods('a', 10), pods('b', 0), pods('c', 0)];
  const now = [pods('a', 6), pods('b', 3), pods('c', 1)];
  const weights = [
    { name: 'a', value: 55 },
    { name: 'b', value: 30 },
    { name: 'c', value: 15 }, // an increment of 5 above the 10 % that it has: never more until it has its second pod
  ];
  const values = valuesFor(weights, start, { baseline: 'a', most: 30, now });
  expect(values.map(({ value }) => value)).toEqual([5, 3, 2]);
});
