/** Who asks, and whether they may: a bearer token for the API server, and the rights that it has there. */
import { permissionText, type Permission } from '../adapters/kube/access-review.ts';
import type { KubeUser } from '../adapters/kube/token-review.ts';
import { busy, RefusedError } from './answer.ts';

export interface Reviews {
  /** Undefined when the token is not taken. */
  readonly userOf: (token: string, signal: AbortSignal) => Promise<KubeUser | undefined>;
  readonly may: (user: KubeUser, permission: Permission, signal: AbortSignal) => Promise<boolean>;
}

/** Somebody who may be asked for. */
export interface Caller {
  /** @throws RefusedError 403 when they may not all of it */
  readonly must: (permissions: readonly Permission[], signal: AbortSignal) => Promise<void>;
}

/** Tokens of service accounts have one or two kilobytes. */
const LONGEST_TOKEN = 16 * 1024;
/** Whoever has no token at all could else make the API server work without end. */
const MOST_REVIEWS = 16;
const TOKEN = /^[\w.~+/-]+=*$/;

const unauthorized = (message: string): RefusedError =>
  new RefusedError(401, message, { headers: { 'WWW-Authenticate': 'Bearer realm="iter8ctl"' } });

/** Of an `Authorization` header. @throws RefusedError 401 */
export function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined)
    throw unauthorized('a bearer token is needed: that of a service account, as kubectl create token makes it');
  const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (token === undefined) throw unauthorized('the Authorization header is not: Bearer TOKEN');
  return token;
}

export class Access {
  readonly #reviews: Reviews | undefined;
  #underWay = 0;

  /** `reviews` absent: nobody is asked who they are (`--api-auth none`). */
  constructor(reviews: Reviews | undefined) {
    this.#reviews = reviews;
  }

  /** `token`: read only where it is needed. @throws RefusedError 401 */
  async caller(token: () => string, signal: AbortSignal): Promise<Caller> {
    const reviews = this.#reviews;
    if (reviews === undefined) return { must: () => Promise.resolve() };
    const shown = token();
    if (shown.length > LONGEST_TOKEN || !TOKEN.test(shown)) throw unauthorized('this is no token');
    const user = await this.#bounded(() => reviews.userOf(shown, signal));
    if (user === undefined) throw unauthorized('the API server does not take this token: it may have expired');
    return {
      must: async (permissions, until) => {
        for (const permission of permissions) {
          if (await this.#bounded(() => reviews.may(user, permission, until))) continue;
          throw new RefusedError(403, `${user.username} may not ${permissionText(permission)}`);
        }
      },
    };
  }

  async #bounded<T>(review: () => Promise<T>): Promise<T> {
    if (this.#underWay >= MOST_REVIEWS) throw busy('too many requests at once');
    this.#underWay += 1;
    try {
      return await review();
    } finally {
      this.#underWay -= 1;
    }
  }
}
