/** What becomes of traffic at each point of an experiment. Pure. */
import type { Experiment, Weight } from '../experiment/experiment.ts';
import { totalIterations } from '../experiment/iterations.ts';
import { versionRoles } from '../judge/question/question.ts';
import type { Verdict } from '../judge/assessment.ts';
import { valuesFor, type FieldReading, type WeightField } from './weight-fields.ts';
import { nextWeights } from './progressive-weights.ts';
import type { Recommendation } from '../judge/recommendation.ts';

/** Whether a run moves traffic: it then writes to the objects that hold the weights. */
export function movesTraffic({ spec }: Experiment): boolean {
  const { testingPattern, deploymentPattern } = spec.strategy;
  const { versionInfo } = spec;
  const versions = versionInfo === undefined ? [] : [versionInfo.baseline, ...(versionInfo.candidates ?? [])];
  return (
    testingPattern !== 'Conformance' &&
    deploymentPattern !== 'FixedSplit' &&
    versions.some(({ weightObjRef }) => weightObjRef !== undefined)
  );
}

/** BlueGreen: the first candidate that is not violated has all that its cap allows, in one step. */
export function blueGreenWeights(experiment: Experiment, verdicts: ReadonlyMap<string, Verdict> = new Map()): Weight[] {
  const candidate = versionRoles(experiment).find(
    ({ name, role }) => role === 'candidate' && verdicts.get(name) !== 'violated',
  );
  return fullWeight(experiment, candidate?.name);
}

/** The weights at the end: those of the version that is promoted; undefined: those that were there at the start. */
export function finalWeights(experiment: Experiment, recommendation: Recommendation): Weight[] | undefined {
  if (recommendation.verdict !== 'promote') return undefined;
  return fullWeight(experiment, recommendation.version);
}

/** All to one version; a candidate has at most its cap, and the baseline what it leaves. */
function fullWeight(experiment: Experiment, version: string | undefined): Weight[] {
  const { maxCandidateWeight } = experiment.spec.strategy.weights;
  const versions = versionRoles(experiment);
  const isCandidate = versions.some(({ name, role }) => name === version && role === 'candidate');
  const given = isCandidate ? maxCandidateWeight : 0;
  return versions.map(({ name, role }) => ({
    name,
    value: role === 'baseline' ? 100 - given : name === version ? given : 0,
  }));
}

/** The splits of a candidate that does as well as can be in each iteration, as far as they change; last the one when it is promoted. */
export function splitsAhead(experiment: Experiment, now: readonly Weight[]): Weight[][] {
  const { strategy } = experiment.spec;
  const versions = versionRoles(experiment);
  const candidate = versions.find(({ role }) => role === 'candidate');
  const promoted = fullWeight(experiment, candidate?.name);
  if (strategy.deploymentPattern === 'BlueGreen' || candidate === undefined) return [promoted];
  const splits: Weight[][] = [];
  let present = now;
  for (let iteration = 1; iteration < totalIterations(experiment); iteration++) {
    const next = nextWeights({
      versions: versions.map(({ name, role }) => ({
        name,
        role,
        presentPercent: present.find((weight) => weight.name === name)?.value,
        hasData: true,
      })),
      best: new Set([candidate.name]),
      limits: strategy.weights,
    });
    const split = versions.map(({ name }) => ({ name, value: next.get(name) ?? 0 }));
    if (split.every(({ value }, index) => value === present[index]?.value)) break;
    splits.push(split);
    present = split;
  }
  return [...splits, promoted];
}

/** What the fields would hold when the candidate is promoted: for a trial. */
export function valuesAhead(
  experiment: Experiment,
  fields: readonly FieldReading[],
  now: readonly Weight[],
): WeightField[] {
  return valuesFor(splitsAhead(experiment, now).at(-1) ?? now, fields);
}

/** No candidate has more than now; the baseline has what they leave. */
export function withoutRises(experiment: Experiment, wanted: readonly Weight[], now: readonly Weight[]): Weight[] {
  const valueIn = (weights: readonly Weight[], name: string) => weights.find((one) => one.name === name)?.value ?? 0;
  const versions = versionRoles(experiment);
  const held = new Map(
    versions.flatMap(({ name, role }) =>
      role === 'candidate' ? [[name, Math.floor(Math.min(valueIn(wanted, name), valueIn(now, name)))]] : [],
    ),
  );
  const rest = 100 - [...held.values()].reduce((sum, value) => sum + value, 0);
  return versions.map(({ name }) => ({ name, value: held.get(name) ?? rest }));
}
