/**
 * Keep-alive connections to the server of one endpoint, each with one request at a time. Our own rather than a library's: a
 * request is timed from the moment it leaves, it is known how long its connection was idle, and whatever HTTP allows is taken.
 */
import { connect as connectTcp, isIP, type LookupFunction, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type ConnectionOptions } from 'node:tls';
import type { LoadEndpoint } from '../../drive/ports.ts';
import { requestBytes } from './request-bytes.ts';
import { ResponseParser } from './response-parser.ts';

/** What is reported of a request. `failed` before `sent` means that no byte of it was sent. */
export interface RequestEvents {
  sent(): void;
  answered(code: number): void;
  /** `nowMs`: when the answer was complete. */
  done(nowMs: number): void;
  failed(error: unknown): void;
}

/** `fresh`: one that no request was sent on before. */
export type ConnectionKind = 'any' | 'fresh';

/** Sends requests to one endpoint. */
export interface Transport {
  /** `nowMs`: the time. */
  send(events: RequestEvents, nowMs: number, kind?: ConnectionKind): Lease;
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

/** The server has closed the connection, or reset it, before its answer was complete. */
class ConnectionClosedError extends Error {
  readonly code = 'ECONNRESET';
}

/** Bytes of answers that are read at once. */
const READ_BYTES = 64 * 1024;

interface Owner {
  readonly now: () => number;
  readonly method: string;
  readonly bytes: Buffer;
  /** What has come is read here, for all connections: it is parsed at once, and nothing of it is kept. */
  readonly readInto: Buffer;
  free(connection: Connection): void;
  gone(connection: Connection): void;
}

type OpenSocket = (onread: OnReadOpts) => Socket;

class Connection implements Lease {
  readonly #owner: Owner;
  readonly #socket: Socket;
  readonly #parser: ResponseParser;
  #events: RequestEvents | undefined;
  #isOpen = false;
  #hasAnswered = false;
  #isGone = false;
  #usableUntilMs = Number.POSITIVE_INFINITY;
  #lastUsedMs: number | undefined;
  idleMs = 0;

  constructor(owner: Owner, open: OpenSocket, readyEvent: 'connect' | 'secureConnect') {
    this.#owner = owner;
    // A stream would make a new buffer of 64 KiB for each read: a third of what a request costs.
    const socket = open({
      buffer: owner.readInto,
      callback: (length, bytes) => {
        this.#read(length === bytes.length ? bytes : bytes.subarray(0, length));
        return true;
      },
    });
    this.#socket = socket;
    this.#parser = new ResponseParser({
      answered: (code) => {
        this.#hasAnswered = true;
        this.#events?.answered(code);
      },
      ended: (keepAliveMs) => this.#finish(keepAliveMs),
    });
    socket.setNoDelay(true);
    socket.once(readyEvent, () => {
      this.#isOpen = true;
      this.#write();
    });
    socket.on('end', () => this.#parser.close());
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () =>
      this.#fail(
        new ConnectionClosedError(
          this.#hasAnswered
            ? 'the server closed the connection before the end of its answer'
            : 'the server closed the connection without an answer',
        ),
      ),
    );
  }

  get reused(): boolean {
    return this.#lastUsedMs !== undefined;
  }

  /** It is still open, as far as is known, and its server has not said that it will be closed by now. */
  isUsable(nowMs: number): boolean {
    return !this.#isGone && nowMs < this.#usableUntilMs;
  }

  send(events: RequestEvents, nowMs: number): void {
    this.#events = events;
    this.#hasAnswered = false;
    this.idleMs = this.#lastUsedMs === undefined ? 0 : nowMs - this.#lastUsedMs;
    this.#parser.expect(this.#owner.method);
    if (this.#isOpen) this.#write();
  }

  abort(error: Error): void {
    if (this.#events !== undefined) this.#fail(error);
  }

  close(): void {
    this.#isGone = true;
    this.#socket.destroy();
  }

  #write(): void {
    if (this.#events === undefined) return;
    this.#events.sent();
    this.#socket.write(this.#owner.bytes);
  }

  #read(bytes: Uint8Array): void {
    try {
      // What nobody asked for, such as a 408 before the connection is closed.
      if (!this.#parser.feed(bytes)) this.#leave();
    } catch (error) {
      this.#fail(error);
    }
  }

  #finish(keepAliveMs: number): void {
    const events = this.#events;
    this.#events = undefined;
    const now = this.#owner.now();
    this.#lastUsedMs = now;
    this.#usableUntilMs = now + keepAliveMs;
    if (keepAliveMs > 0) this.#owner.free(this);
    else this.#leave();
    events?.done(now);
  }

  #fail(error: unknown): void {
    this.#leave();
    const events = this.#events;
    this.#events = undefined;
    events?.failed(error);
  }

  #leave(): void {
    if (this.#isGone) return;
    this.close();
    this.#owner.gone(this);
  }
}

