/**
 * Reads HTTP/1.x answers from the bytes of one connection: where each ends, and its code; everything else of it is thrown away.
 * As liberal as RFC 9112 lets a client be, and no more: what cannot be framed for certain is an error. Pure.
 */

/** Largest block of header fields, trailers or chunk extensions; a server that sends more is broken or hostile. */
const MAX_HEAD_BYTES = 256 * 1024;
/** Informational answers before one: more are none of this world. */
const MOST_INFORMATIONAL = 100;
const LF = 10;

export class ResponseError extends Error {
  readonly code = 'INVALID_RESPONSE';
}

export interface ResponseEvents {
  /** The status line and the fields have been read. Not for informational answers. */
  answered(code: number): void;
  /** `keepAliveMs`: for how long the connection may be used again after it; 0: not at all. */
  ended(keepAliveMs: number): void;
}

type State =
  | 'idle'
  | 'status-line'
  | 'fields'
  | 'length'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'to-close';

/** An idle connection is closed by us after so long. */
const KEEP_ALIVE_MS = 60_000;
/** It takes a while until a request arrives: a connection is given up so much before its server closes it. */
const KEEP_ALIVE_MARGIN_MS = 1_000;

/** What is needed of a header. */
interface Head {
  readonly code: number;
  /** How its content ends: after so many bytes, by its chunks, or with the connection (RFC 9112 section 6.3). */
  readonly ends: number | 'chunked' | 'to-close';
  readonly keepAliveMs: number;
}

/** Larger headers are read again each time. */
const LARGEST_KNOWN_BYTES = 2048;

interface Fields {
  contentLength: string | undefined;
  transferEncoding: string | undefined;
  connection: string;
  keepAlive: string;
}

export class ResponseParser {
  readonly #events: ResponseEvents;
  #state: State = 'idle';
  #hasBody = true;
  #informational = 0;
  /** Bytes of the present line, from earlier chunks; and of the present block of lines. */
  #line = '';
  #blockBytes = 0;
  #left = 0;
  #minor = 1;
  #code = 0;
  #fields: Fields = noFields();
  #last: keyof Fields | undefined;
  #head: Head | undefined;
  /** A service sends the same header again and again, until its date changes: the bytes of the last one, and what they say. */
  #known: { readonly bytes: Buffer; readonly head: Head } | undefined;
  /** The bytes that are being read, while they may hold a whole header from their beginning. */
  #whole: Uint8Array | undefined;

  constructor(events: ResponseEvents) {
    this.#events = events;
  }

  /** An answer is expected now. */
  expect(method: string): void {
    this.#state = 'status-line';
    this.#hasBody = method !== 'HEAD';
    this.#informational = 0;
    this.#line = '';
    this.#blockBytes = 0;
  }

