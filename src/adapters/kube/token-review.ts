/**
 * Whose token somebody shows, and what they may do: asked of the API server, by TokenReview and SubjectAccessReview. Nothing is kept:
 * a token that is revoked, or a right that is taken away, counts with the next request.
 */
import type { KubeClient } from './api-client.ts';
import type { Resource } from './resources.ts';
import type { Permission } from './access-review.ts';

const TOKEN_REVIEWS: Resource = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'tokenreviews',
  namespaced: false,
};
const ACCESS_REVIEWS: Resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
  namespaced: false,
};

/** As the API server knows them: what a SubjectAccessReview takes. */
export interface KubeUser {
  readonly username: string;
  readonly uid?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

interface TokenReview {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: Partial<KubeUser>;
    readonly audiences?: readonly string[];
  };
}

/**
 * Undefined for a token that the server does not take, such as one that has expired. `audience`: whom the token has to be made for; absent:
 * the API server itself. A server that knows no audiences says none, which is not enough where one is asked for.
 */
export async function userOfToken(
  client: KubeClient,
  token: string,
  how: { readonly audience?: string | undefined; readonly signal?: AbortSignal | undefined },
): Promise<KubeUser | undefined> {
  const { audience, signal } = how;
  const { status } = await client.request<TokenReview>({
    verb: 'create',
    resource: TOKEN_REVIEWS,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, ...(audience === undefined ? {} : { audiences: [audience] }) },
    },
    signal,
    repeatable: true, // nothing is stored
  });
  const { authenticated, user, audiences } = status ?? {};
  if (authenticated !== true || typeof user?.username !== 'string' || user.username === '') return undefined;
  if (audience !== undefined && audiences?.includes(audience) !== true) return undefined;
  return { ...user, username: user.username };
}

export async function mayThey(
  client: KubeClient,
  user: KubeUser,
  permission: Permission,
  signal?: AbortSignal,
): Promise<boolean> {
  const { username, uid, groups, extra } = user;
  const answer = await client.request<{ readonly status?: { readonly allowed?: boolean; readonly denied?: boolean } }>({
    verb: 'create',
    resource: ACCESS_REVIEWS,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: username, uid, groups, extra, resourceAttributes: permission },
    },
    signal,
    repeatable: true, // nothing is stored
  });
  return answer.status?.allowed === true && answer.status.denied !== true;
}
