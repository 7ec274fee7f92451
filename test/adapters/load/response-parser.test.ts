import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResponseError, ResponseParser } from '../../../src/adapters/load/response-parser.ts';
import { runs } from '../../support/search-depth.ts';

/** What comes of these pieces of bytes: codes, for how long the connection may be used again, or an error. */
function parse(pieces: readonly Uint8Array[], { method = 'GET', isClosed = false } = {}): string[] {
  const seen: string[] = [];
  const parser = new ResponseParser({
    answered: (code) => seen.push(String(code)),
    ended: (keepAliveMs) => seen.push(`end ${keepAliveMs}`),
  });
  parser.expect(method);
  try {
    for (const piece of pieces) if (!parser.feed(piece)) seen.push('stray');
    if (isClosed) parser.close();
  } catch (error) {
    expect(error).toBeInstanceOf(ResponseError);
    seen.push((error as Error).message);
  }
  return seen;
}
const bytes = (text: string) => Buffer.from(text, 'latin1');
const ok = (fields = '', rest = '') => `HTTP/1.1 200 OK\r\n${fields}\r\n${rest}`;
const KEPT = 'end 60000';

describe('an answer ends', () => {
  it.each([
    ['after its length', ok('Content-Length: 2\r\n', 'ok'), ['200', KEPT]],
    ['after the same length twice', ok('Content-Length: 2\r\ncontent-length: 2, 2\r\n', 'ok'), ['200', KEPT]],
    ['at once without content', ok('Content-Length: 0\r\n'), ['200', KEPT]],
    ['after its last chunk', ok('Transfer-Encoding: gzip, Chunked\r\n', '2;a="b"\r\nok\r\n0\r\n\r\n'), ['200', KEPT]],
    ['after its trailers', ok('Transfer-Encoding: chunked\r\n', '2\r\nok\r\n0\r\nX: y\r\n\r\n'), ['200', KEPT]],
    ['at once where none has content', 'HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n', ['204', KEPT]],
    ['at once where the content is not sent', 'HTTP/1.1 304 Not\r\nContent-Length: 9\r\n\r\n', ['304', KEPT]],
    [
      'after informational ones',
      `HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103\r\nLink: x\r\n\r\n${ok('Content-Length: 0\r\n')}`,
      ['200', KEPT],
    ],
    ['with its connection', ok('Content-Length: 0\r\nConnection: foo, Close\r\n'), ['200', 'end 0']],
    ['of HTTP/1.0 likewise', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', ['200', 'end 0']],
    ['of HTTP/1.0 and stays', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n', ['200', KEPT]],
    ['and is soon closed', ok('Content-Length: 0\r\nKeep-Alive: timeout=5, max=9\r\n'), ['200', 'end 4000']],
    ['and is closed at once', ok('Content-Length: 0\r\nKeep-Alive: timeout=1\r\n'), ['200', 'end 0']],
    ['for certain only once', ok('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), ['200', 'end 0']],
    ['behind an empty line', `\r\n${ok('Content-Length: 0\r\n')}`, ['200', KEPT]],
    ['with single line feeds', 'HTTP/1.1 200\nContent-Length: 2\n\nok', ['200', KEPT]],
    ['behind folded lines', ok('X: a\r\n\tb\r\nContent-Length:\r\n 2\r\n', 'ok'), ['200', KEPT]],
  ])('%s', (_, text, expected) => {
    expect(parse([bytes(text)])).toEqual(expected);
    expect(parse([...bytes(text)].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  it('after its head when it answers a HEAD', () => {
    expect(parse([bytes(ok('Content-Length: 9\r\n'))], { method: 'HEAD' })).toEqual(['200', KEPT]);
  });

  it('with its connection where nothing else says so', () => {
    expect(parse([bytes(ok('', 'some'))], { isClosed: true })).toEqual(['200', 'end 0']);
    expect(parse([bytes(ok('Transfer-Encoding: gzip\r\n', 'x'))], { isClosed: true })).toEqual(['200', 'end 0']);
    expect(parse([bytes(ok('Content-Length: 9\r\n', 'some'))], { isClosed: true })).toEqual(['200']);
  });

  it('and what follows is never the answer to the next request', () => {
    const one = ok('Content-Length: 0\r\n');
    expect(parse([bytes(one + one)])).toEqual(['200', 'end 0']);
    expect(parse([bytes(one), bytes('x')])).toEqual(['200', KEPT, 'stray']);
  });
});

it.each([
  ['HTTP/1.1 000 X\r\n\r\n', 'its status is 000; HTTP has none below 100'],
  ['HTTP/2 200\r\n\r\n', 'it begins with "HTTP/2 200", which is no HTTP/1.1'],
  ['SSH-2.0-x\r\n', 'it begins with "SSH-2.0-x", which is no HTTP/1.1'],
  ['HTTP/1.1 101 Up\r\n\r\n', 'it switches to another protocol, which nobody asked for'],
  [ok('Content-Length: 2, 3\r\n'), 'its Content-Length is "2, 3", which is no length'],
  [ok('Content-Length: -1\r\n'), 'its Content-Length is "-1", which is no length'],
  [ok('no colon\r\n'), 'its header holds "no colon", which is no field'],
  [ok('Transfer-Encoding: chunked\r\n', '2 2\r\n'), 'its content holds "2 2" in place of the size of a chunk'],
  [ok('Transfer-Encoding: chunked\r\n', '1\r\nok\r\n'), 'a chunk of its content is longer than it says'],
  ['HTTP/1.1 100 Go\r\n\r\n'.repeat(101), 'more than 100 informational answers came before it'],
  [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(300_000)}`, 'its header is larger than 256 KiB'],
])('is an error: %j', (text, message) => {
  expect(parse([bytes(text)]).at(-1)).toBe(message);
});

it('comes out the same however its bytes arrive, and is never anything but an answer or an error', () => {
  const part = fc.constantFrom(
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 100 Go\r\n',
    'HTTP/1.0 304\r\n',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Connection: close\r\n',
    '\r\n',
    '\n',
    '3\r\nabc\r\n',
    '0\r\n',
    'abc',
    ' x',
    ':',
    '\r',
    '5;x=1',
    '\u0000\u00ff',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(60), { maxLength: 8 }), (parts, cuts) => {
      const all = bytes(parts.join(''));
      const at = [0, ...cuts.filter((cut) => cut < all.length).toSorted((a, b) => a - b), all.length];
      const pieces = at.slice(1).map((end, index) => all.subarray(at[index], end));
      // Whether what follows an answer came with it is all that may differ.
      const shape = (seen: readonly string[]) =>
        seen.filter((one) => one !== 'stray').map((one) => one.replace(/^end .*/, 'end'));
      expect(shape(parse(pieces))).toEqual(shape(parse([all])));
    }),
    { numRuns: runs(2000) },
  );
});

describe('a connection', () => {
  const answer = fc.record({
    code: fc.constantFrom(200, 200, 204, 304, 404),
    fields: fc.constantFrom(
      'Content-Length: 2\r\n',
      'Content-Length: 2\r\nDate: today\r\n',
      'Content-Length: 2\r\nDate: other\r\n',
      'Content-Length: 0\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Content-Length: 2\r\nConnection: close\r\n',
      'Content-Length: 2\r\nKeep-Alive: timeout=5\r\n',
      `Content-Length: 2\r\nX: ${'x'.repeat(3_000)}\r\n`,
      'Content-Length: x\r\n',
    ),
    method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD'),
    isIntroduced: fc.boolean(),
    cut: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  it('reads each answer as a new one would, whatever was read before it', () => {
    const textOf = ({
      code,
      fields,
      method,
      isIntroduced,
    }: {
      readonly code: number;
      readonly fields: string;
      readonly method: string;
      readonly isIntroduced: boolean;
    }): string => {
      const content = fields.startsWith('Transfer')
        ? '2\r\nok\r\n0\r\n\r\n'
        : fields.startsWith('Content-Length: 2')
          ? 'ok'
          : '';
      const first = isIntroduced ? 'HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n' : '';
      return `${first}HTTP/1.1 ${code} Said\r\n${fields}\r\n${method === 'HEAD' || code === 204 || code === 304 ? '' : content}`;
    };
    fc.assert(
      fc.property(fc.array(answer, { minLength: 2, maxLength: 8 }), fc.boolean(), (answers, isCut) => {
        const seen: string[] = [];
        const parser = new ResponseParser({
          answered: (code) => seen.push(String(code)),
          ended: (keepAliveMs) => seen.push(`end ${keepAliveMs}`),
        });
        for (const one of answers) {
          const text = bytes(textOf(one));
          const at = isCut ? Math.floor(one.cut * text.length) : text.length;
          const pieces = [text.subarray(0, at), text.subarray(at)].filter((piece) => piece.length > 0);
          seen.length = 0;
          parser.expect(one.method);
          try {
            for (const piece of pieces) parser.feed(piece);
          } catch (error) {
            seen.push((error as Error).message);
          }
          expect(seen).toEqual(parse([text], { method: one.method }));
          if (seen.length > 0 && !seen.at(-1)!.startsWith('end')) return;
        }
      }),
      { numRuns: runs(300) },
    );
  });
});
