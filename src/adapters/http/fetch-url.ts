/** GET of a URL that somebody named: through the proxy of the environment, bounded in time and size. */
import { Agent, ProxyAgent, request, type Dispatcher } from 'undici';
import { proxyFor } from './proxy.ts';

export interface FetchUrlOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface FetchedUrl {
  readonly status: number;
  readonly bytes: Uint8Array;
}

const MOST_REDIRECTS = 5;

/** Follows redirects. Rejects with an Error whose message is a reason, or with the signal's own when it is aborted. */
export async function fetchUrl(url: string, options: FetchUrlOptions): Promise<FetchedUrl> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  try {
    return await follow(new URL(url), { ...options, signal });
  } catch (error) {
    options.signal?.throwIfAborted();
    if (timeout.aborted) throw new Error(`no answer within ${options.timeoutMs / 1000} s`, { cause: error });
    throw reasonOf(error);
  }
}

async function follow(first: URL, options: FetchUrlOptions & { readonly signal: AbortSignal }): Promise<FetchedUrl> {
  let url = first;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
    const dispatcher = dispatcherFor(url, options.env);
    try {
      const answer = await request(withoutUser(url), {
        headers: { 'user-agent': 'iter8ctl', ...(url.origin === first.origin ? authorization(first) : {}) },
        dispatcher,
        signal: options.signal,
      });
      const { location } = answer.headers;
      if (answer.statusCode < 300 || answer.statusCode > 399 || typeof location !== 'string')
        return { status: answer.statusCode, bytes: await limited(answer.body, options.maxBytes) };
      const next = new URL(location, url);
      if (next.protocol !== 'http:' && next.protocol !== 'https:')
        throw new Error(`a redirect to ${next.protocol} is not followed`);
      if (url.protocol === 'https:' && next.protocol === 'http:')
        throw new Error('a redirect from https to http is not followed');
      url = next;
    } finally {
      await dispatcher.destroy();
    }
  }
  throw new Error(`more than ${MOST_REDIRECTS} redirects`);
}

function dispatcherFor(url: URL, env: FetchUrlOptions['env']): Dispatcher {
  const proxy = proxyFor(url.href, env);
  if (proxy === undefined) return new Agent();
  if (!/^https?:\/\//.test(proxy.url) || !URL.canParse(proxy.url))
    throw new Error(`${proxy.variable} is no URL of a proxy: write it as http://HOST:PORT`);
  return new ProxyAgent(proxy.url);
}

function withoutUser(url: URL): URL {
  const bare = new URL(url);
  [bare.username, bare.password] = ['', ''];
  return bare;
}

/** User and password of the URL, as curl sends them. */
function authorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const [user, secret] = [username, password].map(decoded);
  return { authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function limited(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** undici wraps what happened on the socket. */
function reasonOf(error: unknown): Error {
  const cause: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const first: unknown = cause instanceof AggregateError ? (cause.errors[0] ?? cause) : cause;
  return first instanceof Error ? first : new Error(String(first));
}
