/** Experiments that break one rule each, and what is said of them. */
import { expect } from 'vitest';
import { API_VERSION, type WrittenExperiment } from '../../src/experiment/experiment.ts';
import { parseExperiment } from '../../src/experiment/parse.ts';
import { checkExperiment } from '../../src/validation/validate.ts';

export type Fields = Record<string, unknown>;

/** A Canary that may run; parts of its spec replaced. */
export function experiment(spec: Fields = {}, metadata: Fields = { name: 'hello' }): WrittenExperiment {
  const { value, issues } = parseExperiment({
    apiVersion: API_VERSION,
    kind: 'Experiment',
    metadata,
    spec: {
      target: 'hello',
      strategy: { testingPattern: 'Canary', deploymentPattern: 'FixedSplit' },
      versionInfo: { baseline: { name: 'v1' }, candidates: [{ name: 'v2' }] },
      ...spec,
    },
  });
  expect(issues).toEqual([]);
  return value!;
}

export const problems = (written: WrittenExperiment) =>
  checkExperiment(written).map(({ path, message }) => `${path}: ${message}`);
export const withTask = (task: Fields, more: Fields = {}) =>
  experiment({
    strategy: { testingPattern: 'Canary', deploymentPattern: 'FixedSplit', actions: { start: [task] } },
    ...more,
  });
export const collect = (inputs: Fields = {}) => ({
  task: 'metrics/collect',
  with: {
    versions: [
      { name: 'v1', url: 'http://v1/' },
      { name: 'v2', url: 'http://v2/' },
    ],
    ...inputs,
  },
});
export const withCriteria = (criteria: Fields, inputs: Fields = {}) => withTask(collect(inputs), { criteria });
export const objective = (fields: Fields) => withCriteria({ objectives: [fields] });
export const info = (baseline: Fields, candidates?: Fields[]) => ({
  versionInfo: { baseline, ...(candidates === undefined ? {} : { candidates }) },
});
export const pattern = (testingPattern: string, names: number, rewards = 0) =>
  experiment({
    strategy: { testingPattern, deploymentPattern: 'FixedSplit' },
    criteria: { rewards: Array.from({ length: rewards }, () => ({ metric: 'm', preferredDirection: 'High' })) },
    ...info(
      { name: 'v0' },
      Array.from({ length: names }, (_, i) => ({ name: `v${i + 1}` })),
    ),
  });
export const statusOf = (written: WrittenExperiment) => checkExperiment(written).map(({ status }) => status);
export const reference = (fieldPath: unknown) => ({ apiVersion: 'v1', kind: 'K', name: 'n', fieldPath });
export const BASE = 'spec.criteria.objectives[0]';
export const TASK = 'spec.strategy.actions.start[0]';
