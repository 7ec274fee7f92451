/** Rules about versions: how many, their names, and the fields that hold their weights. */
import type { TestingPattern } from '../../experiment/experiment.ts';
import { expectedGot, shown } from '../../experiment/schema-issues.ts';
import { fieldPathMeant } from '../../expressions/field-path.ts';
import { counted, isInherited, issue, tasksOf, versionsOf, type Rule } from './rule.ts';

const INFO = ['spec', 'versionInfo'];

/** A key that stands beside version names in status.analysis.aggregatedBuiltinHists.data, and one that was refused always. */
const RESERVED = new Set(['iter8ctl', 'prototype']);

/** Only a script among the start tasks can supply versionInfo later. */
export const versionInfoIsThere: Rule = ({ experiment, afterStart }) => {
  if (experiment.spec.versionInfo !== undefined) return [];
  const supplied = tasksOf(experiment).some(
    ({ action, task }) => action === 'start' && task.task !== 'metrics/collect',
  );
  if (supplied && !afterStart) return [];
  const hint = afterStart
    ? 'no start task supplied it'
    : 'name the versions: baseline, and candidates if there are any';
  return [issue(INFO, `is missing; ${hint}`, 'No versionInfo in experiment')];
};

const CANDIDATES: Readonly<
  Record<TestingPattern, { readonly expected: string; readonly fits: (count: number) => boolean }>
> = {
  Conformance: { expected: 'none', fits: (count) => count === 0 },
  Canary: { expected: '1 candidate', fits: (count) => count === 1 },
  'A/B': { expected: '1 candidate', fits: (count) => count === 1 },
  'A/B/N': { expected: '1 candidate or more', fits: (count) => count >= 1 },
};

export const candidatesFitPattern: Rule = ({ experiment }) => {
  const { strategy, versionInfo } = experiment.spec;
  if (versionInfo === undefined) return [];
  const count = versionInfo.candidates?.length ?? 0;
  const { expected, fits } = CANDIDATES[strategy.testingPattern];
  if (fits(count)) return [];
  const pattern = strategy.testingPattern;
  const status = `Invalid number of candidates for ${pattern} experiment`;
  return [
    issue(
      [...INFO, 'candidates'],
      `expected ${expected} for ${pattern}, got ${count === 0 ? 'none' : counted(count, 'candidate')}`,
      status,
    ),
  ];
};

export const rewardsFitPattern: Rule = ({ experiment }) => {
  const pattern = experiment.spec.strategy.testingPattern;
  const count = experiment.spec.criteria?.rewards?.length ?? 0;
  const wanted = pattern === 'A/B' || pattern === 'A/B/N' ? 1 : 0;
  if (count === wanted) return [];
  const expected = wanted === 1 ? 'exactly 1 reward' : 'none';
  const got = count === 0 ? 'none' : counted(count, 'reward');
  return [
    issue(
      ['spec', 'criteria', 'rewards'],
      `expected ${expected} for ${pattern}, got ${got}`,
      `Invalid number of rewards for ${pattern} experiment`,
    ),
  ];
};

export const versionNamesAreUsable: Rule = ({ experiment }) =>
  versionsOf(experiment).flatMap(({ path, version: { name } }) => {
    if (name === '') return [issue([...path, 'name'], 'is empty')];
    return RESERVED.has(name) || isInherited(name)
      ? [issue([...path, 'name'], `${shown(name)} is a reserved name; choose another`)]
      : [];
  });

export const versionNamesAreUnique: Rule = ({ experiment }) => {
  const seen = new Map<string, string>();
  return versionsOf(experiment).flatMap(({ path, version: { name } }) => {
    const found = issue([...path, 'name'], '');
    const first = seen.get(name);
    if (first === undefined) {
      seen.set(name, issue(path, '').path);
      return [];
    }
    const message = `${shown(name)} is the name of ${first} too; names of versions must differ`;
    return [{ ...found, message, status: 'Version names are not unique' }];
  });
};

