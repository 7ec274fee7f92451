/**
 * Locks as Leases: one driver an experiment, one experiment a target.
 *
 * A holder renews every 5 s; a Lease that was not renewed for 15 s may be taken over. Times are the API server's (its Date
 * header), so that clocks of drivers need not agree. A change is always an update of the version that was read: of two who see
 * the same dead holder one succeeds.
 *
 * While the API server cannot be reached nobody else can take over either: the holder goes on, and looks again once it answers.
 * Source: behaviour.md 6; coordination.k8s.io/v1 Lease.
 */
import { createHash } from 'node:crypto';
import { ConflictError, Iter8Error, NotFoundError, UnavailableError } from '../../errors.ts';
import type { ObjectKey } from '../../experiment/experiment.ts';
import type { DriverLock, HeldLock, Holder } from '../../drive/ports.ts';
import type { KubeClient, Resource } from './api-client.ts';

export const LEASES: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true };

const HELD_SECONDS = 15;
const RENEW_EVERY_MS = 5_000;
/** While the server does not answer. */
const RENEW_AGAIN_MS = 1_000;
const DESCRIPTION = 'iter8.tools/holder';
const MOST_ATTEMPTS = 5;

interface Lease {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly object[];
  };
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly renewTime?: string | null;
    readonly acquireTime?: string | null;
    readonly leaseDurationSeconds?: number | null;
    readonly leaseTransitions?: number | null;
  };
}

/** Where the Lease of a key is, and what owns it. */
export interface LeasePlace {
  readonly namespace: string;
  readonly name: string;
  /** What it is for, for people who look at it. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** It goes when its owner goes. */
  readonly owner?:
    | { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string }
    | undefined;
}

/** `iter8ctl-<hash of the namespace and the name>`: valid whatever the name. */
export function leaseName(...parts: readonly string[]): string {
  return `iter8ctl-${createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16)}`;
}

export function createLeaseLock(
  client: KubeClient,
  placeOf: (key: ObjectKey, signal?: AbortSignal) => Promise<LeasePlace>,
): DriverLock {
  return {
    acquire: async (key, holder, signal) => acquire(client, await placeOf(key, signal), holder, signal),
    holder: async (key, signal) => {
      const { namespace, name } = await placeOf(key, signal);
      const lease = await find(client, { namespace, name }, signal);
      return lease !== undefined && isLive(lease, client) ? holderOf(lease) : undefined;
    },
  };
}

async function acquire(
  client: KubeClient,
  place: LeasePlace,
  holder: Holder,
  signal?: AbortSignal,
): Promise<{ readonly held: HeldLock } | { readonly heldBy: Holder }> {
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    const present = await find(client, place, signal);
    if (present !== undefined && isLive(present, client) && present.spec?.holderIdentity !== holder.identity)
      return { heldBy: holderOf(present) };
    try {
      const taken = await write(client, place, holder, present, signal);
      return { held: hold(client, place, holder, taken) };
    } catch (error) {
      if (!(error instanceof ConflictError) && !(error instanceof NotFoundError && present !== undefined)) throw error;
    }
  }
  throw new UnavailableError(`the lease ${place.namespace}/${place.name} changed hands ${MOST_ATTEMPTS} times`);
}

