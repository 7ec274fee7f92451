/**
 * Sends the query of a metric: TLS verified, a limit on time and size, redirects that carry no credentials to other hosts, and the
 * proxy of the environment. Home of the HTTP client for metrics.
 */
import { request } from 'undici';
import { isPlainHeader } from '../../text/credential-names.ts';
import { holdsSecret } from '../../text/redact.ts';
import { systemReason } from '../../text/system-reasons.ts';
import { AnswerError, LateError, limitedBody, onTheWay, withDispatcher, withinTime } from '../http/dispatcher.ts';
import { MOST_REDIRECTS, redirectTarget } from '../http/redirects.ts';
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
  /** Asked for each part of the answer before it is kept. @throws AnswerError */
  readonly take?: ((bytes: number) => void) | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

export type Fetched =
  /** `type`: the media type, empty without one. `way`: `, through the proxy of HTTP_PROXY`, which may have answered itself. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly text: string;
      readonly type: string;
      readonly way: string;
    }
  | { readonly kind: 'timeout'; readonly way: string }
  /** `isAnswered`: the backend was reached, but its answer is too large, or leads where we do not go. */
  | { readonly kind: 'error'; readonly message: string; readonly isAnswered: boolean };

/** How long an answer is waited for. */
export const QUERY_TIMEOUT_MS = 10_000;

/** Never rejects but for an abort: what goes wrong is a result. */
export async function fetchMetric(query: MetricRequest, options: FetchOptions): Promise<Fetched> {
  try {
    return await withinTime(options, (signal) => follow(query, { ...options, signal }));
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof LateError || isLate(error)) return { kind: 'timeout', way: onTheWay(query.url, options.env) };
    return { kind: 'error', message: systemReason(error), isAnswered: error instanceof AnswerError };
  }
}

/** The limits of the system and of undici are longer than ours, but may be set otherwise. */
function isLate(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/.test(code);
}

async function follow(
  query: MetricRequest,
  { signal, env, tls: settings, maxBytes, take }: FetchOptions & { readonly signal: AbortSignal },
): Promise<Fetched> {
  const tls = {
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    ...(settings.insecureSkipVerify === true ? { rejectUnauthorized: false } : {}),
  };
  const first = new URL(query.url);
  const ownSecrets = query.secrets.filter((secret) => holdsSecret(pathOf(first), [secret]));
  let url = first;
  let { headers: sent } = query;
  let { method, body } = query as { method: string; body: string | undefined };
  for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
    const answered = await withDispatcher({ url, env, tls, signal }, async (dispatcher) => {
      const {
        statusCode,
        headers,
        body: content,
      } = await request(url, {
        method,
        headers: sent,
        ...(body === undefined ? {} : { body }),
        dispatcher,
        signal,
      });
      if (statusCode >= 300 && statusCode <= 399 && typeof headers.location === 'string')
        return { status: statusCode, next: redirectTarget(headers.location, url) };
      const type = [headers['content-type'] ?? ''].flat().join(', ');
      return { status: statusCode, type, text: (await limitedBody(content, maxBytes, take)).toString('utf8') };
    });
    const { status, next, text, type } = answered;
    if (next === undefined) return { kind: 'answer', status, text, type, way: onTheWay(url.href, env) };
    url = next;
    // For good: where it leads after another server, back to the first one too, is that server's choice.
    if (url.origin !== first.origin) sent = headersForOthers(query);
    // As browsers do; 307 and 308 keep both.
    if (status === 303 || (method === 'POST' && status < 303)) [method, body] = ['GET', undefined];
    // A signature that the server made itself, as for a store of objects, is none of ours.
    if (url.origin !== first.origin && holdsSecret(pathOf(url), ownSecrets))
      throw new AnswerError(`it redirects to ${url.origin} with a credential of the query, which is not sent there`);
    // Whatever was filled in is for the one that the metric names.
    if (body !== undefined && url.origin !== first.origin)
      throw new AnswerError(`it redirects to ${url.origin}, which the body of the query is not sent to`);
  }
  throw new AnswerError(`more than ${MOST_REDIRECTS} redirects`);
}

const pathOf = ({ pathname, search }: URL): string => `${pathname}${search}`;

/** Only what no credential can be in: a header of any other name may hold one. The name of the first host is for that alone. */
function headersForOthers(query: MetricRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query.headers).filter(
      ([name]) => isPlainHeader(name) && name.toLowerCase() !== 'host' && !query.secretHeaders.has(name.toLowerCase()),
    ),
  );
}
