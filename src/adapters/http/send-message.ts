/**
 * Sends one message to a server that somebody named: through the proxy of the environment, bounded in time and size. A redirect is
 * followed only where it keeps method and body and stays on the same origin: nothing that is sent may reach another server.
 */
import { request, type Dispatcher } from 'undici';
import { UndeliveredError } from '../../errors.ts';
import { systemReason, ThroughProxyError } from '../../text/system-reasons.ts';
import { LateError, limitedBody, onTheWay, withDispatcher, withinTime, type Env } from './dispatcher.ts';
import { MOST_REDIRECTS } from './redirects.ts';
import { userHeader, withoutUser } from './url-user.ts';

export interface Message {
  readonly url: URL;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface SendLimits {
  readonly env: Env;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  /** Its beginning; empty when it cannot be read. */
  readonly text: string;
  /** As `Retry-After` says. */
  readonly afterMs?: number | undefined;
}

const MAX_BYTES = 64 * 1024;
const LONGEST_WAIT_MS = 60_000;

/**
 * The answer, whatever its code.
 *
 * @throws UndeliveredError when there is none, with whether it may have arrived. Messages name the origin
 * alone, since a path may be a secret. Rejects with the reason of the signal when that is aborted.
 */
export async function sendMessage(message: Message, limits: SendLimits): Promise<Answer> {
  const { origin } = message.url;
  try {
    return await withinTime({ ...limits, way: onTheWay(origin, limits.env) }, (signal) =>
      follow(message, { ...limits, signal }),
    );
  } catch (error) {
    limits.signal.throwIfAborted();
    if (error instanceof UndeliveredError) throw error;
    if (error instanceof LateError)
      throw new UndeliveredError(`${origin} gave ${error.message}; it may have got the message`, {
        again: 'may-repeat',
      });
    const again = isUnsent(error) ? 'safe' : isUntrusted(error) ? 'useless' : 'may-repeat';
    throw new UndeliveredError(
      `${origin}: ${systemReason(error)}${again === 'may-repeat' ? '; it may have got the message' : ''}`,
      { again, cause: error },
    );
  }
}

async function follow(message: Message, { env, signal }: SendLimits): Promise<Answer> {
  let { url } = message;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
    const answered = await withDispatcher({ url, env, signal }, async (dispatcher) => {
      const answer = await request(withoutUser(url), {
        method: message.method,
        headers: { ...userHeader(message.url), ...message.headers },
        ...(message.body === undefined ? {} : { body: message.body }),
        dispatcher,
        signal,
      });
      const { statusCode: status, headers } = answer;
      if (status >= 300 && status <= 399) return nextUrl(status, headers.location, url);
      const bytes = await limitedBody(answer.body, MAX_BYTES).catch(() => Buffer.alloc(0));
      return { status, text: bytes.toString('utf8'), afterMs: retryAfterMs(headers['retry-after']) };
    });
    if (!(answered instanceof URL)) return answered;
    url = answered;
  }
  throw new UndeliveredError(`${url.origin}: more than ${MOST_REDIRECTS} redirects`, { again: 'useless' });
}

/** @throws UndeliveredError for a redirect that would change the message, or take it elsewhere */
function nextUrl(status: number, location: string | string[] | undefined, from: URL): URL {
  const to = typeof location === 'string' && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to !== undefined && to.origin === from.origin && (status === 307 || status === 308)) return to;
  const where = to === undefined ? 'nowhere' : to.origin === from.origin ? 'another path' : to.origin;
  throw new UndeliveredError(
    `${from.origin} answered ${status}: it redirects to ${where}, where the message is not sent; write the URL that it leads to`,
    { again: 'useless' },
  );
}

/** The connection was never made: nothing of the message has left. */
function isUnsent(error: unknown): boolean {
  if (error instanceof ThroughProxyError && error.refusedWith !== undefined) return true;
  const { code, syscall, cause } = error as { code?: string; syscall?: string; cause?: unknown };
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || syscall === 'connect' || syscall === 'getaddrinfo') return true;
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isUnsent);
  return typeof cause === 'object' && cause !== null && isUnsent(cause);
}

/** TLS was refused, by us or by the server: nothing has left, and no other try changes that. */
function isUntrusted(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /CERT|SIGNATURE|^ERR_SSL|^ERR_TLS|^EPROTO$/.test(code);
}

function retryAfterMs(written: string | string[] | undefined): number | undefined {
  if (typeof written !== 'string' || !/^\d{1,6}$/.test(written.trim())) return undefined;
  return Math.min(LONGEST_WAIT_MS, Number(written) * 1000);
}
