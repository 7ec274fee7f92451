/** Reads the traffic weights of an experiment's versions from the objects that hold them (`weightObjRef`). */
import { UnavailableError } from '../../errors.ts';
import { versionsIn, type Experiment, type Weight } from '../../experiment/experiment.ts';
import { parseFieldPath, readField } from '../../expressions/field-path.ts';
import { versionRoles } from '../../judge/question/question.ts';
import type { WeightReader } from '../../drive/ports.ts';
import type { KubeClient } from './api-client.ts';
import { createDiscovery } from './discovery.ts';

export function createWeightReader(client: KubeClient): WeightReader {
  return {
    read: async (experiment, signal) => {
      const discovery = createDiscovery(client);
      const read = await Promise.all(
        versionsIn(experiment).map(async ({ name, weightObjRef: ref }) => {
          if (ref?.apiVersion === undefined || ref.kind === undefined || ref.name === undefined) return { name };
          const resource = await discovery.ofKind(ref.apiVersion, ref.kind, signal);
          const object = await client.request<unknown>({
            verb: 'get',
            resource,
            namespace: resource.namespaced ? (ref.namespace ?? experiment.metadata.namespace) : undefined,
            name: ref.name,
            ...(signal === undefined ? {} : { signal }),
          });
          const value = weightAt(object, ref.fieldPath ?? '');
          if (value === undefined)
            throw new UnavailableError(`${ref.kind} ${ref.name} has no number at ${ref.fieldPath ?? ''}`);
          return { name, value };
        }),
      );
      return filledUp(read, experiment);
    },
  };
}

function weightAt(object: unknown, fieldPath: string): number | undefined {
  const parsed = parseFieldPath(fieldPath);
  const value = 'problem' in parsed ? undefined : readField(object, parsed);
  return typeof value === 'number' && value >= 0 && value <= 100 ? value : undefined;
}

/** A single version without a reference gets what is left to 100; more than one, and nothing is known. */
function filledUp(
  read: readonly { readonly name: string; readonly value?: number }[],
  experiment: Experiment,
): Weight[] | undefined {
  const known = read.flatMap(({ value }) => (value === undefined ? [] : [value]));
  if (known.length === 0 || known.length < versionRoles(experiment).length - 1) return undefined;
  const left = Math.max(0, 100 - known.reduce((sum, value) => sum + value, 0));
  return read.map(({ name, value = left }) => ({ name, value }));
}
