/**
 * Reads a file with limits of size and time, whatever lies at its path: pipes and the outputs of commands (`<(...)`) as well as
 * files, but no devices.
 */
import { close, constants, fstat, open, read } from 'node:fs';
import { promisify } from 'node:util';

export interface ReadLimits {
  readonly maxBytes: number;
  /** Of a pipe: how long its writer may take. */
  readonly timeoutMs?: number | undefined;
  /** A symbolic link is refused. */
  readonly noLinks?: boolean | undefined;
}

/** What was read is not all of it, or nothing of the kind. The message stands behind the name of the file. */
export class ReadError extends Error {
  override readonly name = 'ReadError';
}

/** Of a file of certificates, a key or a token: all authorities of the web have a quarter of this. */
export const MAX_CREDENTIAL_BYTES = 1024 * 1024;
const PIPE_TIMEOUT_MS = 30_000;
const CHUNK = 64 * 1024;
// A pipe must not make us wait for its writer when it is opened: that could not be ended. Windows knows neither flag.
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const NO_LINKS = constants.O_NOFOLLOW ?? 0;

/** Rejects with ReadError, or the error of the system. */
export async function readBounded(path: string, limits: ReadLimits): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of readChunks(path, limits)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function* readChunks(path: string, limits: ReadLimits): AsyncGenerator<Buffer> {
  const fd = await promisify(open)(path, FLAGS | (limits.noLinks === true ? NO_LINKS : 0));
  let isOurs = true;
  try {
    const stat = await promisify(fstat)(fd);
    if (stat.isDirectory()) throw new ReadError('is a folder');
    if (!stat.isFile() && !stat.isFIFO()) throw new ReadError('is a device, not a file');
    isOurs = stat.isFile(); // a pipe is closed by its socket
    const chunks = isOurs ? fileChunks(fd) : pipeChunks(fd, limits.timeoutMs ?? PIPE_TIMEOUT_MS);
    yield* withinBytes(chunks, limits.maxBytes);
  } finally {
    if (isOurs) await promisify(close)(fd);
  }
}

/** @throws ReadError before more than that is kept */
async function* withinBytes(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > maxBytes) throw new ReadError(`has more than ${sizeText(maxBytes)}`);
    yield chunk;
  }
}

async function* fileChunks(fd: number): AsyncGenerator<Buffer> {
  for (;;) {
    const { bytesRead, buffer } = await promisify(read)(fd, Buffer.allocUnsafe(CHUNK), 0, CHUNK, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Waited for by the event loop: a read of the file system would hold a thread, and with it the end of the process. */
async function* pipeChunks(fd: number, timeoutMs: number): AsyncGenerator<Buffer> {
  const { Socket } = await import('node:net');
  const socket = new Socket({ fd, readable: true, writable: false });
  const timer = setTimeout(
    () => socket.destroy(new ReadError(`is a pipe that does not end within ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  try {
    for await (const chunk of socket) yield chunk as Buffer;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** Lines without their ends, as bytes that are UTF-8 or not. @throws ReadError */
export async function* readLines(
  path: string,
  limits: ReadLimits & { readonly maxLine: number },
): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of readChunks(path, limits)) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield lineOf([...parts, chunk.subarray(start, end)]);
      parts = [];
      length = 0;
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    length += rest.length;
    if (length > limits.maxLine) throw new ReadError(`has a line of more than ${sizeText(limits.maxLine)}`);
    if (rest.length > 0) parts.push(rest);
  }
  if (parts.length > 0) yield lineOf(parts);
}

const lineOf = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString('utf8').replace(/\r$/, '');

const sizeText = (bytes: number): string =>
  bytes >= 1024 * 1024 ? `${bytes / 1024 / 1024} MB` : `${Math.round(bytes / 1024)} KB`;
