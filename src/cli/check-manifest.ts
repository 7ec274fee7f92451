/** Whether an experiment can be run by this version: refused before anything starts. */
import { InvalidManifestError, UsageError, type Issue } from '../errors.ts';
import { hasEnded } from '../experiment/conditions.ts';
import { withDefaults } from '../experiment/defaults.ts';
import type { Experiment, WrittenExperiment } from '../experiment/experiment.ts';
import { checkExperiment } from '../validation/validate.ts';
import type { Context } from './context.ts';
import { flagText } from './shared-flags.ts';
import { unsupportedFields } from './unsupported-features.ts';

/** Of the manifest, else of the command. @throws UsageError when they disagree */
export function namespaceOf(
  { metadata }: WrittenExperiment,
  context: Context,
  flags: { readonly namespace?: string | undefined },
): string {
  const namespace = metadata.namespace ?? context.namespace;
  if (flags.namespace !== undefined && namespace !== flags.namespace)
    throw new UsageError(`the manifest is of namespace ${namespace}, and -n says ${flags.namespace}`);
  return namespace;
}

/** Settings that flags put over spec.criteria.strength. */
type Strength = Readonly<Record<string, unknown>>;

/** What this version cannot do is refused before anything starts; what is invalid by itself is recorded in the object by the driver. */
export function checkedExperiment(experiment: Experiment, context: Context, strength: Strength): Experiment {
  if (hasEnded(experiment)) return experiment;
  const issues = unsupportedFields(experiment, context.mode);
  if (issues.length > 0)
    throw new InvalidManifestError(`experiment ${experiment.metadata.name} cannot be run by this version`, issues);
  refuseFlags(experiment, strength);
  return experiment;
}

/** @throws InvalidManifestError with every problem of the experiment at once; UsageError where it is right, and flags over it are not. */
export function checkManifest(
  experiment: WrittenExperiment,
  mode: 'local' | 'cluster',
  source: { readonly locate: (issue: Issue) => Issue; readonly label: string },
  strength: Strength = {},
): void {
  const issues = [...checkExperiment(experiment), ...unsupportedFields(experiment, mode)].map(source.locate);
  if (issues.length > 0) {
    const count = issues.length === 1 ? '1 problem' : `${issues.length} problems`;
    throw new InvalidManifestError(`${source.label} is not a valid Experiment (${count})`, issues);
  }
  refuseFlags(experiment, strength);
}

/** Whoever wrote the manifest has no part in it: no place in it is named. */
function refuseFlags(experiment: WrittenExperiment, strength: Strength): void {
  const own = new Set(checkExperiment(experiment).map(({ path }) => path));
  const issues = checkExperiment(experiment, { strength }).filter(({ path }) => !own.has(path));
  if (issues.length === 0) return;
  const flags = Object.entries(strength).map(([setting, value]) => flagText(setting, value));
  throw new UsageError(`${flags.join(' ')}: with ${flags.length === 1 ? 'it' : 'them'} no verdict can be reached`, {
    details: issues.map(({ path, message }) => `${path}: ${message}`),
  });
}

/** For callers that need the object as the store would give it. */
export function asExperiment(written: WrittenExperiment, namespace: string): Experiment {
  return withDefaults(written, { namespace, name: written.metadata.name ?? written.metadata.generateName ?? '' });
}
