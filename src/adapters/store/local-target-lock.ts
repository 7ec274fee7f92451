/** Turns on a target, made of locks: one named by the target's hash, and those of the drivers of experiments that wait. */
import { createHash } from 'node:crypto';
import { ForbiddenError } from '../../errors.ts';
import { keyText, type Experiment, type ObjectKey } from '../../experiment/experiment.ts';
import type { DriverLock, ExperimentStore, TargetLock } from '../../drive/ports.ts';
import { outlineOf } from '../../experiment/list-outline.ts';
import { experimentsAhead, isInLine } from '../../drive/target-queue-order.ts';
import { SharedReading } from './shared-reading.ts';

/** The key of a target's lock. `namespace`: where to look for it, or a name for locks only. */
function targetKey(target: string, namespace: string): ObjectKey {
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
  const lines = new Lines(ports.store);
  return {
    acquire: async (experiment, holder, signal) => {
      const key = targetKey(experiment.spec.target, ports.targetsNamespace ?? experiment.metadata.namespace);
      const self = keyText({ namespace: experiment.metadata.namespace, name: experiment.metadata.name });
      const mine = { identity: `${holder.identity} ${self}`, description: `experiment ${self}` };
      const present = await ports.targets.holder(key, signal);
      if (present !== undefined && present.identity !== mine.identity) return { heldBy: present };
      const first =
        present === undefined ? await firstInLine(experiment, { lines, drivers: ports.drivers }, signal) : undefined;
      if (first !== undefined)
        return { heldBy: { identity: first, description: `experiment ${first}, which waits longer,` } };
      return ports.targets.acquire(key, mine, signal);
    },
  };
}

/** Who waits for the same target longer than this one, and is being driven; undefined when nobody does. */
async function firstInLine(
  experiment: Experiment,
  { lines, drivers }: { readonly lines: Lines; readonly drivers: DriverLock },
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const ahead = experimentsAhead(experiment, await lines.all(experiment.metadata.namespace, signal));
  for (const key of ahead) if ((await drivers.holder(key, signal)) !== undefined) return keyText(key);
  return undefined;
}

/** Who stands in line for any target: outlines alone, of a store that may hold thousands that have ended. */
class Lines {
  readonly #store: ExperimentStore;
  readonly #everywhere: SharedReading<Experiment[]>;
  /** By namespace: for an account that may not look everywhere. */
  readonly #within = new Map<string, SharedReading<Experiment[]>>();

  constructor(store: ExperimentStore) {
    this.#store = store;
    this.#everywhere = this.#reading(undefined);
  }

  async all(namespace: string, signal: AbortSignal | undefined): Promise<Experiment[]> {
    try {
      return await this.#everywhere.ask(signal);
    } catch (error) {
      if (!(error instanceof ForbiddenError)) throw error;
    }
    const within = this.#within.get(namespace) ?? this.#reading(namespace);
    this.#within.set(namespace, within);
    return within.ask(signal);
  }

  #reading(namespace: string | undefined): SharedReading<Experiment[]> {
    return new SharedReading((signal) =>
      this.#store.list({ namespace, signal, trim: (one) => (isInLine(one) ? outlineOf(one) : undefined) }),
    );
  }
}