  /** @returns false when bytes came that belong to no answer. @throws ResponseError */
  feed(bytes: Uint8Array): boolean {
    if (this.#isIdle) return bytes.length === 0;
    const at = this.#advance(bytes, this.#skipKnown(bytes));
    this.#whole = undefined;
    if (!this.#isIdle) return true;
    // What follows belongs to no request: the next one must not take it for its answer.
    this.#events.ended(at < bytes.length ? 0 : this.#head!.keepAliveMs);
    return true;
  }

  /** Past the header, where it is the last one byte for byte: what the bytes of a header say depends on nothing else. */
  #skipKnown(bytes: Uint8Array): number {
    if (this.#state !== 'status-line' || this.#blockBytes > 0 || this.#informational > 0) return 0;
    const known = this.#known;
    if (known === undefined || known.bytes.compare(bytes, 0, Math.min(bytes.length, known.bytes.length)) !== 0) {
      this.#whole = bytes;
      return 0;
    }
    this.#begin(known.head);
    return known.bytes.length;
  }

  get #isIdle(): boolean {
    return this.#state === 'idle';
  }

  /** Reads on to the end of the answer or of the bytes; says how far. */
  #advance(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && !this.#isIdle) {
      switch (this.#state) {
        case 'to-close':
          return bytes.length;
        case 'length':
        case 'chunk-data': {
          const taken = Math.min(this.#left, bytes.length - at);
          at += taken;
          this.#left -= taken;
          if (this.#left > 0) break;
          if (this.#state === 'length') this.#end();
          else this.#state = 'chunk-end';
          break;
        }
        default:
          at = this.#readLine(bytes, at);
      }
    }
    return at;
  }

  /** The server has closed its side: the end of an answer that has no other. */
  close(): void {
    if (this.#state !== 'to-close') return;
    this.#state = 'idle';
    this.#events.ended(0);
  }

  /** Takes a part of a line, or a line. */
  #readLine(bytes: Uint8Array, from: number): number {
    const end = bytes.indexOf(LF, from);
    const to = end < 0 ? bytes.length : end;
    this.#blockBytes += to - from + 1;
    if (this.#blockBytes > MAX_HEAD_BYTES)
      throw new ResponseError(`its header is larger than ${MAX_HEAD_BYTES / 1024} KiB`);
    const part = latin1(bytes, from, to);
    if (end < 0) {
      this.#line += part;
      return to;
    }
    const line = this.#line + part;
    this.#line = '';
    this.#take(line.endsWith('\r') ? line.slice(0, -1) : line, end + 1);
    return end + 1;
  }

  /** `end`: where the line ends in the bytes that are being read. */
  #take(line: string, end: number): void {
    switch (this.#state) {
      case 'status-line':
        // One empty line may be left over from an answer before (RFC 9112 section 2.2).
        if (line !== '') this.#takeStatus(line);
        return;
      case 'fields':
        if (line === '') this.#takeBlock(end);
        else this.#takeField(line);
        return;
      case 'chunk-size':
        this.#takeChunkSize(line);
        return;
      case 'chunk-end':
        if (line !== '') throw new ResponseError('a chunk of its content is longer than it says');
        this.#state = 'chunk-size';
        return;
      case 'trailers':
        if (line === '') this.#end();
        return;
      default:
    }
  }

  #takeStatus(line: string): void {
    const match = /^HTTP\/1\.(\d) (\d{3})(?: .*)?$/.exec(line);
    if (match === null) throw new ResponseError(`it begins with ${shownLine(line)}, which is no HTTP/1.1`);
    this.#minor = Number(match[1]);
    this.#code = Number(match[2]);
    if (this.#code < 100) throw new ResponseError(`its status is ${match[2]}; HTTP has none below 100`);
    this.#state = 'fields';
    this.#fields = noFields();
    this.#last = undefined;
  }

  #takeField(line: string): void {
    // A folded line goes on with the one before (RFC 9112 section 5.2).
    if (/^[ \t]/.test(line)) {
      if (this.#last !== undefined)
        this.#fields[this.#last] = `${this.#fields[this.#last] ?? ''} ${line.trim()}`.trim();
      return;
    }
    const match = /^([!#$%&'*+.^_`|~\w-]+):(.*)$/.exec(line);
    if (match === null) throw new ResponseError(`its header holds ${shownLine(line)}, which is no field`);
    const key = KEPT_FIELDS.get(match[1]!.toLowerCase());
    this.#last = key;
    if (key === undefined) return;
    const before = this.#fields[key];
    const value = match[2]!.trim();
    this.#fields[key] = before === undefined || before === '' ? value : `${before}, ${value}`;
  }

  #takeBlock(end: number): void {
    this.#blockBytes = 0;
    if (this.#code === 101) throw new ResponseError('it switches to another protocol, which nobody asked for');
    if (this.#code < 200) {
      this.#informational += 1;
      if (this.#informational > MOST_INFORMATIONAL)
        throw new ResponseError(`more than ${MOST_INFORMATIONAL} informational answers came before it`);
      this.#state = 'status-line';
      this.#whole = undefined;
      return;
    }
    const head = { code: this.#code, ends: endOf(this.#fields), keepAliveMs: keepAliveMsOf(this.#minor, this.#fields) };
    if (this.#whole !== undefined && end <= LARGEST_KNOWN_BYTES)
      this.#known = { bytes: Buffer.from(this.#whole.subarray(0, end)), head };
    this.#begin(head);
  }

  #begin(head: Head): void {
    const { code, ends } = head;
    this.#head = head;
    this.#events.answered(code);
    if (!this.#hasBody || code === 204 || code === 304 || ends === 0) this.#end();
    else if (ends === 'chunked') this.#state = 'chunk-size';
    else if (ends === 'to-close') this.#state = 'to-close';
    else {
      this.#left = ends;
      this.#state = 'length';
    }
  }

  #takeChunkSize(line: string): void {
    this.#blockBytes = 0;
    const match = /^([0-9a-f]{1,13})[ \t]*(?:;.*)?$/i.exec(line);
    if (match === null) throw new ResponseError(`its content holds ${shownLine(line)} in place of the size of a chunk`);
    this.#left = Number.parseInt(match[1]!, 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk-data';
  }

  #end(): void {
    this.#state = 'idle';
    this.#blockBytes = 0;
  }
}

/** How long the connection may be used again after an answer with these fields. */
function keepAliveMsOf(minor: number, { connection, keepAlive, contentLength, transferEncoding }: Fields): number {
  const options = connection.toLowerCase().split(/\s*,\s*/);
  if (options.includes('close')) return 0;
  if (minor === 0 && !options.includes('keep-alive')) return 0;
  // Two ways to say where it ends: whoever stands between may have seen another end (RFC 9112 section 6.3).
  if (contentLength !== undefined && transferEncoding !== undefined) return 0;
  const seconds = /(?:^|[,\s])timeout\s*=\s*(\d{1,6})/i.exec(keepAlive)?.[1];
  if (seconds === undefined) return KEEP_ALIVE_MS;
  return Math.max(0, Math.min(KEEP_ALIVE_MS, Number(seconds) * 1000 - KEEP_ALIVE_MARGIN_MS));
}

function endOf({ contentLength, transferEncoding }: Fields): Head['ends'] {
  const length = contentLength === undefined ? 'to-close' : lengthOf(contentLength);
  if (transferEncoding === undefined) return length;
  return /(^|,)\s*chunked\s*$/i.test(transferEncoding) ? 'chunked' : 'to-close';
}

const KEPT_FIELDS: ReadonlyMap<string, keyof Fields> = new Map([
  ['content-length', 'contentLength'],
  ['transfer-encoding', 'transferEncoding'],
  ['connection', 'connection'],
  ['keep-alive', 'keepAlive'],
]);

function noFields(): Fields {
  return { contentLength: undefined, transferEncoding: undefined, connection: '', keepAlive: '' };
}

/** The same length said several times is one (RFC 9112 section 6.3). */
function lengthOf(written: string): number {
  const values = new Set(written.split(/\s*,\s*/).map((one) => (/^\d{1,15}$/.test(one) ? Number(one) : Number.NaN)));
  const [length = Number.NaN] = values;
  if (values.size > 1 || Number.isNaN(length))
    throw new ResponseError(`its Content-Length is ${shownLine(written)}, which is no length`);
  return length;
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}

function shownLine(line: string): string {
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}...` : line);
}
