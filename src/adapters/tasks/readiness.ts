/**
 * `common/readiness`: every object that is named, and every object whose field holds a weight, is there and meets its condition.
 * All are looked at in each try, and a try may fail (0.7 looked at the first only, and one miss was final).
 */
import { foundOrUndefined, Iter8Error, messageOf } from '../../errors.ts';
import type { Clock } from '../../io.ts';
import { versionsIn, type Experiment } from '../../experiment/experiment.ts';
import { readinessInputs } from '../../experiment/tasks/readiness-inputs.ts';
import { taskSettings } from '../../experiment/tasks/timeout-retries-ignore-failure.ts';
import { readField } from '../../expressions/field-path.ts';
import { parseWaitFor, type WaitFor } from '../../expressions/wait-for.ts';
import { formatCounted, formatSeconds } from '../../text/units.ts';
import type { KubeClient } from '../kube/api-client.ts';
import type { Resource } from '../kube/resources.ts';
import { createDiscovery, type Discovery } from '../kube/discovery.ts';
import type { PerformTask } from './task-registry.ts';

export function createReadinessTask(ports: { readonly client: KubeClient; readonly clock: Clock }): PerformTask {
  return async ({ task, experiment, signal }) => {
    const { timeoutMs = Infinity } = taskSettings(task);
    const endMs = ports.clock.monotonicMs() + timeoutMs;
    const { initialDelaySeconds, numRetries, intervalSeconds, objRefs } = readinessInputs(task);
    const wanted = [...objRefs.map((ref) => namedObject(ref, experiment)), ...weightObjects(experiment)];
    if (initialDelaySeconds > 0) await ports.clock.sleep(initialDelaySeconds * 1000, signal);
    for (let attempt = 1; ; attempt += 1) {
      // Made again for each try: a kind may be installed meanwhile.
      const discovery = createDiscovery(ports.client);
      const missing = await notReady(wanted, { client: ports.client, discovery, signal });
      if (missing.length === 0) return `${formatCounted(wanted.length, 'object is', 'objects are')} ready`;
      if (attempt > numRetries || ports.clock.monotonicMs() + intervalSeconds * 1000 > endMs) {
        throw new Iter8Error(
          `${missing.join('; ')} (after ${formatCounted(attempt, 'try', 'tries')}, ${formatSeconds(initialDelaySeconds + (attempt - 1) * intervalSeconds)})`,
        );
      }
      await ports.clock.sleep(intervalSeconds * 1000, signal);
    }
  };
}

interface WantedObject {
  readonly text: string;
  readonly namespace: string;
  readonly name: string;
  readonly find: (discovery: Discovery, signal: AbortSignal) => Promise<Resource>;
  readonly waitFor?: string | undefined;
}

function namedObject(
  ref: {
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly waitFor?: string | undefined;
  },
  experiment: Experiment,
): WantedObject {
  const namespace = ref.namespace ?? experiment.metadata.namespace;
  return {
    text: `${ref.kind} ${namespace}/${ref.name}`,
    namespace,
    name: ref.name,
    find: (discovery, signal) => discovery.ofType(ref.kind, signal),
    waitFor: ref.waitFor,
  };
}

function weightObjects(experiment: Experiment): WantedObject[] {
  return versionsIn(experiment).flatMap(({ weightObjRef: ref }) => {
    if (ref?.apiVersion === undefined || ref.kind === undefined || ref.name === undefined) return [];
    const { apiVersion, kind, name } = ref;
    const namespace = ref.namespace ?? experiment.metadata.namespace;
    return [
      {
        text: `${kind} ${namespace}/${name}`,
        namespace,
        name,
        find: (discovery: Discovery, signal: AbortSignal) => discovery.ofKind(apiVersion, kind, signal),
      },
    ];
  });
}

/** A sentence for each object that is not ready. */
async function notReady(
  wanted: readonly WantedObject[],
  how: { readonly client: KubeClient; readonly discovery: Discovery; readonly signal: AbortSignal },
): Promise<string[]> {
  const sentences = await Promise.all(
    wanted.map(async (one) => {
      const gone = one.waitFor === 'delete';
      try {
        const resource = await one.find(how.discovery, how.signal);
        const object = await foundOrUndefined(
          how.client.request<unknown>({
            verb: 'get',
            resource,
            namespace: resource.namespaced ? one.namespace : undefined,
            name: one.name,
            signal: how.signal,
          }),
        );
        if (object === undefined) return gone ? undefined : `${one.text} is not there`;
        const unmet = one.waitFor === undefined ? undefined : unmetCondition(object, one.waitFor, isSecret(resource));
        return unmet === undefined ? undefined : `${one.text}: ${unmet}`;
      } catch (error) {
        how.signal.throwIfAborted();
        if (!(error instanceof Iter8Error)) throw error;
        return `${one.text}: ${messageOf(error)}`;
      }
    }),
  );
  return sentences.filter((sentence) => sentence !== undefined);
}

/** Why what an object is waited for does not hold yet, or undefined. Pure. */
export function unmetCondition(object: unknown, written: string, hidesValues = false): string | undefined {
  const wanted = parseWaitFor(written);
  if ('problem' in wanted) return `waitFor: ${wanted.problem}`;
  switch (wanted.kind) {
    case 'create':
      return undefined;
    case 'delete':
      return 'it is still there';
    case 'condition':
      return unmetStatus(object, wanted.type, wanted.status);
    case 'field':
      return unmetValue(object, wanted, hidesValues);
  }
}

interface WithConditions {
  readonly metadata?: { readonly generation?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly {
      readonly type?: string;
      readonly status?: string;
      readonly reason?: string;
      readonly observedGeneration?: number;
    }[];
  };
}

function unmetStatus(object: unknown, type: string, value: string): string | undefined {
  const { metadata, status } = object as WithConditions;
  const condition = (Array.isArray(status?.conditions) ? status.conditions : []).find(
    (one) => one.type?.toLowerCase() === type.toLowerCase(),
  );
  if (condition === undefined) return `it has no condition ${type} yet`;
  // What was seen before the last change of the object says nothing about it now.
  const observed = condition.observedGeneration ?? status?.observedGeneration;
  if (observed !== undefined && metadata?.generation !== undefined && observed < metadata.generation)
    return `its condition ${type} is of an earlier state`;
  if (condition.status?.toLowerCase() === value.toLowerCase()) return undefined;
  const reason = condition.reason === undefined ? '' : ` (${condition.reason})`;
  return `condition ${type} is ${condition.status ?? 'not set'}${reason}, expected ${value}`;
}

/** What it holds is in no message. */
function isSecret({ group, plural }: Resource): boolean {
  return group === '' && plural === 'secrets';
}

function unmetValue(
  object: unknown,
  { path, text: shown, value }: Extract<WaitFor, { kind: 'field' }>,
  hidesValues: boolean,
): string | undefined {
  const present = readField(object, path);
  if (present === undefined || present === null) return `${shown} is not set`;
  const text = typeof present === 'string' ? present : JSON.stringify(present);
  if (value === undefined || value === text) return undefined;
  if (hidesValues) return `${shown} is not what is expected`;
  return `${shown} is ${text.slice(0, 100)}, expected ${value}`;
}
