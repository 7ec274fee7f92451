/** Streams of bytes before anybody reads them as results: unpacked, without a mark, with a look at how they begin. */
import type { Readable } from 'node:stream';

const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Whatever a stream gives, as buffers. */
export async function* buffers(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks)
    yield typeof chunk === 'string'
      ? Buffer.from(chunk)
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** What gzip has packed, as rotated logs are, is unpacked. */
export async function unpacked(chunks: AsyncIterable<Buffer>): Promise<AsyncIterable<Buffer>> {
  const { head, chunks: all } = await withHead(chunks, 2);
  if (head[0] !== 0x1f || head[1] !== 0x8b) return all;
  const [{ createGunzip }, { Readable: Source }] = await Promise.all([import('node:zlib'), import('node:stream')]);
  const source: Readable = Source.from(all, { objectMode: false });
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  return source.pipe(gunzip);
}

/** Without the byte order mark that editors and shells of Windows put before UTF-8: it is no part of the first line. */
export async function withoutMark(chunks: AsyncIterable<Buffer>): Promise<AsyncIterable<Buffer>> {
  const { head, chunks: all } = await withHead(chunks, UTF8_MARK.length);
  return head.equals(UTF8_MARK) ? withoutFirst(all, UTF8_MARK.length) : all;
}

async function* withoutFirst(chunks: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of chunks) {
    const gone = Math.min(left, chunk.length);
    left -= gone;
    if (gone < chunk.length) yield chunk.subarray(gone);
  }
}

/** Its first bytes, and all of it. */
export async function withHead(
  chunks: AsyncIterable<Buffer>,
  bytes: number,
): Promise<{ readonly head: Buffer; readonly chunks: AsyncIterable<Buffer> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let size = 0;
  while (size < bytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    first.push(next.value);
    size += next.value.length;
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      yield* first;
      for (;;) {
        const next = await iterator.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.(undefined);
    }
  }
  return { head: Buffer.concat(first).subarray(0, bytes), chunks: all() };
}
