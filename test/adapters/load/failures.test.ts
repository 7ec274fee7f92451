import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer, type Server } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeSelfSigned, makeSigned } from '../../../scripts/certificates.mjs';
import { createLoadGenerator } from '../../../src/adapters/load/load-generator.ts';
import { addTally, EMPTY_TALLY, type Tally } from '../../../src/evidence/request-tally.ts';
import type { LoadEndpoint, LoadPlan, LoadReport } from '../../../src/drive/ports.ts';
import { testServer, type TestServer } from '../../support/test-server.ts';

interface Sent {
  readonly tally: Tally;
  readonly last: LoadReport;
}

async function send(endpoint: Partial<LoadEndpoint> & { url: string }, change: Partial<LoadPlan> = {}): Promise<Sent> {
  const run = await createLoadGenerator().start({
    targets: [{ version: 'v', endpoints: [{ method: 'GET', headers: {}, ...endpoint }], limits: [] }],
    ratePerSec: 200,
    plannedRequests: 20,
    timeoutMs: 1000,
    lateAfterMs: 50,
    seed: 1,
    workers: 0,
    ...change,
  });
  let tally = EMPTY_TALLY;
  let last: LoadReport | undefined;
  for await (const report of run.reports) {
    last = report;
    for (const slice of report.slices) tally = addTally(tally, slice.tally);
    if (report.state === 'drained') run.finish();
  }
  return { tally, last: last! };
}

/** A server that speaks bytes: what each connection gets is up to the test. */
async function rawServer(serve: (socket: Socket) => void): Promise<{ url: string; close: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

let closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.map((close) => close()));
  closers = [];
});
const raw = async (serve: (socket: Socket) => void) => {
  const server = await rawServer(serve);
  closers.push(server.close);
  return server.url;
};

describe('failures have classes', () => {
  it('of a name that does not resolve: dns', async () => {
    const { tally, last } = await send({ url: 'http://no-such-host.invalid/' });
    expect(tally.codes).toEqual({ dns: 20 });
    expect(last.progress[0]!.lastFailure).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });
  it('of a server that closes without an answer: reset', async () => {
    const { tally } = await send({ url: await raw((socket) => socket.once('data', () => socket.destroy())) });
    expect(tally.codes).toEqual({ reset: 20 });
  });
  it('of a body that is cut short: reset', async () => {
    const { tally } = await send({
      url: await raw((socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort')),
      ),
    });
    expect(tally.codes).toEqual({ reset: 20 });
    expect(tally.response.errors).toBe(20);
  });
  it('of a body without an end: timeout, in bounded memory', async () => {
    const url = await raw((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        const more = setInterval(() => socket.write('5\r\nhello\r\n'), 20);
        socket.once('close', () => clearInterval(more));
      }),
    );
    const { tally } = await send({ url }, { plannedRequests: 5, timeoutMs: 300 });
    expect(tally.codes).toEqual({ timeout: 5 });
  });
  it('of garbage and of headers without an end: errors, all of them', async () => {
    const garbage = await send({
      url: await raw((socket) => socket.once('data', () => socket.end('garbage\r\n\r\n'))),
    });
    const headers = await send(
      {
        url: await raw((socket) =>
          socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(200_000)}`)),
        ),
      },
      { plannedRequests: 5, timeoutMs: 500 },
    );
    expect(garbage.tally.response.errors).toBe(20);
    expect(headers.tally.response.errors).toBe(5);
  });
  it('of redirects: none, they are answers', async () => {
    let server: TestServer | undefined;
    closers.push(async () => server?.[Symbol.asyncDispose]());
    server = await testServer((_, response) => {
      response.writeHead(302, { Location: '/elsewhere' });
      response.end();
    });
    const { tally } = await send({ url: server.url });
    expect(tally.codes).toEqual({ 302: 20 });
    expect(tally.response.errors).toBe(0);
    expect(server.seen()).toBe(20);
  });
});

describe('a GET on a connection that was idle for a second', () => {
  /** Answers once on each connection, and closes it when something else arrives. */
  const closesIdle = () =>
    raw((socket) => {
      let answered = false;
      socket.on('data', () => {
        if (answered) socket.destroy();
        else socket.write(OK);
        answered = true;
      });
    });

  it('and dies before any answer is sent once more, counted, and an error for `satisfied` alone', async () => {
    // One request every 1.2 s: each finds the connection of the one before idle, and dying.
    const { tally } = await send(
      { url: await closesIdle() },
      { ratePerSec: 1 / 1.2, plannedRequests: 3, connections: 1 },
    );
    expect(tally.codes).toEqual({ 200: 3 });
    expect(tally.reconnects).toBe(2);
    expect(tally.response.errors).toBe(2);
    expect(tally.service.errors).toBe(0);
  });
  it('is not sent again when it is a POST', async () => {
    const { tally } = await send(
      { url: await closesIdle(), method: 'POST', body: Buffer.from('x') },
      { ratePerSec: 1 / 1.2, plannedRequests: 2, connections: 1 },
    );
    expect(tally.codes).toEqual({ 200: 1, reset: 1 });
    expect(tally.reconnects).toBe(0);
  });
});

describe('a request', () => {
  it('carries method, headers, host and body as they were given, and goes where resolve says', async () => {
    const seen: string[] = [];
    const url = await raw((socket) =>
      socket.on('data', (data) => {
        seen.push(data.toString());
        socket.write(OK);
      }),
    );
    const { port } = new URL(url);
    await send(
      {
        url: `http://shop.example:${port}/a?b=c`,
        method: 'POST',
        headers: { Host: 'other.example', 'X-Team': 'shop' },
        body: Buffer.from('{"a":1}'),
        resolve: [`shop.example:${port}:127.0.0.1`],
      },
      { plannedRequests: 1 },
    );
    expect(seen[0]).toMatch(/^POST \/a\?b=c HTTP\/1\.1\r\n/);
    expect(seen[0]).toMatch(/^host: other\.example\r$/im);
    expect(seen[0]).toMatch(/^x-team: shop\r$/im);
    expect(seen[0]).toMatch(/\r\n\r\n\{"a":1\}$/);
  });
});

