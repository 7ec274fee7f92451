/**
 * Servers on loopback whose every answer is known beforehand: what a tool says of them can be compared with what they did.
 *
 * `/plain`: every 20th request (the 20th, the 40th, ...) gets 503, every 10th (from the 4th on) takes 40 ms longer.
 * `/hard`: as `/plain`; of each 40 one is closed without an answer, one breaks off in its body, one is never answered, one is
 * redirected to `/moved`, which answers at once.
 */
import { createServer } from 'node:http';
import http2 from 'node:http2';

const SLOW_MS = 40;
const nothing = () => ({ answered: 0, failed: 0, closed: 0, brokenOff: 0, hung: 0, redirected: 0, moved: 0 });

/** What the k-th request (from 0) of a path gets. */
function fateOf(path, k) {
  if (path === '/moved') return 'moved';
  if (path === '/hard') {
    const fate = { 7: 'closed', 11: 'brokenOff', 27: 'hung', 31: 'redirected' }[k % 40];
    if (fate !== undefined) return fate;
  }
  return k % 20 === 19 ? 'failed' : 'answered';
}

/** @returns {Promise<{ url: string, counts: () => object, reset: () => void, close: () => void }>} */
export async function startServer() {
  let counts = nothing();
  let numbers = new Map();
  let arrivals = { first: undefined, last: undefined };
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://x').pathname;
    const k = numbers.get(path) ?? 0;
    numbers.set(path, k + 1);
    const fate = fateOf(path, k);
    counts[fate] += 1;
    arrivals = { first: arrivals.first ?? Date.now(), last: Date.now() };
    request.resume();
    const answers = {
      closed: () => request.socket.destroy(),
      brokenOff: () => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('half');
        setTimeout(() => request.socket.destroy(), 5);
      },
      hung: () => undefined,
      redirected: () => response.writeHead(302, { location: '/moved', 'content-length': 0 }).end(),
      failed: () => response.writeHead(503, { 'content-type': 'text/plain' }).end('busy\n'),
      answered: () => response.writeHead(200, { 'content-type': 'text/plain' }).end('hello\n'),
      moved: () => response.writeHead(200, { 'content-type': 'text/plain' }).end('moved\n'),
    };
    if (k % 10 === 3 && fate !== 'moved') setTimeout(() => answers[fate](), SLOW_MS);
    else answers[fate]();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    counts: () => ({ ...counts }),
    seconds: () => (arrivals.first === undefined ? 0 : (arrivals.last - arrivals.first) / 1000),
    reset: () => {
      counts = nothing();
      numbers = new Map();
      arrivals = { first: undefined, last: undefined };
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

export const PROTO = `syntax = "proto3";
package probe;
service Greeter { rpc Hello (Word) returns (Word) {} }
message Word { string text = 1; }
`;

/** gRPC over HTTP/2: every 20th call gets INTERNAL, one of 40 is never answered, one UNAVAILABLE, every 10th is 40 ms slower. */
export async function startGrpcServer() {
  let counts = { OK: 0, Internal: 0, Unavailable: 0, hung: 0 };
  let k = 0;
  const server = http2.createServer();
  const sessions = new Set();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream) => {
    const number = k;
    k += 1;
    stream.on('error', () => undefined);
    stream.resume();
    const status =
      number % 40 === 27 ? 'hung' : number % 40 === 31 ? 'Unavailable' : number % 20 === 19 ? 'Internal' : 'OK';
    counts[status] += 1;
    if (status === 'hung') return;
    const answer = () => {
      if (stream.destroyed) return;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () =>
        stream.sendTrailers({ 'grpc-status': { OK: '0', Internal: '13', Unavailable: '14' }[status] }),
      );
      // An empty message: not compressed, of length 0.
      stream.end(status === 'OK' ? Buffer.alloc(5) : undefined);
    };
    if (number % 10 === 3) setTimeout(answer, SLOW_MS);
    else answer();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${server.address().port}`,
    counts: () => ({ ...counts }),
    reset: () => {
      counts = { OK: 0, Internal: 0, Unavailable: 0, hung: 0 };
      k = 0;
    },
    close: () => {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}
