/** Whether an experiment can be run by this version: refused before anything starts. */
import { InvalidManifestError, UsageError, type Issue } from '../errors.ts';
import { hasEnded } from '../experiment/conditions.ts';
import { withDefaults } from '../experiment/defaults.ts';
import type { Experiment, WrittenExperiment } from '../experiment/experiment.ts';
import { checkExperiment } from '../validation/validate.ts';
import type { Context } from './context.ts';
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

/**
 * What this version cannot do, and what flags alone make impossible, is refused before anything starts; what is invalid by itself is
 * recorded in the object by the driver.
 */
export function checkedExperiment(experiment: Experiment, context: Context, strength: Strength): Experiment {
  const issues = hasEnded(experiment)
    ? []
    : [...unsupportedFields(experiment, context.mode), ...issuesOfFlags(experiment, strength)];
  if (issues.length === 0) return experiment;
  throw new InvalidManifestError(`experiment ${experiment.metadata.name} cannot be run by this version`, issues);
}

function issuesOfFlags(experiment: Experiment, strength: Strength): Issue[] {
  const own = new Set(checkExperiment(experiment).map(({ path }) => path));
  return checkExperiment(experiment, { strength }).filter(({ path }) => !own.has(path));
}

/** @throws InvalidManifestError with every problem of the experiment at once. */
export function checkManifest(
  experiment: WrittenExperiment,
  mode: 'local' | 'cluster',
  source: { readonly locate: (issue: Issue) => Issue; readonly label: string },
  strength: Strength = {},
): void {
  const issues = [...checkExperiment(experiment, { strength }), ...unsupportedFields(experiment, mode)].map(
    source.locate,
  );
  if (issues.length === 0) return;
  const count = issues.length === 1 ? '1 problem' : `${issues.length} problems`;
  throw new InvalidManifestError(`${source.label} is not a valid Experiment (${count})`, issues);
}

/** For callers that need the object as the store would give it. */
export function asExperiment(written: WrittenExperiment, namespace: string): Experiment {
  return withDefaults(written, { namespace, name: written.metadata.name ?? written.metadata.generateName ?? '' });
}