/** Of a server that lives as long as one test. */
function selfSigned(): { readonly key: string; readonly cert: string } {
  const dir = mkdtempSync(path.join(tmpdir(), 'iter8ctl-tls-'));
  try {
    makeSelfSigned(dir, 'own', { commonName: 'shop.example' });
    return {
      key: readFileSync(path.join(dir, 'own.key'), 'utf8'),
      cert: readFileSync(path.join(dir, 'own.crt'), 'utf8'),
    };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** A server on a thread of its own, which answers while ours stands still; it says when the twentieth request has come. */
const SERVER_THREAD = `
  const { createServer } = require('node:http');
  const { parentPort } = require('node:worker_threads');
  let seen = 0;
  const server = createServer((request, response) => {
    seen += 1;
    if (seen === 20) parentPort.postMessage('answers are under way');
    setTimeout(() => response.end('ok'), 20);
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

it('is no timeout where only we did not come to read the answer, and late by our own fault', async () => {
  const thread = new Worker(SERVER_THREAD, { eval: true });
  closers.push(async () => void (await thread.terminate()));
  const port = await new Promise<number>((resolve) => thread.once('message', resolve));
  // Shorter than a standstill, of which nothing would be sent late.
  const timeoutMs = 400;
  // As a thread that gets no core for longer than the timeout.
  thread.once('message', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs + 100));
  const { tally } = await send({ url: `http://127.0.0.1:${port}/` }, { plannedRequests: 60, timeoutMs });
  expect(tally.codes).toEqual({ 200: 60 });
  expect(tally.late.bad).toBeGreaterThan(0);
});

it('is an error for `satisfied` where its answer came after the timeout, before that was noticed', async () => {
  const server = await testServer((_, response) => void setTimeout(() => response.end('ok'), 211));
  closers.push(async () => server[Symbol.asyncDispose]());
  const { tally } = await send({ url: server.url }, { timeoutMs: 200 });
  expect(tally.response.errors).toBe(20);
});

it('is no failure to connect either, where only we did not take the next step of a connection', async () => {
  // TLS 1.2 takes two rounds; each message takes 100 ms, which is far longer than a sweep.
  const key = { ...selfSigned(), maxVersion: 'TLSv1.2' as const };
  const server = createTlsServer(key, (_, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const delayed = createTcpServer((socket) => {
    const inner = connect((server.address() as AddressInfo).port, '127.0.0.1');
    for (const [from, to] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      from.on('error', () => undefined);
      from.on('data', (bytes) => void setTimeout(() => to.write(bytes), 100));
      from.on('close', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => delayed.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
    await new Promise((resolve) => delayed.close(resolve));
  });
  const timeoutMs = 1000;
  // While the first connections are being made.
  delayed.once('connection', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs + 50));
  const url = `https://127.0.0.1:${(delayed.address() as AddressInfo).port}/`;
  const { tally } = await send({ url, tls: { insecureSkipVerify: true } }, { plannedRequests: 5, timeoutMs });
  expect(tally.codes).toEqual({ 200: 5 });
});

/** Twenty handshakes at once take a while on a busy machine. */
const PATIENT = { timeoutMs: 20_000 };

describe('HTTPS', () => {
  let dir: string;
  let server: Server;
  let url: string;
  const pem = (name: string) => readFileSync(path.join(dir, name), 'utf8');
  beforeAll(async () => {
    dir = mkdtempSync(path.join(tmpdir(), 'iter8ctl-tls-'));
    makeSelfSigned(dir, 'ca', { commonName: 'test ca' });
    for (const name of ['server', 'client'])
      makeSigned(dir, name, { commonName: 'shop.example', altName: 'DNS:shop.example', authority: 'ca' });
    server = createTlsServer(
      {
        key: pem('server.key'),
        cert: pem('server.crt'),
        ca: pem('ca.crt'),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (request, response) => {
        response.end((request.socket as unknown as { authorized: boolean }).authorized ? 'known' : 'unknown');
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(dir, { recursive: true });
  });

  it('is verified: an unknown authority and a wrong name are failures of class tls', async () => {
    expect((await send({ url }, PATIENT)).tally.codes).toEqual({ tls: 20 });
    expect((await send({ url, tls: { ca: pem('ca.crt') } }, PATIENT)).tally.codes).toEqual({ tls: 20 });
  });
  it('takes an authority, a server name and a client certificate', async () => {
    const tls = { ca: pem('ca.crt'), serverName: 'shop.example', cert: pem('client.crt'), key: pem('client.key') };
    expect((await send({ url, tls }, PATIENT)).tally.codes).toEqual({ 200: 20 });
  });
  it('is not verified only when that is asked for', async () => {
    expect((await send({ url, tls: { insecureSkipVerify: true } }, PATIENT)).tally.codes).toEqual({ 200: 20 });
  });
});
