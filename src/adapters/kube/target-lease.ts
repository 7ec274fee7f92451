/**
 * One experiment a target: a Lease named by the target's hash, where every driver of the cluster looks
 * (docs/behavior.md 6).
 */
import { Iter8Error, NotFoundError } from '../../errors.ts';
import type { DriverLock } from '../../drive/ports.ts';
import { mayI } from './access-review.ts';
import type { KubeClient } from './api-client.ts';
import { NAMESPACES } from './resources.ts';
import { createLeaseLock, LEASES } from './lease.ts';

/** In `system` if this account may, else in the namespace of the key, with a warning: other namespaces are not seen then. */
export function createTargetLeases(
  client: KubeClient,
  options: { readonly system: string; readonly warn: (text: string) => void },
): DriverLock {
  let mayShare: Promise<boolean> | undefined;
  let warned = false;
  return createLeaseLock(client, async (key) => {
    mayShare ??= mayWriteIn(client, options.system);
    mayShare.catch(() => (mayShare = undefined));
    const shared = await mayShare;
    if (!shared && !warned && key.namespace !== options.system) {
      options.warn(
        `targets are locked within namespace ${key.namespace} only: there is no namespace ${options.system}, or this account may not write leases there (iter8ctl install makes both)`,
      );
      warned = true;
    }
    return { namespace: shared ? options.system : key.namespace, name: `iter8ctl-target-${key.name}` };
  });
}

async function mayWriteIn(client: KubeClient, namespace: string): Promise<boolean> {
  const verbs = await Promise.all(
    ['get', 'create', 'update'].map((verb) =>
      mayI(client, { verb, group: LEASES.group, resource: LEASES.plural, namespace }),
    ),
  );
  return verbs.every(Boolean) && (await isThere(client, namespace));
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
