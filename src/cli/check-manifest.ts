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

/** What this version cannot do is refused before anything starts; what is invalid is recorded in the object by the driver. */
export function checkedExperiment(experiment: Experiment, context: Context): Experiment {
  const issues = hasEnded(experiment) ? [] : unsupportedFields(experiment, context.mode);
  if (issues.length === 0) return experiment;
  throw new InvalidManifestError(`experiment ${experiment.metadata.name} cannot be run by this version`, issues);
}

/** @throws InvalidManifestError with every problem of the experiment at once. */
export function checkManifest(
  experiment: WrittenExperiment,
  mode: 'local' | 'cluster',
  source: { readonly locate: (issue: Issue) => Issue; readonly label: string },
): void {
  const issues = [...checkExperiment(experiment), ...unsupportedFields(experiment, mode)].map(source.locate);
  if (issues.length === 0) return;
  const count = issues.length === 1 ? '1 problem' : `${issues.length} problems`;
  throw new InvalidManifestError(`${source.label} is not a valid Experiment (${count})`, issues);
}

/** For callers that need the object as the store would give it. */
export function asExperiment(written: WrittenExperiment, namespace: string): Experiment {
  return withDefaults(written, { namespace, name: written.metadata.name ?? written.metadata.generateName ?? '' });
}
