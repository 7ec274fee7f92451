/**
 * Sends the query of a metric: TLS verified, a limit on time and size, redirects without credentials for strangers, and the
 * proxy of the environment. Home of the HTTP client for metrics.
 */
import { Agent, EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { messageOf } from '../../errors.ts';
import type { MetricRequest } from './build-query.ts';

export interface MetricTls {
  /** PEM. */
  readonly ca?: string | undefined;
  /** Only when the metric says so. */
  readonly insecureSkipVerify?: boolean | undefined;
}

export interface FetchOptions {
  readonly tls: MetricTls;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

export type Fetched =
  | { readonly kind: 'answer'; readonly status: number; readonly text: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'error'; readonly message: string };

const MOST_REDIRECTS = 5;

/** Never rejects but for an abort: what goes wrong is a result. */
export async function fetchMetric(query: MetricRequest, options: FetchOptions): Promise<Fetched> {
  let dispatcher: Dispatcher;
  try {
    dispatcher = dispatcherOf(options);
  } catch (error) {
    return { kind: 'error', message: messageOf(error) };
  }
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  try {
    return await follow(query, { ...options, dispatcher, signal });
  } catch (error) {
    options.signal?.throwIfAborted();
    if (timeout.aborted) return { kind: 'timeout' };
    return { kind: 'error', message: reasonOf(error) };
  } finally {
    await dispatcher.destroy();
  }
}

function dispatcherOf({ tls, env }: FetchOptions): Dispatcher {
  const connect = {
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.insecureSkipVerify === true ? { rejectUnauthorized: false } : {}),
  };
  const httpProxy = proxyUrl(env, 'http_proxy');
  const httpsProxy = proxyUrl(env, 'https_proxy');
  if (httpProxy === undefined && httpsProxy === undefined) return new Agent({ connect });
  return new EnvHttpProxyAgent({
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    noProxy: env['no_proxy'] ?? env['NO_PROXY'] ?? '',
    connect,
    requestTls: connect,
  });
}

/** Without a scheme it is http, as curl takes it. Never shown: it may hold a password. @throws Error */
function proxyUrl(env: FetchOptions['env'], name: string): string | undefined {
  const written = (env[name] ?? env[name.toUpperCase()] ?? '').trim();
  if (written === '') return undefined;
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(written) ? written : `http://${written}`;
  if (URL.canParse(url) && /^https?:/i.test(url)) return url;
  throw new Error(`${name} of the environment is no http or https URL: the proxy cannot be used`);
}

async function follow(
  query: MetricRequest,
  options: FetchOptions & { readonly dispatcher: Dispatcher; readonly signal: AbortSignal },
): Promise<Fetched> {
  const first = new URL(query.url);
  let url = first;
  let { method, body } = query as { method: string; body: string | undefined };
  for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
    const sameOrigin = url.origin === first.origin;
    const answer = await request(url, {
      method,
      headers: sameOrigin ? query.headers : strangersHeaders(query),
      ...(body === undefined ? {} : { body }),
      dispatcher: options.dispatcher,
      signal: options.signal,
    });
    const { location } = answer.headers;
    if (answer.statusCode < 300 || answer.statusCode > 399 || typeof location !== 'string')
      return { kind: 'answer', status: answer.statusCode, text: await limited(answer.body, options.maxBytes) };
    await answer.body.dump();
    url = new URL(location, url);
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new Error(`a redirect to ${url.protocol} is not followed`);
    if (first.protocol === 'https:' && url.protocol === 'http:')
      throw new Error('a redirect from https to http is not followed');
    // As browsers do; 307 and 308 keep both.
    if (answer.statusCode === 303 || (method === 'POST' && answer.statusCode < 303))
      [method, body] = ['GET', undefined];
  }
  throw new Error(`more than ${MOST_REDIRECTS} redirects`);
}

/** Without anything that came from the secret. */
function strangersHeaders(query: MetricRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query.headers).filter(
      ([name]) => !query.secretHeaders.has(name.toLowerCase()) && !/^(authorization|cookie)$/i.test(name),
    ),
  );
}

async function limited(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const first: unknown = cause instanceof AggregateError ? (cause.errors[0] ?? cause) : cause;
  return messageOf(first).split('\n')[0] ?? '';
}
