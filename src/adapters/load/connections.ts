/**
 * Keep-alive connections to the servers of one version: one undici Client each, so that it is known how long a connection
 * was idle. At most `cap` requests at once; more wait in order.
 */
import { isIP } from 'node:net';
import { Client, type Dispatcher } from 'undici';
import type { LoadEndpoint } from '../../drive/ports.ts';
import { percentDecoded } from '../../text/percent.ts';

/** Largest response header block; a server that sends more is broken or hostile. */
const MAX_HEADER_BYTES = 64 * 1024;

/** What is reported of a request. `failed` before `sent` means that no byte of it was sent. */
export interface RequestEvents {
  sent(): void;
  answered(code: number): void;
  done(): void;
  failed(error: unknown): void;
}

/** Sends requests to one endpoint. */
export interface Transport {
  /** `fresh`: not on a connection that was used before. */
  send(events: RequestEvents, fresh?: boolean): Lease;
  /** Ends all connections at once. */
  destroy(): Promise<void>;
}

/** A request that is on its way. */
export interface Lease {
  /** Ms that the connection had been idle; 0 for a fresh one. */
  readonly idleMs: number;
  readonly reused: boolean;
  /** Ends it with this error, whatever it is waiting for. */
  abort(error: Error): void;
}

/**
 * A connection, which carries one request at a time, and is undici's handler for it: one object for all of its requests,
 * since this is the hot path.
 */
class Connection implements Lease, Dispatcher.DispatchHandler {
  readonly client: Client;
  readonly #now: () => number;
  readonly #free: (connection: Connection) => void;
  readonly #gone: (connection: Connection) => void;
  #events: RequestEvents | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #lastUsedMs = 0;
  idleMs = 0;
  reused = false;

  constructor(
    client: Client,
    owner: { now: () => number; free: (connection: Connection) => void; gone: (connection: Connection) => void },
  ) {
    this.client = client;
    this.#now = owner.now;
    this.#free = owner.free;
    this.#gone = owner.gone;
  }

  send(request: Dispatcher.DispatchOptions, events: RequestEvents): void {
    this.#events = events;
    this.#controller = undefined;
    this.reused = this.#lastUsedMs > 0;
    this.idleMs = this.reused ? this.#now() - this.#lastUsedMs : 0;
    try {
      this.client.dispatch(request, this);
    } catch (error) {
      queueMicrotask(() => this.#fail(error));
    }
  }

  abort(error: Error): void {
    if (this.#events === undefined) return;
    this.#controller?.abort(error);
    this.#fail(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#events?.sent();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, code: number): void {
    if (code >= 200) this.#events?.answered(code);
  }

  // Read to its end and thrown away: a body may be endless, the timeout ends it.
  onResponseData(): void {}

  onResponseEnd(): void {
    const events = this.#events;
    if (events === undefined) return;
    this.#events = undefined;
    this.#lastUsedMs = this.#now();
    this.#free(this);
    events.done();
  }

  onResponseError(_controller: unknown, error: unknown): void {
    this.#fail(error);
  }

  #fail(error: unknown): void {
    const events = this.#events;
    if (events === undefined) return;
    this.#events = undefined;
    this.#gone(this);
    events.failed(error);
  }
}

export interface ConnectionsOptions {
  readonly endpoint: LoadEndpoint;
  readonly timeoutMs: number;
  readonly now: () => number;
}

/** Connections to the origin of one endpoint. */
export class Connections implements Transport {
  readonly #origin: string;
  readonly #options: Client.Options;
  readonly #request: Dispatcher.DispatchOptions;
  readonly #now: () => number;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();

  constructor({ endpoint, timeoutMs, now }: ConnectionsOptions) {
    this.#now = now;
    const url = new URL(endpoint.url);
    this.#origin = url.origin;
    this.#options = clientOptions(endpoint, timeoutMs);
    const headers: Record<string, string> = { ...endpoint.headers };
    if (url.username !== '' && !Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')) {
      headers['Authorization'] =
        `Basic ${Buffer.from(`${percentDecoded(url.username)}:${percentDecoded(url.password)}`).toString('base64')}`;
    }
    this.#request = {
      path: `${url.pathname}${url.search}`,
      method: endpoint.method,
      headers,
      ...(endpoint.body === undefined ? {} : { body: Buffer.from(endpoint.body) }),
    };
  }

  send(events: RequestEvents, fresh = false): Lease {
    const connection = (fresh ? undefined : this.#idle.pop()) ?? this.#open();
    connection.send(this.#request, events);
    return connection;
  }

  async destroy(): Promise<void> {
    this.#idle.length = 0;
    await Promise.all([...this.#all].map((connection) => connection.client.destroy().catch(() => undefined)));
    this.#all.clear();
  }

  #open(): Connection {
    const connection = new Connection(new Client(this.#origin, this.#options), {
      now: this.#now,
      free: (one) => this.#idle.push(one),
      gone: (one) => {
        this.#all.delete(one);
        void one.client.destroy().catch(() => undefined);
      },
    });
    this.#all.add(connection);
    return connection;
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
