/**
 * Locks as Leases: one driver an experiment, one experiment a target.
 *
 * A holder renews every 5 s; a Lease that was not renewed for 15 s may be taken over. Times are the API server's (its Date
 * header), so that clocks of drivers need not agree. A change is always an update of the version that was read: of two who see
 * the same dead holder one succeeds.
 *
 * While the API server cannot be reached nobody else can take over either: the holder goes on, and looks again once it answers.
 * Source: docs/behavior.md 6; coordination.k8s.io/v1 Lease.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ConflictError, foundOrUndefined, Iter8Error, NotFoundError, UnavailableError } from '../../errors.ts';
import type { ObjectKey } from '../../experiment/experiment.ts';
import { HELD_MS, RENEW_EVERY_MS } from '../../drive/lock-timing.ts';
import type { DriverLock, HeldLock, Holder } from '../../drive/ports.ts';
import { isTransient } from './api-error.ts';
import type { KubeClient } from './api-client.ts';
import type { Resource } from './resources.ts';
import { backoffMs } from './retry.ts';
import { isObject } from '../../text/check-fields.ts';
import { isText } from './value-types.ts';

export const LEASES: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true };

/** Longest wait for an answer, so that a frozen connection costs no lease: the next attempt takes another one. */
const ANSWER_MS = 5_000;
/** While the server does not answer, or others write. */
const RENEW_AGAIN = { firstMs: 1_000, longestMs: RENEW_EVERY_MS };
const ACQUIRE_AGAIN = { firstMs: 100, longestMs: 2_000 };
const DESCRIPTION = 'iter8.tools/holder';
const MOST_ATTEMPTS = 5;

interface Lease {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly renewTime?: string | null;
    readonly acquireTime?: string | null;
    readonly leaseDurationSeconds?: number | null;
    readonly leaseTransitions?: number | null;
  };
}

/** Not repeated by the client: whoever holds a Lease has its own intervals. */
const ONCE = { retry: false, timeoutMs: ANSWER_MS } as const;

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
  for (let attempt = 1; ; attempt += 1) {
    const present = await find(client, place, signal);
    if (present !== undefined && isLive(present, client) && present.spec?.holderIdentity !== holder.identity)
      return { heldBy: holderOf(present) };
    try {
      const taken = await write(client, place, { holder, present }, signal);
      return { held: hold(client, place, holder, taken) };
    } catch (error) {
      // One that seemed to fail may have been written all the same: the next look recognises it by our identity.
      const changed = error instanceof ConflictError || (error instanceof NotFoundError && present !== undefined);
      if (!changed && !isTransient(error)) throw error;
      if (attempt === MOST_ATTEMPTS) {
        if (!changed) throw error;
        throw new UnavailableError(`the lease ${place.namespace}/${place.name} changed hands ${MOST_ATTEMPTS} times`);
      }
    }
    await delay(backoffMs(attempt, ACQUIRE_AGAIN), undefined, signal === undefined ? {} : { signal });
  }
}

async function find(
  client: KubeClient,
  place: LeasePlace,
  signal?: AbortSignal,
  rhythm: { readonly retry?: boolean; readonly timeoutMs?: number } = {},
): Promise<Lease | undefined> {
  const { namespace, name } = place;
  const answer = await foundOrUndefined<unknown>(
    client.request({ verb: 'get', resource: LEASES, namespace, name, signal, ...rhythm }),
  );
  return answer === undefined ? undefined : leaseIn(answer);
}