async function find(client: KubeClient, place: LeasePlace, signal?: AbortSignal): Promise<Lease | undefined> {
  try {
    const { namespace, name } = place;
    return await client.request<Lease>({ verb: 'get', resource: LEASES, namespace, name, signal });
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** Created, or the version that was read updated: ConflictError when somebody else was first. */
async function write(
  client: KubeClient,
  place: LeasePlace,
  holder: Holder | undefined,
  present: Lease | undefined,
  signal?: AbortSignal,
): Promise<Lease> {
  const now = new Date(client.serverNow()).toISOString().replace('Z', '000Z'); // MicroTime
  const same = present?.spec?.holderIdentity === holder?.identity;
  const body: object = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: place.name,
      namespace: place.namespace,
      labels: { ...present?.metadata.labels, 'app.kubernetes.io/managed-by': 'iter8ctl' },
      annotations: {
        ...present?.metadata.annotations,
        ...place.annotations,
        ...(holder === undefined ? {} : { [DESCRIPTION]: holder.description }),
      },
      ...(present?.metadata.resourceVersion === undefined ? {} : { resourceVersion: present.metadata.resourceVersion }),
      ...(place.owner === undefined
        ? {}
        : { ownerReferences: [{ ...place.owner, controller: false, blockOwnerDeletion: false }] }),
    },
    spec: {
      holderIdentity: holder?.identity ?? '',
      leaseDurationSeconds: HELD_SECONDS,
      acquireTime: same ? (present?.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (present?.spec?.leaseTransitions ?? 0) + (same || present === undefined ? 0 : 1),
    },
  };
  const { namespace, name } = place;
  return present === undefined
    ? client.request<Lease>({ verb: 'create', resource: LEASES, namespace, body, signal })
    : client.request<Lease>({ verb: 'update', resource: LEASES, namespace, name, body, signal });
}

function isLive(lease: Lease, client: KubeClient): boolean {
  const { holderIdentity, renewTime, leaseDurationSeconds } = lease.spec ?? {};
  if (holderIdentity === undefined || holderIdentity === null || holderIdentity === '') return false;
  const renewed = Date.parse(renewTime ?? '');
  if (Number.isNaN(renewed)) return false;
  return client.serverNow() - renewed < (leaseDurationSeconds ?? HELD_SECONDS) * 1000;
}

function holderOf(lease: Lease): Holder {
  const identity = lease.spec?.holderIdentity ?? '';
  return { identity, description: lease.metadata.annotations?.[DESCRIPTION] ?? identity };
}

function hold(client: KubeClient, place: LeasePlace, holder: Holder, taken: Lease): HeldLock {
  const lost = new AbortController();
  const ended = new AbortController();
  let lease = taken;
  let renewedMs = performance.now();
  let timer: NodeJS.Timeout;
  let renewing = Promise.resolve();
  const schedule = (ms: number) => {
    timer = setTimeout(() => {
      renewing = renew();
    }, ms);
    timer.unref();
  };
  const renew = async () => {
    try {
      const askedMs = performance.now();
      lease = await write(client, place, holder, lease, ended.signal);
      renewedMs = askedMs;
      schedule(RENEW_EVERY_MS);
    } catch (error) {
      if (ended.signal.aborted) return;
      if (!(error instanceof Iter8Error)) lost.abort(error);
      else if (error instanceof ConflictError || error instanceof NotFoundError) await lookAgain();
      else schedule(RENEW_AGAIN_MS);
    }
  };
  /** Somebody wrote or deleted it: somebody else holds it now, or it is still ours and was only touched. */
  const lookAgain = async () => {
    try {
      const present = await find(client, place, ended.signal);
      if (present !== undefined && present.spec?.holderIdentity !== holder.identity) {
        lost.abort(new UnavailableError('the lease was taken over by another driver'));
        return;
      }
      lease = present ?? (await write(client, place, holder, undefined, ended.signal));
      schedule(present === undefined ? RENEW_EVERY_MS : 0);
    } catch {
      if (!ended.signal.aborted) schedule(RENEW_AGAIN_MS);
    }
  };
  schedule(RENEW_EVERY_MS);
  return {
    lost: lost.signal,
    confirm: async () => {
      if (performance.now() - renewedMs < HELD_SECONDS * 1000) return;
      const present = await find(client, place, ended.signal);
      if (present !== undefined && present.spec?.holderIdentity !== holder.identity)
        lost.abort(new UnavailableError('the lease was taken over by another driver'));
    },
    release: async () => {
      if (ended.signal.aborted) return;
      clearTimeout(timer);
      ended.abort();
      await renewing;
      if (lost.signal.aborted) return;
      // One last try: a Lease that stays is taken over after 15 s.
      await write(client, place, undefined, lease).catch(() => undefined);
    },
  };
}