export interface ConnectionsOptions {
  readonly endpoint: LoadEndpoint;
  readonly now: () => number;
}

/** Connections to the origin of one endpoint. */
export class Connections implements Transport {
  readonly #owner: Owner;
  readonly #open: (owner: Owner) => Connection;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();

  constructor({ endpoint, now }: ConnectionsOptions) {
    const url = new URL(endpoint.url);
    this.#open = opener(endpoint, url);
    this.#owner = {
      now,
      method: endpoint.method,
      bytes: requestBytes(endpoint, url),
      readInto: Buffer.allocUnsafeSlow(READ_BYTES),
      free: (connection) => this.#idle.push(connection),
      gone: (connection) => {
        this.#all.delete(connection);
        const at = this.#idle.indexOf(connection);
        if (at >= 0) this.#idle.splice(at, 1);
      },
    };
  }

  send(events: RequestEvents, nowMs: number, kind: ConnectionKind = 'any'): Lease {
    const connection = (kind === 'fresh' ? undefined : this.#take(nowMs)) ?? this.#connect();
    connection.send(events, nowMs);
    return connection;
  }

  destroy(): Promise<void> {
    this.#idle.length = 0;
    for (const connection of this.#all) connection.close();
    this.#all.clear();
    return Promise.resolve();
  }

  /** The one that was used last: the others may end. */
  #take(nowMs: number): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined || connection.isUsable(nowMs)) return connection;
      connection.close();
      this.#all.delete(connection);
    }
  }

  #connect(): Connection {
    const connection = this.#open(this.#owner);
    this.#all.add(connection);
    return connection;
  }
}

/** What opens a connection to the server of this URL. */
function opener({ tls, resolve }: LoadEndpoint, url: URL): (owner: Owner) => Connection {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const address = addressFor(url, resolve ?? []);
  const lookup: LookupFunction | undefined =
    address === undefined
      ? undefined
      : (_host, options, callback) => {
          if (options.all === true) callback(null, [{ address, family: isIP(address) }]);
          else callback(null, address, isIP(address));
        };
  const where = {
    // An address is not looked up: where it is replaced, it is replaced here.
    host: address !== undefined && isIP(host) !== 0 ? address : host,
    ...(lookup === undefined ? {} : { lookup }),
  };
  if (url.protocol === 'http:') {
    const port = Number(url.port === '' ? 80 : url.port);
    return (owner) => new Connection(owner, (onread) => connectTcp({ ...where, port, onread }), 'connect');
  }
  const name = tls?.serverName ?? host;
  const secured: ConnectionOptions = {
    ...where,
    port: Number(url.port === '' ? 443 : url.port),
    ALPNProtocols: ['http/1.1'],
    ...(isIP(name) === 0 ? { servername: name } : {}),
    // Made once: reading the authorities takes longer than a handshake.
    secureContext: createSecureContext({
      ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls?.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls?.key === undefined ? {} : { key: tls.key }),
    }),
    ...(tls?.insecureSkipVerify === true ? { rejectUnauthorized: false } : {}),
  };
  /** Of the newest connection: the next need not shake hands in full. */
  let session: Buffer | undefined;
  const open: OpenSocket = (onread) => {
    // As documented for tls.connect; the types do not know it there.
    const options: ConnectionOptions & { readonly onread: OnReadOpts } = {
      ...secured,
      onread,
      ...(session === undefined ? {} : { session }),
    };
    const socket = connectTls(options);
    socket.on('session', (newest) => {
      session = newest;
    });
    return socket;
  };
  return (owner) => new Connection(owner, open, 'secureConnect');
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
