/** One experiment a target: a Lease named by the target's hash, where every driver of the cluster looks (behaviour.md 6). */
import { Iter8Error, NotFoundError } from '../../errors.ts';
import type { DriverLock } from '../../engine/ports.ts';
import { mayI } from './access.ts';
import type { KubeClient, Resource } from './client.ts';
import { createLeaseLock, LEASES } from './lease.ts';

const NAMESPACES: Resource = { group: '', version: 'v1', plural: 'namespaces', namespaced: false };

/** In `system` if this account may, else in its own namespace, with a warning: other namespaces are not seen then. */
export function createTargetLeases(
  client: KubeClient,
  options: { readonly system: string; readonly warn: (text: string) => void },
): DriverLock {
  let place: Promise<string> | undefined;
  return createLeaseLock(client, async (key) => {
    place ??= chooseNamespace(client, options);
    place.catch(() => (place = undefined));
    return { namespace: await place, name: `iter8ctl-target-${key.name}` };
  });
}

async function chooseNamespace(
  client: KubeClient,
  { system, warn }: { readonly system: string; readonly warn: (text: string) => void },
): Promise<string> {
  if (client.namespace === system) return system;
  const verbs = await Promise.all(
    ['get', 'create', 'update'].map((verb) =>
      mayI(client, { verb, group: LEASES.group, resource: LEASES.plural, namespace: system }),
    ),
  );
  if (verbs.every(Boolean) && (await isThere(client, system))) return system;
  warn(
    `targets are locked within namespace ${client.namespace} only: there is no namespace ${system}, or this account may not write leases there (iter8ctl install makes both)`,
  );
  return client.namespace;
}

/** An account that may not look at namespaces finds out when it writes. */
async function isThere(client: KubeClient, namespace: string): Promise<boolean> {
  try {
    await client.request({ verb: 'get', resource: NAMESPACES, name: namespace });
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    if (error instanceof Iter8Error) return true;
    throw error;
  }
}
