/** What the account may do: asked of the API server by SelfSubjectAccessReview. */
import type { KubeClient } from './api-client.ts';
import type { Resource } from './resources.ts';

const REVIEWS: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
};

export interface Permission {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** `patch experiments.iter8.tools/status in namespace default`, `get secrets token in namespace shop`. */
export function permissionText(permission: Permission): string {
  const { verb, group, resource, subresource, namespace, name } = permission;
  const kind = `${resource}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
  return `${verb} ${kind}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
}

export async function mayI(client: KubeClient, permission: Permission, signal?: AbortSignal): Promise<boolean> {
  const answer = await client.request<{ readonly status?: { readonly allowed?: boolean } }>({
    verb: 'create',
    resource: REVIEWS,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: permission },
    },
    signal,
    repeatable: true, // nothing is stored
  });
  return answer.status?.allowed === true;
}
