/** Fields of one object in memory, as `withWeights` names them: a real one refuses what others changed, and so does this. */
import { ConflictError, Iter8Error } from '../../src/errors.ts';
import { versionsIn, type Experiment } from '../../src/experiment/experiment.ts';
import type { TrafficObjects } from '../../src/drive/ports.ts';
import {
  isSameSplit,
  isSameValue,
  type FieldReading,
  type FieldValue,
  type WeightField,
} from '../../src/traffic/weight-fields.ts';

export interface MemoryTraffic extends TrafficObjects {
  /** What the fields hold now. */
  readonly fields: Map<string, FieldValue>;
  /** Every split that was written, in order. */
  readonly writes: (readonly FieldValue[])[];
  /** Requests of each version that a backend has counted: of whoever tests with them. */
  readonly counted: Map<string, number>;
  /** Somebody else writes a field. */
  touch: (version: string, value: FieldValue) => void;
  /** Called before each write: throws to refuse it, or changes the fields as somebody else would. */
  beforeWrite: () => void;
  /** Called before each of the fields is written, where each is one of an object of its own. */
  beforeField: (() => void) | undefined;
  /** Called after each write. */
  afterWrite: () => void;
}

export function memoryTraffic(start: Readonly<Record<string, FieldValue>>): MemoryTraffic {
  const fields = new Map(Object.entries(start));
  /** What we wrote last. */
  const ours = new Map<string, FieldValue>();
  const read = (experiment: Experiment): FieldReading[] =>
    versionsIn(experiment).flatMap(({ name, weightObjRef }) =>
      weightObjRef === undefined
        ? []
        : [
            {
              version: name,
              value: fields.get(name) ?? null,
              place: `Route shop at ${weightObjRef.fieldPath}`,
              isReplicas: weightObjRef.fieldPath === '.spec.replicas',
              isText: false,
              changedBy: 'kubectl-edit',
              mayBeOurs: ours.has(name) && isSameValue(fields.get(name) ?? null, ours.get(name)),
            },
          ],
    );
  const traffic: MemoryTraffic = {
    fields,
    writes: [],
    counted: new Map(),
    touch: (version, value) => {
      fields.set(version, value);
      ours.delete(version);
    },
    beforeWrite: () => undefined,
    beforeField: undefined,
    afterWrite: () => undefined,
    read: (experiment) => Promise.resolve(read(experiment)),
    tryWrite: () => Promise.resolve(),
    write: (experiment, { from, to, start = [] }) => {
      try {
        traffic.beforeWrite();
        const refuseOther = () => {
          const other = read(experiment).find(({ version, value }) => {
            const holds = (values: readonly WeightField[]) =>
              isSameValue(value, values.find((one) => one.version === version)?.value ?? null);
            const isOurs =
              start.length > 0 && holds(start) && ours.has(version) && isSameValue(value, ours.get(version));
            return ![...from, to].some(holds) && !isOurs;
          });
          if (other !== undefined)
            throw new ConflictError(`${other.place} holds ${other.value}; it was changed by kubectl-edit`);
        };
        refuseOther();
        if (!isSameSplit(to, read(experiment))) {
          for (const { version, value } of to) {
            traffic.beforeField?.();
            if (traffic.beforeField !== undefined) refuseOther();
            fields.set(version, value);
            ours.set(version, value);
          }
          traffic.writes.push([...fields.values()]);
        }
        traffic.afterWrite();
        return Promise.resolve(read(experiment));
      } catch (error) {
        return Promise.reject(error instanceof Error ? error : new Iter8Error(String(error)));
      }
    },
  };
  return traffic;
}
