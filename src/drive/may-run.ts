/** Why an experiment may not run, or not go on: the rules, and what its driver does not do. Pure. */
import type { Experiment } from '../experiment/experiment.ts';
import { checkExperiment } from '../validation/validate.ts';
import type { DriveOptions } from './drive-options.ts';
import type { Failure } from './status-changes.ts';

type Refusing = Pick<DriveOptions, 'refuse'>;

/** In the recorded words. `afterStart`: the start tasks are done, and may have supplied what was missing. */
export function invalidity(
  experiment: Experiment,
  { refuse, afterStart }: Refusing & { readonly afterStart: boolean },
): Failure | undefined {
  const [first] = checkExperiment(experiment, { afterStart });
  if (first === undefined) return refusal(experiment, { refuse });
  const { path, message, status } = first;
  const text = `${path}: ${message}`;
  return { reason: 'InvalidExperiment', message: status ?? text, ...(status === undefined ? {} : { cause: text }) };
}

/** What its driver does not do, which is asked of every spec that is read: whoever changes it later gains nothing by that. */
export function refusal(experiment: Experiment, { refuse }: Refusing): Failure | undefined {
  const [first] = refuse?.(experiment) ?? [];
  return first === undefined ? undefined : { reason: 'InvalidExperiment', message: `${first.path}: ${first.message}` };
}
