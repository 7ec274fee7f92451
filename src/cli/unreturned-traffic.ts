/** Traffic that an experiment has moved, and nobody has put back: what is known of the split before is in the experiment alone. */
import { ConflictError } from '../errors.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { readRecord } from '../judge/record/stored-record.ts';
import { isSameSplit } from '../traffic/weight-fields.ts';
import type { Context } from './context.ts';

/** @throws ConflictError when the experiment may not be deleted yet */
export function refuseSplitLeft(experiment: Experiment, context: Context, otherwise: string): void {
  const traffic = readRecord(experiment)?.traffic;
  if (traffic === undefined || traffic.settled !== undefined) return;
  if (traffic.moving === undefined && isSameSplit(traffic.start, traffic.fields)) return;
  const { name, namespace } = experiment.metadata;
  throw new ConflictError(
    `experiment ${name} has moved traffic, which was not put back, and knows alone how it was split before`,
    {
      hint: `go on with it: ${context.asTyped('run', { namespace, name })}, which puts traffic back when it is stopped; ${otherwise}`,
    },
  );
}
