/** A connection for one request of somebody else's URL: direct or through the proxy of the environment, ended when its time is up. */
import { whenAborted } from '../../io.ts';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import { ThroughProxyError, throughProxy } from '../../text/system-reasons.ts';
import { proxyFor, type EnvProxy } from './proxy.ts';

export type Env = Readonly<Record<string, string | undefined>>;
export interface ConnectTls {
  readonly ca?: string;
  readonly rejectUnauthorized?: boolean;
}

/** It took longer than it may. */
export class LateError extends Error {
  override readonly name = 'LateError';
}

/** There is an answer, but it is too large, or leads where we do not go. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
}

/**
 * Ends when the time is up, whatever holds it up: undici waits for a connection, and for the tunnel of a proxy, before it looks
 * at a signal.
 *
 * `way`: as `onTheWay` says it. Rejects with what `work` does, LateError, or the reason of `signal`.
 */
export async function withinTime<T>(
  limits: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined; readonly way?: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { timeoutMs, signal, way = '' } = limits;
  const late = new AbortController();
  const over = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]);
  const ended = new Promise<never>((_, reject) => {
    whenAborted(over, () => reject(over.reason as Error));
  });
  // A timer that keeps the process waiting, as that of AbortSignal.timeout does not.
  const timer = setTimeout(() => late.abort(new LateError(`no answer within ${timeoutMs / 1000} s${way}`)), timeoutMs);
  try {
    return await Promise.race([work(over), ended]);
  } catch (error) {
    over.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** @throws Error when the environment names a proxy that is none; never with what it names, which may hold a password */
export async function withDispatcher<T>(
  to: { readonly url: URL; readonly env: Env; readonly tls?: ConnectTls; readonly signal: AbortSignal },
  work: (dispatcher: Dispatcher) => Promise<T>,
): Promise<T> {
  const proxy = proxyFor(to.url.href, to.env);
  const dispatcher = dispatcherFor(to.url, proxy, to.tls ?? {});
  const destroy = () => void dispatcher.destroy().catch(() => undefined);
  to.signal.addEventListener('abort', destroy, { once: true });
  try {
    return await work(dispatcher);
  } catch (error) {
    throw proxy !== undefined && isOfSystem(error) ? new ThroughProxyError(proxy.variable, error) : error;
  } finally {
    to.signal.removeEventListener('abort', destroy);
    destroy();
  }
}

/** Of a connection or its TLS; not one of ours about an answer. */
function isOfSystem(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

/** `, through the proxy of HTTP_PROXY`, where one is on the way to this server; for what has no error to say it. */
export function onTheWay(url: string, env: Env): string {
  const proxy = proxyFor(url, env);
  return proxy === undefined ? '' : `, ${throughProxy(proxy.variable)}`;
}

function dispatcherFor(url: URL, proxy: EnvProxy | undefined, tls: ConnectTls): Dispatcher {
  if (proxy === undefined) return new Agent({ connect: tls });
  if (!/^https?:\/\//i.test(proxy.url) || !URL.canParse(proxy.url))
    throw new Error(`${proxy.variable} is no URL of a proxy: write it as http://HOST:PORT`);
  // A tunnel to another port than 443 is what many proxies refuse: plain HTTP is sent through them as it is, as curl does.
  return new ProxyAgent({ uri: proxy.url, requestTls: tls, proxyTunnel: url.protocol === 'https:' });
}

/** `take`: asked for each part before it is kept. @throws AnswerError before more than that is kept */
export async function limitedBody(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  take: (bytes: number) => void = () => undefined,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new AnswerError(`the answer has more than ${maxBytes} bytes`);
    take(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
