/** Turns on a target, made of locks: one named by the target's hash, and those of the drivers of experiments that wait. */
import { createHash } from 'node:crypto';
import { ForbiddenError } from '../../errors.ts';
import { keyText, type Experiment, type ObjectKey } from '../../experiment/experiment.ts';
import type { DriverLock, ExperimentStore, TargetLock } from '../../drive/ports.ts';
import { experimentsAhead } from '../../drive/target-queue-order.ts';

/** The key of a target's lock. `namespace`: where to look for it, or a name for locks only. */
export function targetKey(target: string, namespace: string): ObjectKey {
  return { namespace, name: createHash('sha256').update(target).digest('hex').slice(0, 16) };
}

export function createTargetLock(ports: {
  readonly store: ExperimentStore;
  /** Of targets, by `targetKey`. */
  readonly targets: DriverLock;
  /** Namespace of their keys: absent, that of the experiment. */
  readonly targetsNamespace?: string | undefined;
  /** Of experiments. */
  readonly drivers: DriverLock;
}): TargetLock {
  return {
    acquire: async (experiment, holder, signal) => {
      const key = targetKey(experiment.spec.target, ports.targetsNamespace ?? experiment.metadata.namespace);
      const self = keyText({ namespace: experiment.metadata.namespace, name: experiment.metadata.name });
      const mine = { identity: `${holder.identity} ${self}`, description: `experiment ${self}` };
      const present = await ports.targets.holder(key, signal);
      if (present !== undefined && present.identity !== mine.identity) return { heldBy: present };
      const first = present === undefined ? await firstInLine(experiment, ports, signal) : undefined;
      if (first !== undefined)
        return { heldBy: { identity: first, description: `experiment ${first}, which waits longer,` } };
      return ports.targets.acquire(key, mine, signal);
    },
  };
}

/** Who waits for the same target longer than this one, and is being driven; undefined when nobody does. */
async function firstInLine(
  experiment: Experiment,
  ports: { readonly store: ExperimentStore; readonly drivers: DriverLock },
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const ahead = experimentsAhead(experiment, await everyone(ports.store, experiment.metadata.namespace, signal));
  for (const key of ahead) if ((await ports.drivers.holder(key, signal)) !== undefined) return keyText(key);
  return undefined;
}

async function everyone(
  store: ExperimentStore,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<Experiment[]> {
  try {
    return await store.list({ signal });
  } catch (error) {
    if (!(error instanceof ForbiddenError)) throw error;
    return store.list({ namespace, signal });
  }
}