const REFERENCE = 'Specification of version weightObjectRef invalid';

export const weightReferencesAreComplete: Rule = ({ experiment, syntax }) =>
  versionsOf(experiment).flatMap(({ path, version: { weightObjRef } }) => {
    if (weightObjRef === undefined) return [];
    const at = [...path, 'weightObjRef'];
    const missing = (['apiVersion', 'kind', 'name', 'fieldPath'] as const)
      .filter((key) => weightObjRef[key] === undefined || weightObjRef[key] === '')
      .map((key) =>
        issue(
          [...at, key],
          expectedGot(key === 'fieldPath' ? 'a path such as .spec.http[0].route[0].weight' : 'a text', undefined),
          `${REFERENCE}: no ${key}`,
        ),
      );
    const { fieldPath } = weightObjRef;
    if (fieldPath === undefined || fieldPath === '') return missing;
    if (!fieldPath.startsWith('.')) {
      const kind = fieldPath.startsWith('/') ? 'a path with dots, not a JSON pointer' : 'a path that starts with a dot';
      const message = `expected ${kind}, got ${shown(fieldPath)}; write ${fieldPathMeant(fieldPath)}`;
      return [...missing, issue([...at, 'fieldPath'], message, `${REFERENCE}: fieldPath must start with '.'`)];
    }
    const problem = syntax.fieldPath?.(fieldPath);
    return problem === undefined
      ? missing
      : [...missing, issue([...at, 'fieldPath'], problem, `${REFERENCE}: ${problem}`)];
  });

/** What moves traffic must know where to: a version without a reference gets what is left to 100. */
export const weightsCanBeMoved: Rule = ({ experiment }) => {
  const { testingPattern, deploymentPattern } = experiment.spec.strategy;
  if (testingPattern === 'Conformance' || deploymentPattern === 'FixedSplit') return [];
  const lacking = versionsOf(experiment).filter(({ version }) => version.weightObjRef === undefined);
  if (lacking.length < 2) return [];
  const hint = 'or, if no traffic is to be moved, set spec.strategy.deploymentPattern: FixedSplit';
  return lacking
    .slice(1)
    .map(({ path, version }) =>
      issue(
        [...path, 'weightObjRef'],
        `is missing; at most one version may lack it and ${shown(lacking[0]!.version.name)} does too; name the field that holds the weight of ${shown(version.name)}, ${hint}`,
        `${REFERENCE}: at most one version may lack it`,
      ),
    );
};

/** All goes to the candidate in one step: which one, of several? */
export const blueGreenHasOneCandidate: Rule = ({ experiment }) => {
  const { testingPattern, deploymentPattern } = experiment.spec.strategy;
  const count = experiment.spec.versionInfo?.candidates?.length ?? 0;
  if (deploymentPattern !== 'BlueGreen' || testingPattern === 'Conformance' || count < 2) return [];
  return [
    issue(
      ['spec', 'strategy', 'deploymentPattern'],
      `BlueGreen moves all traffic to one candidate, and there are ${count}; use Progressive, or FixedSplit if no traffic is to be moved`,
    ),
  ];
};

/** Two versions in one field would overwrite each other's weight. */
export const weightFieldsDiffer: Rule = ({ experiment }) => {
  const seen = new Map<string, string>();
  return versionsOf(experiment).flatMap(({ path, version: { weightObjRef } }) => {
    if (weightObjRef?.fieldPath === undefined) return [];
    const { apiVersion, kind, name, namespace, fieldPath } = weightObjRef;
    const key = JSON.stringify([apiVersion, kind, name, namespace ?? experiment.metadata.namespace, fieldPath]);
    const found = issue([...path, 'weightObjRef', 'fieldPath'], '');
    const first = seen.get(key);
    if (first !== undefined)
      return [
        {
          ...found,
          message: `${shown(fieldPath)} of the same object is ${first} too; every version needs a field of its own`,
        },
      ];
    seen.set(key, found.path);
    return [];
  });
};
