/** What `plan` finds out about traffic: whether it can be read and moved, and how it would be split. */
import { ForbiddenError, Iter8Error, messageOf, NotFoundError } from '../errors.ts';
import { versionsIn, type Experiment } from '../experiment/experiment.ts';
import type { Obstacle } from '../preflight/outlook.ts';
import type { NeededPermission } from '../preflight/permissions.ts';
import type { TrafficObjects } from '../drive/ports.ts';
import { movesTraffic, splitsAhead, valuesAhead } from '../traffic/traffic-plan.ts';
import { splitOf, type WeightField } from '../traffic/weight-fields.ts';
import type { TrafficPlan } from '../view/plan-view.ts';
import type { Context } from './context.ts';
import type { Driver } from './open-driver.ts';

/** Of the objects that hold the weights. A kind that the server does not know is reported when they are read. */
export async function weightPermissions(
  experiment: Experiment,
  kube: NonNullable<Context['kube']>,
): Promise<NeededPermission[]> {
  const references = versionsIn(experiment)
    .map(({ weightObjRef }) => weightObjRef)
    .filter((reference) => reference !== undefined);
  if (references.length === 0) return [];
  const { createDiscovery } = await import('../adapters/kube/discovery.ts');
  const discovery = createDiscovery(kube);
  const verbs = movesTraffic(experiment) ? ['get', 'patch'] : ['get'];
  const needed = await Promise.all(
    references.map(async ({ apiVersion = '', kind = '', name = '', namespace = experiment.metadata.namespace }) => {
      const found = await discovery.ofKind(apiVersion, kind).catch((error: unknown) => {
        if (error instanceof NotFoundError || error instanceof ForbiddenError) return undefined;
        throw error;
      });
      if (found === undefined) return [];
      return verbs.map((verb) => ({ verb, group: found.group, resource: found.plural, namespace, name }));
    }),
  );
  return [...new Map(needed.flat().map((one) => [JSON.stringify(one), one])).values()];
}

export interface TriedTraffic {
  readonly obstacles: readonly Obstacle[];
  /** Absent where nothing is moved. */
  readonly plan?: TrafficPlan | undefined;
}

/** Why the server would not take these values; what is forbidden is among the permissions. */
async function trial(
  experiment: Experiment,
  traffic: TrafficObjects,
  values: readonly WeightField[],
): Promise<string | undefined> {
  try {
    await traffic.tryWrite(experiment, values);
    return undefined;
  } catch (error) {
    if (!(error instanceof Iter8Error)) throw error;
    return error instanceof ForbiddenError ? undefined : messageOf(error);
  }
}

/** Reads how traffic is split, and tries to change it, as a run does before it starts. */
export async function tryTraffic(experiment: Experiment, { traffic }: Driver): Promise<TriedTraffic> {
  if (traffic === undefined) return { obstacles: [] };
  const obstacle = (text: string): TriedTraffic => ({
    obstacles: [
      { kind: movesTraffic(experiment) ? 'fails' : 'open', text: `how traffic is split cannot be read: ${text}` },
    ],
  });
  try {
    const fields = await traffic.read(experiment);
    const split = splitOf(experiment, fields);
    if (split === undefined) return { obstacles: [] };
    if ('problem' in split) return obstacle(split.problem);
    if (!movesTraffic(experiment)) return { obstacles: [] };
    const refused = await trial(experiment, traffic, valuesAhead(experiment, fields, split.weights));
    if (refused !== undefined) return { obstacles: [{ kind: 'fails', text: `traffic cannot be moved: ${refused}` }] };
    return { obstacles: [], plan: { now: split.weights, ahead: splitsAhead(experiment, split.weights) } };
  } catch (error) {
    if (!(error instanceof Iter8Error)) throw error;
    // What it may not read is among the permissions.
    return error instanceof ForbiddenError ? { obstacles: [] } : obstacle(messageOf(error));
  }
}
