import { describe, expect, it } from 'vitest';
import { checkExperiment } from '../../../src/validation/validate.ts';
import {
  experiment,
  problems,
  withTask,
  collect,
  info,
  pattern,
  statusOf,
  reference,
} from '../../support/rule-manifests.ts';

describe('rules about versions', () => {
  it.each([
    ['Conformance', 0, 0],
    ['Canary', 1, 0],
    ['A/B', 1, 1],
    ['A/B/N', 1, 1],
    ['A/B/N', 3, 1],
  ])('%s takes %d candidates and %d rewards', (testingPattern, candidates, rewards) => {
    expect(problems(pattern(testingPattern, candidates, rewards))).toEqual([]);
  });

  it.each([
    ['Conformance', 1, 0, 'spec.versionInfo.candidates: expected none for Conformance, got 1 candidate'],
    ['Canary', 0, 0, 'spec.versionInfo.candidates: expected 1 candidate for Canary, got none'],
    ['Canary', 2, 0, 'spec.versionInfo.candidates: expected 1 candidate for Canary, got 2 candidates'],
    ['A/B', 2, 1, 'spec.versionInfo.candidates: expected 1 candidate for A/B, got 2 candidates'],
    ['A/B/N', 0, 1, 'spec.versionInfo.candidates: expected 1 candidate or more for A/B/N, got none'],
    ['A/B', 1, 0, 'spec.criteria.rewards: expected exactly 1 reward for A/B, got none'],
    ['A/B/N', 2, 2, 'spec.criteria.rewards: expected exactly 1 reward for A/B/N, got 2 rewards'],
    ['Canary', 1, 1, 'spec.criteria.rewards: expected none for Canary, got 1 reward'],
  ])('%s with %d candidates and %d rewards is refused', (testingPattern, candidates, rewards, problem) => {
    expect(problems(pattern(testingPattern, candidates, rewards))).toEqual([problem]);
  });

  it('keeps the words of Iter8 0.7 for status.message', () => {
    expect(statusOf(pattern('Canary', 0))).toEqual(['Invalid number of candidates for Canary experiment']);
    expect(statusOf(pattern('A/B', 1))).toEqual(['Invalid number of rewards for A/B experiment']);
    expect(statusOf(experiment({ versionInfo: undefined }))).toEqual(['No versionInfo in experiment']);
    expect(statusOf(experiment(info({ name: 'a' }, [{ name: 'a' }])))).toEqual(['Version names are not unique']);
    expect(statusOf(experiment(info({ name: 'a' }, [{ name: 'b', weightObjRef: reference('spec.a') }])))).toEqual([
      "Specification of version weightObjectRef invalid: fieldPath must start with '.'",
    ]);
  });

  it('lets a start task supply versionInfo, but not for ever', () => {
    const later = experiment({
      versionInfo: undefined,
      strategy: { testingPattern: 'Canary', actions: { start: [{ run: 'kubectl patch' }] } },
    });
    expect(problems(later)).toEqual([]);
    expect(checkExperiment(later, { afterStart: true })).toEqual([
      {
        path: 'spec.versionInfo',
        message: 'is missing; no start task supplied it',
        status: 'No versionInfo in experiment',
      },
    ]);
    expect(problems(withTask(collect(), { versionInfo: undefined }))).toContain(
      'spec.versionInfo: is missing; name the versions: baseline, and candidates if there are any',
    );
  });

  // Our record stands beside the version names in aggregatedBuiltinHists.data, and versions are keys of plain objects.
  it.each(['iter8ctl', '__proto__', 'constructor', 'toString'])('%s is no name for a version', (name) => {
    expect(problems(experiment(info({ name: 'v1' }, [{ name }])))).toEqual([
      `spec.versionInfo.candidates[0].name: "${name}" is a reserved name; choose another`,
    ]);
  });

  it('a version needs a name, and one of its own', () => {
    expect(problems(experiment(info({ name: '' }, [{ name: 'a' }])))).toEqual([
      'spec.versionInfo.baseline.name: is empty',
    ]);
    expect(problems(experiment(info({ name: 'a' }, [{ name: 'a' }])))).toEqual([
      'spec.versionInfo.candidates[0].name: "a" is the name of spec.versionInfo.baseline too; names of versions must differ',
    ]);
  });

  it.each([
    [{ kind: 'K', name: 'n', fieldPath: '.spec.a' }, 'apiVersion: is missing; expected a text'],
    [
      { apiVersion: 'v1', kind: 'K', name: 'n' },
      'fieldPath: is missing; expected a path such as .spec.http[0].route[0].weight',
    ],
    [reference('spec.a'), 'fieldPath: expected a path that starts with a dot, got "spec.a"; write .spec.a'],
    [
      reference('.spec[x]'),
      'fieldPath: expected a path such as .spec.http[0].route[1].weight, got ".spec[x]": cannot read "[x]"',
    ],
  ])('a reference %o is refused', (weightObjRef, problem) => {
    expect(problems(experiment(info({ name: 'v1' }, [{ name: 'v2', weightObjRef }])))).toEqual([
      `spec.versionInfo.candidates[0].weightObjRef.${problem}`,
    ]);
  });

  it('at most one version may lack a reference when traffic moves', () => {
    const moving = { strategy: { testingPattern: 'Canary' } };
    const ref = reference('.spec.a');
    expect(problems(experiment({ ...moving, ...info({ name: 'a' }, [{ name: 'b', weightObjRef: ref }]) }))).toEqual([]);
    expect(problems(experiment({ ...moving, ...info({ name: 'a' }, [{ name: 'b' }]) }))).toEqual([
      'spec.versionInfo.candidates[0].weightObjRef: is missing; at most one version may lack it and "a" does too; name the field that holds the weight of "b", or, if no traffic is to be moved, set spec.strategy.deploymentPattern: FixedSplit',
    ]);
    expect(problems(experiment({ strategy: { testingPattern: 'Conformance' }, ...info({ name: 'a' }) }))).toEqual([]);
  });

  it('two versions cannot have their weight in one field', () => {
    const ref = reference('.spec.a');
    expect(problems(experiment(info({ name: 'a', weightObjRef: ref }, [{ name: 'b', weightObjRef: ref }])))).toEqual([
      'spec.versionInfo.candidates[0].weightObjRef.fieldPath: ".spec.a" of the same object is spec.versionInfo.baseline.weightObjRef.fieldPath too; every version needs a field of its own',
    ]);
  });
});
