/** Which experiment a command means: the one named, or for looking the newest, which it says. */
import { NotFoundError } from '../errors.ts';
import type { Experiment } from '../experiment/experiment.ts';
import { outlineOf } from '../experiment/list-outline.ts';
import { refuseDamage } from '../judge/record/damage.ts';
import type { Context } from './context.ts';
import { keyOf } from './context.ts';
import { datedOf, isNewer, newestFirst } from './sort-experiments.ts';

/** The experiment of that name, or a NotFoundError that says which are there. */
export async function namedExperiment(context: Context, name: string): Promise<Experiment> {
  try {
    return refuseDamage(await context.store.get(keyOf(context, name)), context.replayAsTyped);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    const there = await context.store
      .list({ namespace: context.namespace, trim: outlineOf })
      .catch((listError: unknown) => {
        if (listError instanceof NotFoundError) throw listError; // the namespace itself
        return [];
      });
    const names = newestFirst(there, datedOf).map((experiment) => experiment.metadata.name);
    const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
    throw new NotFoundError(
      `no experiment ${JSON.stringify(name)} in namespace ${context.namespace} of ${context.store.description}`,
      {
        hint:
          names.length > 0 ? `there are: ${names.slice(0, 10).join(', ')}${more}` : 'there is none in this namespace',
        cause: error,
      },
    );
  }
}

/** The experiment named, or the newest of the namespace, said aloud. For looking only. */
export async function chosenExperiment(
  context: Context,
  name: string | undefined,
  say: (text: string) => void,
): Promise<Experiment> {
  if (name !== undefined) return namedExperiment(context, name);
  let newest: Experiment | undefined;
  await context.store.list({
    namespace: context.namespace,
    trim: (experiment) => {
      if (newest === undefined || isNewer(datedOf(experiment), datedOf(newest))) newest = experiment;
      return outlineOf(experiment);
    },
  });
  if (newest === undefined) {
    throw new NotFoundError(`no experiment in namespace ${context.namespace} of ${context.store.description}`, {
      hint: `start one: ${context.asTyped('run', { namespace: context.namespace }, '-f', 'FILE')}; or look elsewhere with -n`,
    });
  }
  say(`the newest experiment is ${newest.metadata.name}`);
  return refuseDamage(newest, context.replayAsTyped);
}
