/** Makes the objects in the cluster what they should be, and removes them again. */
import { foundOrUndefined, Iter8Error, NotFoundError, TimeoutError } from '../errors.ts';
import type { Clock } from '../io.ts';
import type { KubeClient } from '../adapters/kube/api-client.ts';
import { EXPERIMENTS } from '../adapters/kube/resources.ts';
import { FieldsConflictError } from '../adapters/kube/api-error.ts';
import { listPages } from '../adapters/kube/list-watch.ts';
import { retryExpired } from '../adapters/kube/retry.ts';
import { CRDS } from './crds.ts';
import { DEPLOYMENTS } from './deployment.ts';
import { objectText, type InstallObject } from './install-object.ts';

const FIELD_MANAGER = 'iter8ctl-install';
const CRD_WAIT_MS = 60_000;
const ASK_AGAIN_MS = 500;

export type Applied = 'created' | 'configured' | 'unchanged';

interface WithStatus {
  readonly metadata?: { readonly resourceVersion?: string; readonly generation?: number };
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly Condition[];
  };
}

interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly message?: string;
}

/** A field that `install` would set, and that belongs to somebody else. */
export interface TakenField {
  readonly object: string;
  readonly owner: string;
  readonly field: string;
}

/**
 * Fields of these objects that others have set to something else: asked of the server before anything is changed. Whoever
 * created an object otherwise (`kubectl create`, Argo CD) owns what they wrote.
 */
export async function fieldsOfOthers(client: KubeClient, objects: readonly InstallObject[]): Promise<TakenField[]> {
  const found: TakenField[] = [];
  for (const one of objects) {
    try {
      await apply(client, one, { dryRun: 'All' });
    } catch (error) {
      if (error instanceof FieldsConflictError)
        found.push(...error.conflicts.map((conflict) => ({ object: objectText(one), ...conflict })));
      // Its namespace is made by an earlier object: nobody can own anything in it.
      else if (!(error instanceof NotFoundError)) throw error;
    }
  }
  return found;
}

/** Server-side apply: fields of others stay as they are, or with `force` become ours. @throws FieldsConflictError */
export async function applyObject(
  client: KubeClient,
  one: InstallObject,
  how: { readonly force: boolean },
): Promise<Applied> {
  const before = await find(client, one);
  const after = await apply(client, one, how.force ? { force: 'true' } : {});
  if (before === undefined) return 'created';
  return before.metadata?.resourceVersion === after.metadata?.resourceVersion ? 'unchanged' : 'configured';
}

function apply(client: KubeClient, one: InstallObject, query: Readonly<Record<string, string>>): Promise<WithStatus> {
  return client.request<WithStatus>({
    verb: 'patch',
    resource: one.resource,
    namespace: one.object.metadata.namespace,
    name: one.object.metadata.name,
    query: { fieldManager: FIELD_MANAGER, ...query },
    contentType: 'application/apply-patch+yaml',
    body: one.object,
  });
}

export async function findObject(client: KubeClient, one: InstallObject): Promise<boolean> {
  return (await find(client, one)) !== undefined;
}

/** False when it was not there. */
export async function deleteObject(client: KubeClient, one: InstallObject): Promise<boolean> {
  try {
    const { namespace, name } = one.object.metadata;
    await client.request({ verb: 'delete', resource: one.resource, namespace, name });
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

/** Waits until what was made works: CRDs are served, the controller is available as it was asked for. @throws TimeoutError */
export async function waitUntilReady(
  client: KubeClient,
  one: InstallObject,
  how: { readonly clock: Clock; readonly waitMs: number },
): Promise<void> {
  const wanted = { [CRDS.plural]: 'Established', [DEPLOYMENTS.plural]: 'Available' }[one.resource.plural];
  if (wanted === undefined) return;
  const waitMs = one.resource.plural === CRDS.plural ? CRD_WAIT_MS : how.waitMs;
  const deadline = how.clock.monotonicMs() + waitMs;
  for (;;) {
    const present = await find(client, one);
    const condition = conditionOf(present, wanted);
    const observed = present?.status?.observedGeneration ?? present?.metadata?.generation;
    const isCurrent = observed === present?.metadata?.generation;
    if (condition?.status === 'True' && isCurrent && (wanted !== 'Available' || isRolledOut(present))) return;
    const message = (condition?.status === 'True' ? conditionOf(present, 'Progressing') : condition)?.message;
    if (how.clock.monotonicMs() >= deadline) {
      throw new TimeoutError(
        `${objectText(one)} is not ${wanted.toLowerCase()} after ${waitMs / 1000} s${message === undefined ? '' : `: ${message}`}`,
        { hint: 'look at it: kubectl describe, kubectl get events' },
      );
    }
    await how.clock.sleep(ASK_AGAIN_MS);
  }
}

function conditionOf(present: WithStatus | undefined, type: string): Condition | undefined {
  const conditions: unknown = present?.status?.conditions;
  const list = Array.isArray(conditions) ? (conditions as readonly (Condition | null)[]) : [];
  return list.find((each) => each?.type === type) ?? undefined;
}

/** A Deployment is available, too, by pods of before: they stay until those of now are ready. Source: kubectl rollout status. */
function isRolledOut({ spec, status }: WithStatus = {}): boolean {
  const wanted = spec?.replicas ?? 1;
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status ?? {};
  return updatedReplicas >= wanted && replicas <= updatedReplicas && availableReplicas >= updatedReplicas;
}

/** Waits until it is gone: a CRD goes after the objects of its kind. */
export async function waitUntilGone(
  client: KubeClient,
  one: InstallObject,
  how: { readonly clock: Clock; readonly waitMs: number },
): Promise<void> {
  const deadline = how.clock.monotonicMs() + how.waitMs;
  while (await findObject(client, one)) {
    if (how.clock.monotonicMs() >= deadline)
      throw new TimeoutError(`${objectText(one)} is still being removed after ${how.waitMs / 1000} s`);
    await how.clock.sleep(ASK_AGAIN_MS);
  }
}

/** How many experiments there are, over all namespaces; 0 when the cluster does not know them. */
export function countExperiments(
  client: KubeClient,
): Promise<{ readonly count: number; readonly some: readonly string[] }> {
  return retryExpired(() => countOnce(client), undefined);
}

async function countOnce(client: KubeClient): ReturnType<typeof countExperiments> {
  let count = 0;
  const some: string[] = [];
  try {
    for await (const { items } of listPages<{
      readonly metadata: { readonly namespace: string; readonly name: string };
    }>(client, {
      resource: EXPERIMENTS,
    })) {
      count += items.length;
      for (const { metadata } of items) if (some.length < 5) some.push(`${metadata.namespace}/${metadata.name}`);
    }
  } catch (error) {
    // The CRD itself is not there: `api-error` says so with a hint about installing.
    if (!(error instanceof Iter8Error) || !/does not know/.test(error.message)) throw error;
  }
  return { count, some };
}

async function find(client: KubeClient, one: InstallObject): Promise<WithStatus | undefined> {
  const { namespace, name } = one.object.metadata;
  return foundOrUndefined(client.request<WithStatus>({ verb: 'get', resource: one.resource, namespace, name }));
}
