/**
 * The HTTP server under the API: everything that is received is bounded in size, time and number before anybody looks at it. What
 * is too much is refused at once; nobody waits in a line.
 */
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps, type Server as TlsServer } from 'node:https';
import { listen } from '../adapters/http/listen.ts';
import { busy, RefusedError, refused, type Answer } from './answer.ts';
import { parseJsonBody } from './json-body.ts';

export interface ApiRequest {
  readonly method: string;
  /** As it was sent: a path with its query. */
  readonly url: string;
  readonly authorization: string | undefined;
  readonly contentType: string;
  /** Its JSON, read once it is asked for. Rejects with RefusedError. */
  readonly body: () => Promise<unknown>;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface ApiServerOptions {
  /** `host:port`. */
  readonly address: string;
  /** Absent: plain HTTP. */
  readonly tls?: TlsPair | undefined;
  readonly handle: (request: ApiRequest) => Promise<Answer>;
  /** Takes what is a defect of ours, or of what is behind us. */
  readonly onError: (error: unknown) => void;
  readonly limits?: Partial<ApiLimits> | undefined;
}

export interface ApiLimits {
  readonly connections: number;
  /** Requests that are being answered, those that wait included. */
  readonly requests: number;
  readonly headerBytes: number;
  readonly bodyBytes: number;
  /** Until the last byte of a request is here. */
  readonly receiveMs: number;
  /** A connection on which nothing moves for so long is closed, also while a request is answered. */
  readonly idleMs: number;
}

const LIMITS: ApiLimits = {
  connections: 256,
  requests: 128,
  headerBytes: 32 * 1024,
  bodyBytes: 64 * 1024,
  receiveMs: 10_000,
  idleMs: 180_000,
};
const KEEP_ALIVE_MS = 5_000;
/** Whoever is being answered when it closes still gets it, within so long. */
const LAST_ANSWERS_MS = 2_000;
/** One that keeps its connection for ever keeps its place for ever. */
const REQUESTS_A_CONNECTION = 1_000;

export interface ApiServer {
  readonly port: number;
  /** New connections use it. */
  readonly useTls: (pair: TlsPair) => void;
  readonly close: () => Promise<void>;
}

/** Resolves once it listens. @throws UsageError when it cannot listen there */
export async function serveApi(options: ApiServerOptions): Promise<ApiServer> {
  const limits = { ...LIMITS, ...options.limits };
  const open = new Set<ServerResponse>();
  const server = listener(options, limits);
  server.prependListener('request', (_: IncomingMessage, response: ServerResponse) => {
    open.add(response);
    response.once('close', () => open.delete(response));
  });
  server.maxConnections = limits.connections;
  server.maxRequestsPerSocket = REQUESTS_A_CONNECTION;
  server.timeout = limits.idleMs;
  const { address, onError } = options;
  const { port } = await listen(server, { address, flag: '--api-address', onError });
  return {
    port,
    useTls: (pair) => {
      if ('setSecureContext' in server) server.setSecureContext({ ...pair });
    },
    close: () =>
      new Promise((resolve) => {
        const cut = () => server.closeAllConnections();
        const late = setTimeout(cut, LAST_ANSWERS_MS);
        server.close(() => {
          clearTimeout(late);
          resolve();
        });
        const cutIfDone = () => open.size === 0 && cut();
        for (const response of open) response.once('close', cutIfDone);
        cutIfDone();
      }),
  };
}

function listener({ tls, handle, onError }: ApiServerOptions, limits: ApiLimits): Server | TlsServer {
  const bounds = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.receiveMs,
    requestTimeout: limits.receiveMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.max(100, Math.min(1_000, limits.receiveMs / 2)),
  };
  let underWay = 0;
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const isFull = underWay >= limits.requests;
    underWay += 1;
    const answered = isFull
      ? Promise.reject(busy('too many requests at once'))
      : handle({
          method: request.method ?? '',
          url: request.url ?? '',
          authorization: request.headers.authorization,
          contentType: request.headers['content-type'] ?? '',
          body: () => readJson(request, limits.bodyBytes),
          signal: gone.signal,
        });
    answered
      .catch((error: unknown) => {
        if (error instanceof RefusedError) return refused(error);
        if (!gone.signal.aborted) onError(error);
        return refused(new RefusedError(500, 'this failed by a defect of iter8ctl; its log says more'));
      })
      .then((answer) => send(request, response, answer))
      .catch(onError)
      .finally(() => (underWay -= 1));
  };
  return tls === undefined
    ? createHttp(bounds, onRequest)
    : createHttps({ ...bounds, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: limits.receiveMs }, onRequest);
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body, headers }: Answer): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
    // What was not read of a request is not waited for.
    ...(request.complete ? {} : { Connection: 'close' }),
  });
  response.end(body);
}

/** @throws RefusedError for what is too large, or no JSON */
async function readJson(request: IncomingMessage, most: number): Promise<unknown> {
  const tooLarge = () => new RefusedError(413, `the body is larger than ${most} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > most) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    throw new RefusedError(400, 'the body was not sent to its end');
  }
  return parseJsonBody(utf8(Buffer.concat(chunks)), 'the body');
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new RefusedError(400, 'the body is not UTF-8');
  }
}
