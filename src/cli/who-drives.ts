/** Who drives an experiment that has not ended: an experiment that nobody drives stands still, and nothing in it says so. */
import type { Io } from '../io.ts';
import { hasEnded } from '../experiment/conditions.ts';
import { keyText, type Experiment, type ObjectKey } from '../experiment/experiment.ts';
import type { Answers } from '../judge/wording/waiting-for-person.ts';
import type { Driven } from '../view/experiment-view.ts';
import type { Context } from './context.ts';

/** Of one list: each costs two requests in a cluster. */
const MOST_LOOKS = 50;
/** How often a watch looks again. */
const LOOK_EVERY_MS = { local: 2_000, cluster: 10_000 } as const;

/** Undefined when it has ended, and when that cannot be known: what cannot be read is not said. */
export async function whoDrives(
  experiment: Experiment,
  context: Context,
  signal?: AbortSignal,
): Promise<Driven | undefined> {
  if (hasEnded(experiment)) return undefined;
  const { namespace, name } = experiment.metadata;
  try {
    const holder = await context.lock.holder({ namespace, name }, signal);
    return holder === undefined
      ? { by: undefined, goOn: context.asTyped('run', { namespace, name }) }
      : { by: holder.description, answers: answersOf({ namespace, name }, context) };
  } catch {
    return undefined;
  }
}

function answersOf(key: ObjectKey, { asTyped }: Context): Answers {
  return { approve: asTyped('approve', key), reject: asTyped('reject', key), resume: asTyped('resume', key) };
}

/** The same for a list, by `namespace/name`. */
export async function whoDrivesEach(
  experiments: readonly Experiment[],
  context: Context,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Driven>> {
  const looked = experiments.filter((experiment) => !hasEnded(experiment)).slice(0, MOST_LOOKS);
  const found = await Promise.all(
    looked.map(
      async (experiment) => [keyText(experiment.metadata), await whoDrives(experiment, context, signal)] as const,
    ),
  );
  return new Map(found.flatMap(([key, driven]) => (driven === undefined ? [] : [[key, driven]])));
}

/** While an experiment is watched: says it once, and once more when somebody drove it meanwhile. Never rejects. */
export async function sayWhenNobodyDrives(
  present: () => Experiment | undefined,
  how: {
    readonly context: Context;
    readonly io: Io;
    readonly say: (text: string) => void;
    readonly until: AbortSignal;
  },
): Promise<void> {
  const { context, io, say, until } = how;
  let isSaid = false;
  while (!until.aborted) {
    const experiment = present();
    const driven = experiment === undefined ? undefined : await whoDrives(experiment, context, until);
    if (until.aborted) return;
    const nobody = driven !== undefined && driven.by === undefined;
    if (nobody && !isSaid) say(`nobody drives ${experiment!.metadata.name}; go on with: ${driven.goOn}`);
    if (driven !== undefined) isSaid = nobody;
    await io.clock.sleep(LOOK_EVERY_MS[context.mode], until).catch(() => undefined);
  }
}
