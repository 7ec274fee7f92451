/** Who the API server takes this account for. Source: authentication.k8s.io/v1 SelfSubjectReview (Kubernetes 1.28). */
import { Iter8Error } from '../../errors.ts';
import type { KubeClient } from './api-client.ts';
import type { Resource } from './resources.ts';

const REVIEWS: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'selfsubjectreviews',
  namespaced: false,
};

/** Undefined where the server does not say it: an older one, or one that may not be asked. */
export async function whoAmI(client: KubeClient, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await client.request<{
      readonly status?: { readonly userInfo?: { readonly username?: string } };
    }>({
      verb: 'create',
      resource: REVIEWS,
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      signal,
      repeatable: true, // nothing is stored
    });
    return answer.status?.userInfo?.username;
  } catch (error) {
    if (error instanceof Iter8Error) return undefined;
    throw error;
  }
}