/** Whatever is not of its type is left out, and nobody holds a lease without a holder or a time. */
function leaseIn(answer: unknown): Lease {
  const { metadata, spec } = answer as { readonly metadata: Lease['metadata']; readonly spec?: unknown };
  const text = (key: string) => (isObject(spec) && isText(spec[key]) ? spec[key] : null);
  const number = (key: string) => (isObject(spec) && Number.isFinite(spec[key]) ? (spec[key] as number) : null);
  const texts = (map: unknown) =>
    isObject(map) && Object.values(map).every(isText) ? (map as Record<string, string>) : {};
  return {
    metadata: { ...metadata, annotations: texts(metadata.annotations), labels: texts(metadata.labels) },
    spec: {
      holderIdentity: text('holderIdentity'),
      renewTime: text('renewTime'),
      acquireTime: text('acquireTime'),
      leaseDurationSeconds: number('leaseDurationSeconds'),
      leaseTransitions: number('leaseTransitions'),
    },
  };
}

/** Created, or the version that was read updated: ConflictError when somebody else was first. */
async function write(
  client: KubeClient,
  place: LeasePlace,
  { holder, present }: { readonly holder: Holder | undefined; readonly present: Lease | undefined },
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
      leaseDurationSeconds: HELD_MS / 1000,
      acquireTime: same ? (present?.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (present?.spec?.leaseTransitions ?? 0) + (same || present === undefined ? 0 : 1),
    },
  };
  const { namespace, name } = place;
  const how = { resource: LEASES, namespace, body, signal, ...ONCE };
  return leaseIn(
    await (present === undefined
      ? client.request({ verb: 'create', ...how })
      : client.request({ verb: 'update', name, ...how })),
  );
}

function isLive(lease: Lease, client: KubeClient): boolean {
  const { holderIdentity, renewTime, leaseDurationSeconds } = lease.spec ?? {};
  if (holderIdentity === undefined || holderIdentity === null || holderIdentity === '') return false;
  const renewed = Date.parse(renewTime ?? '');
  if (Number.isNaN(renewed)) return false;
  const heldMs = typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds * 1000 : HELD_MS;
  return client.serverNow() - renewed < heldMs;
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
  let failures = 0;
  let wasOld = false;
  const schedule = (ms: number) => {
    timer = setTimeout(() => {
      renewing = renew();
    }, ms);
    timer.unref();
  };
  const renew = async () => {
    try {
      const askedMs = performance.now();
      lease = await write(client, place, { holder, present: lease }, ended.signal);
      renewedMs = askedMs;
      failures = 0;
      // The server's time is counted on by a clock that stands still while the machine is suspended: what was written then is old, and
      // the answer has brought the time as it is.
      const isOld = client.serverNow() - Date.parse(lease.spec?.renewTime ?? '') > RENEW_EVERY_MS;
      schedule(isOld && !wasOld ? 0 : RENEW_EVERY_MS);
      wasOld = isOld;
    } catch (error) {
      if (ended.signal.aborted) return;
      if (!(error instanceof Iter8Error)) lost.abort(error);
      else if (error instanceof ConflictError || error instanceof NotFoundError) await lookAgain();
      else again();
    }
  };
  const again = () => {
    failures += 1;
    schedule(backoffMs(failures, RENEW_AGAIN));
  };
  /** Somebody wrote or deleted it: somebody else holds it now, or it is still ours and was only touched. */
  const lookAgain = async () => {
    try {
      const present = await find(client, place, ended.signal, ONCE);
      if (present !== undefined && present.spec?.holderIdentity !== holder.identity) {
        lost.abort(new UnavailableError('the lease was taken over by another driver'));
        return;
      }
      lease = present ?? (await write(client, place, { holder, present: undefined }, ended.signal));
      // Somebody touched it: renewed at once the first time, later with the waits of a server that does not answer.
      if (present === undefined) schedule(RENEW_EVERY_MS);
      else if (failures === 0) {
        failures = 1;
        schedule(0);
      } else again();
    } catch {
      if (!ended.signal.aborted) again();
    }
  };
  schedule(RENEW_EVERY_MS);
  return {
    lost: lost.signal,
    confirm: async () => {
      if (performance.now() - renewedMs < HELD_MS) return;
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
      await write(client, place, { holder: undefined, present: lease }).catch(() => undefined);
    },
  };
}
