/** GET of a URL that somebody named: through the proxy of the environment, bounded in time and size. */
import { request } from 'undici';
import { limitedBody, onTheWay, withDispatcher, withinTime, type Env } from './dispatcher.ts';
import { MOST_REDIRECTS, redirectTarget } from './redirects.ts';
import { userHeader, withoutUser } from './url-user.ts';

export interface DownloadOptions {
  readonly env: Env;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Downloaded {
  readonly status: number;
  readonly bytes: Uint8Array;
}

/** Follows redirects. Rejects with the error of the connection, or with the signal's own reason when it is aborted. */
export function download(url: string, options: DownloadOptions): Promise<Downloaded> {
  return withinTime({ ...options, way: onTheWay(url, options.env) }, (signal) =>
    follow(new URL(url), { ...options, signal }),
  );
}

async function follow(first: URL, options: DownloadOptions & { readonly signal: AbortSignal }): Promise<Downloaded> {
  const { env, maxBytes, signal } = options;
  let url = first;
  // A request that has left the first origin carries no credentials any more, wherever it leads: another server chose that.
  let user = userHeader(first);
  for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
    const answered = await withDispatcher({ url, env, signal }, async (dispatcher) => {
      const answer = await request(withoutUser(url), {
        headers: { 'user-agent': 'iter8ctl', ...user },
        dispatcher,
        signal,
      });
      const { location } = answer.headers;
      if (answer.statusCode >= 300 && answer.statusCode <= 399 && typeof location === 'string')
        return redirectTarget(location, url);
      return { status: answer.statusCode, bytes: await limitedBody(answer.body, maxBytes) };
    });
    if (!(answered instanceof URL)) return answered;
    url = answered;
    if (url.origin !== first.origin) user = {};
  }
  throw new Error(`more than ${MOST_REDIRECTS} redirects`);
}
