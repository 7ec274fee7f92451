/** Servers that are odd, each as node:http sees it too: what HTTP allows is an answer, and what it does not an error. */
import { get } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { createLoadGenerator } from '../../../src/adapters/load/load-generator.ts';
import { addTally, EMPTY_TALLY } from '../../../src/evidence/request-tally.ts';

const LOADED = '/loaded';

interface RawServer extends AsyncDisposable {
  readonly port: number;
  /** Connections that requests of the load came on: a port may have belonged to somebody else a moment ago. */
  readonly connections: () => number;
}

/** Writes these bytes for each request; `then` says what becomes of the connection. */
async function rawServer(answer: string, then: (socket: Socket) => void = () => undefined): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const loaded = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      if (bytes.includes(LOADED)) loaded.add(socket);
      socket.write(Buffer.from(answer, 'latin1'));
      then(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => loaded.size,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const REQUESTS = 5;

async function load(port: number, method = 'GET') {
  const run = await createLoadGenerator().start({
    targets: [
      { version: 'v', endpoints: [{ url: `http://127.0.0.1:${port}${LOADED}`, method, headers: {} }], limits: [] },
    ],
    ratePerSec: 0,
    plannedRequests: REQUESTS,
    connections: 1,
    timeoutMs: 10_000,
    lateAfterMs: 50,
    seed: 1,
    workers: 0,
  });
  let tally = EMPTY_TALLY;
  let failure: string | undefined;
  for await (const report of run.reports) {
    for (const slice of report.slices) tally = addTally(tally, slice.tally);
    failure = report.progress[0]!.lastFailure;
    if (report.state === 'drained') run.finish();
  }
  return { codes: tally.codes, failure };
}

/** The code, or undefined where node:http takes it for an error. */
const nodeSees = (port: number) =>
  new Promise<number | undefined>((resolve) => {
    const request = get({ host: '127.0.0.1', port, agent: false, maxHeaderSize: 512 * 1024 }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
      response.on('error', () => resolve(undefined));
    });
    request.on('upgrade', (_, socket) => {
      socket.destroy();
      resolve(undefined);
    });
    request.on('error', () => resolve(undefined));
  });

const end = (socket: Socket) => void socket.end();
const OK = 'HTTP/1.1 200 OK\r\n';
const SHORT = 'Content-Length: 2\r\n\r\nok';

/** `1`: all requests on one connection; `each`: one for each. */
it.each<[string, string, number, '1' | 'each', ((socket: Socket) => void)?]>([
  ['an informational answer that nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${OK}${SHORT}`, 200, '1'],
  [
    'several of them',
    `${'HTTP/1.1 102 Wait\r\n\r\n'.repeat(3)}HTTP/1.1 103 Hint\r\nLink: </a>\r\n\r\n${OK}${SHORT}`,
    200,
    '1',
  ],
  ['no content', 'HTTP/1.1 204 No Content\r\n\r\n', 204, '1'],
  ['the length of what it does not send', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', 304, '1'],
  [
    'chunks with extensions and trailers',
    `${OK}Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n`,
    200,
    '1',
  ],
  ['content up to the end of the connection', `${OK}\r\nhello`, 200, 'each', end],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nhello', 200, 'each', end],
  ['HTTP/1.0 that keeps the connection', `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n${SHORT}`, 200, '1'],
  ['a connection that it will close', `${OK}Connection: close\r\n${SHORT}`, 200, 'each'],
  ['a connection that it keeps for a second', `${OK}Keep-Alive: timeout=1\r\n${SHORT}`, 200, 'each'],
  ['no reason', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', 200, '1'],
  ['an empty line first', `\r\n${OK}${SHORT}`, 200, '1'],
  ['100 KB of header', `${OK}X: ${'x'.repeat(100_000)}\r\n${SHORT}`, 200, '1'],
  ['bytes beyond ASCII', `${OK}X: \u00e9\r\n${SHORT}`, 200, '1'],
  ['a code that is in no list', `HTTP/1.1 299 Odd\r\n${SHORT}`, 299, '1'],
])('%s', async (_, answer, code, connections, then) => {
  await using server = await rawServer(answer, then);
  expect(await load(server.port)).toEqual({ codes: { [code]: REQUESTS }, failure: undefined });
  expect(server.connections()).toBe(connections === '1' ? 1 : REQUESTS);
  expect(await nodeSees(server.port)).toBe(code);
});

/** RFC 9112 lets a client take these; node:http does not. */
it.each([
  ['lines that end with a line feed alone', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
  ['folded lines', `${OK}X: a\r\n b\r\n${SHORT}`],
  ['its length twice', `${OK}Content-Length: 2\r\n${SHORT}`],
])('%s, which node:http refuses', async (_, answer) => {
  await using server = await rawServer(answer);
  expect(await load(server.port)).toEqual({ codes: { 200: REQUESTS }, failure: undefined });
  expect(await nodeSees(server.port)).toBeUndefined();
});

it.each([
  [
    'a status below 100',
    'HTTP/1.1 000 Weird\r\nContent-Length: 0\r\n\r\n',
    'its status is 000; HTTP has none below 100',
  ],
  [
    'another protocol',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    'it switches to another protocol, which nobody asked for',
  ],
  ['two lengths', `${OK}Content-Length: 3\r\n${SHORT}`, 'its Content-Length is "3, 2", which is no length'],
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.6\r\n', 'it begins with "SSH-2.0-OpenSSH_9.6", which is no HTTP/1.1'],
])('%s is an error of the server', async (_, answer, failure) => {
  await using server = await rawServer(answer);
  expect(await load(server.port)).toEqual({ codes: { other: REQUESTS }, failure: `${failure} (INVALID_RESPONSE)` });
});

it('an answer that nobody asked for is not that to the next request', async () => {
  await using server = await rawServer(`${OK}${SHORT}HTTP/1.1 500 Late\r\n${SHORT}`);
  expect(await load(server.port)).toEqual({ codes: { 200: REQUESTS }, failure: undefined });
  expect(server.connections()).toBe(REQUESTS);
});

it('a HEAD is answered by a head', async () => {
  await using server = await rawServer(`${OK}Content-Length: 500\r\n\r\n`);
  expect(await load(server.port, 'HEAD')).toEqual({ codes: { 200: REQUESTS }, failure: undefined });
  expect(server.connections()).toBe(1);
});
