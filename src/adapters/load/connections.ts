/**
 * Keep-alive connections to the servers of one version: one undici Client each, so that it is known how long a connection
 * was idle. At most `cap` requests at once; more wait in order.
 */
import { isIP } from 'node:net';
import { Client, type Dispatcher } from 'undici';
import type { LoadEndpoint } from '../../engine/ports.ts';

/** Largest response header block; a server that sends more is broken or hostile. */
const MAX_HEADER_BYTES = 64 * 1024;

/** What a request is told about. `error` before `sent` means that no byte of it was sent. */
export interface RequestEvents {
  sent(): void;
  answered(code: number): void;
  done(): void;
  failed(error: unknown): void;
}

/** A connection that holds one request at a time. */
class Connection {
  readonly client: Client;
  lastUsedMs = Number.NEGATIVE_INFINITY;
  /** It carried a request before: a failure now may be the server having closed it. */
  used = false;

  constructor(client: Client) {
    this.client = client;
  }
}

export interface Lease {
  /** Ms that the connection had been idle; 0 for a fresh one. */
  readonly idleMs: number;
  readonly reused: boolean;
  abort(error: Error): void;
}

export interface ConnectionsOptions {
  readonly endpoint: LoadEndpoint;
  readonly timeoutMs: number;
  readonly now: () => number;
}

/** Connections to the origin of one endpoint. */
export class Connections {
  readonly #endpoint: LoadEndpoint;
  readonly #origin: string;
  readonly #options: Client.Options;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #now: () => number;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();

  constructor({ endpoint, timeoutMs, now }: ConnectionsOptions) {
    this.#endpoint = endpoint;
    this.#now = now;
    const url = new URL(endpoint.url);
    this.#origin = url.origin;
    this.#options = clientOptions(endpoint, timeoutMs);
    const headers: Record<string, string> = { ...endpoint.headers };
    if (url.username !== '' && !Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')) {
      headers['Authorization'] =
        `Basic ${Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString('base64')}`;
    }
    this.#request = {
      path: `${url.pathname}${url.search}`,
      method: endpoint.method,
      headers,
      ...(endpoint.body === undefined ? {} : { body: Buffer.from(endpoint.body) }),
    };
  }

  /** Sends one request. `fresh`: not on a connection that was used before. */
  send(events: RequestEvents, fresh = false): Lease {
    const connection = (fresh ? undefined : this.#idle.pop()) ?? this.#open();
    const reused = connection.used;
    const idleMs = reused ? this.#now() - connection.lastUsedMs : 0;
    let abort: ((error: Error) => void) | undefined;
    let over = false;
    let aborted: Error | undefined;
    const end = (error?: unknown) => {
      if (over) return;
      over = true;
      if (error === undefined) {
        connection.used = true;
        connection.lastUsedMs = this.#now();
        this.#idle.push(connection);
        events.done();
      } else {
        this.#close(connection);
        events.failed(error);
      }
    };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(controller) {
        abort = (error) => controller.abort(error);
        if (aborted === undefined) events.sent();
        else controller.abort(aborted);
      },
      onResponseStart(_controller, code) {
        if (code >= 200) events.answered(code);
      },
      onResponseData() {
        // Read to its end and thrown away: a body may be endless, the timeout ends it.
      },
      onResponseEnd() {
        end();
      },
      onResponseError(_controller, error) {
        end(error);
      },
    };
    try {
      connection.client.dispatch(this.#request, handler);
    } catch (error) {
      queueMicrotask(() => end(error));
    }
    return {
      idleMs,
      reused,
      abort: (error) => {
        if (over) return;
        aborted = error;
        if (abort === undefined) void connection.client.destroy(error).catch(() => undefined);
        else abort(error);
        end(error);
      },
    };
  }

  /** Ends all connections at once. */
  async destroy(): Promise<void> {
    this.#idle.length = 0;
    await Promise.all([...this.#all].map((connection) => connection.client.destroy().catch(() => undefined)));
    this.#all.clear();
  }

  get endpoint(): LoadEndpoint {
    return this.#endpoint;
  }

  #open(): Connection {
    const connection = new Connection(new Client(this.#origin, this.#options));
    this.#all.add(connection);
    return connection;
  }

  #close(connection: Connection): void {
    this.#all.delete(connection);
    void connection.client.destroy().catch(() => undefined);
  }
}

function clientOptions(endpoint: LoadEndpoint, timeoutMs: number): Client.Options {
  const { tls } = endpoint;
  const url = new URL(endpoint.url);
  const address = addressFor(url, endpoint.resolve ?? []);
  return {
    pipelining: 1,
    maxHeaderSize: MAX_HEADER_BYTES,
    // Timeouts are ours: one for the whole request, from its send.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 60_000,
    keepAliveMaxTimeout: 60_000,
    connect: {
      timeout: timeoutMs,
      ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls?.key === undefined ? {} : { key: tls.key }),
      ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
      ...(tls?.insecureSkipVerify === true ? { rejectUnauthorized: false } : {}),
      ...(address === undefined
        ? {}
        : {
            lookup: (
              _host: string,
              options: { readonly all?: boolean },
              callback: (error: null, address: unknown, family?: number) => void,
            ) => {
              if (options.all === true) callback(null, [{ address, family: isIP(address) }]);
              else callback(null, address, isIP(address));
            },
          }),
    },
  };
}

/** `host:port:address` as in curl; undefined when none of them is for this URL. */
function addressFor(url: URL, entries: readonly string[]): string | undefined {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  for (const entry of entries) {
    const [host = '', entryPort = '', ...rest] = entry.split(':');
    if (host.toLowerCase() === url.hostname.toLowerCase() && entryPort === port)
      return rest.join(':').replace(/^\[|\]$/g, '');
  }
  return undefined;
}
