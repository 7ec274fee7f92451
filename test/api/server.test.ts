/** The server by itself: what hostile connections get, and what they cannot do. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { json, RefusedError } from '../../src/api/answer.ts';
import { serveApi, type ApiServer, type ApiServerOptions } from '../../src/api/server.ts';
import { followTlsPair, readTlsPair } from '../../src/api/tls-files.ts';

const open: ApiServer[] = [];
const errors: unknown[] = [];

async function serve(change: Partial<ApiServerOptions> = {}): Promise<ApiServer> {
  const server = await serveApi({
    address: '127.0.0.1:0',
    handle: async ({ method, body }) => json({ body: method === 'POST' ? await body() : null }),
    onError: (error) => errors.push(error),
    ...change,
  });
  open.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
  errors.length = 0;
});

/** All that the server says to these bytes, until it closes. */
function say(port: number, text: string, how: { readonly end?: boolean } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const socket: Socket = connect(port, '127.0.0.1', () => (how.end === true ? socket.end(text) : socket.write(text)));
    socket.setEncoding('latin1');
    socket.on('data', (data: string) => (said += data));
    socket.on('error', reject);
    socket.on('close', () => resolve(said));
  });
}

const post = (body: string, length = String(body.length)) =>
  `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n${body}`;

describe('the server of the API', () => {
  it('answers', async () => {
    const { port } = await serve();
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{"a":1}' });
    expect(await answer.json()).toEqual({ body: { a: 1 } });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each([
    ['a body that is too large', post('', '70000'), 413],
    [
      'a body that is too large and does not say so',
      `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${`1000\r\n${'x'.repeat(4096)}\r\n`.repeat(17)}`,
      413,
    ],
    ['a body that is no JSON', post('{'), 400],
    ['a body that is nested without end', post('['.repeat(30_000) + ']'.repeat(30_000)), 400],
    ['a body that opens without end', post('['.repeat(60_000)), 400],
    ['a body that is no UTF-8', post('"\u00ff"'), 400],
    ['a header that is too large', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
    ['what is no HTTP', 'hello\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}', 400],
    ['a request without a host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ])('refuses %s', async (_, text, status) => {
    const { port } = await serve();
    expect(await say(port, text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(errors).toEqual([]);
  });

  it.each([
    ['a header', 'GET / HTTP/1.1\r\nHost: x\r\n'],
    ['a body', post('{', '100')],
  ])('waits only so long for the end of %s', async (_, text) => {
    const { port } = await serve({ limits: { receiveMs: 200 } });
    expect(await say(port, text)).toMatch(/^(HTTP\/1.1 408 |HTTP\/1.1 400 |$)/);
  });

  it('answers so many at once, and says to others at once that it is busy', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const { port } = await serve({ limits: { requests: 2 }, handle: async () => (await held, json({})) });
    const url = `http://127.0.0.1:${port}/`;
    const first = [fetch(url), fetch(url), fetch(url)];
    const refused = await Promise.race(first);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('2');
    release();
    const statuses = await Promise.all(first.map(async (one) => (await one).status));
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 503]);
    expect((await fetch(url)).status).toBe(200);
  });

  it('takes so many connections', async () => {
    const { port } = await serve({ limits: { connections: 1 } });
    const first = connect(port, '127.0.0.1');
    await new Promise((resolve) => first.once('connect', resolve));
    expect(await say(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n').catch(() => '')).toBe('');
    first.destroy();
  });

  it('says of a defect of ours nothing but that there is one', async () => {
    const { port } = await serve({ handle: () => Promise.reject(new Error('secret-of-ours')) });
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret-of-ours');
    expect(errors).toHaveLength(1);
  });

  it('ends what nobody waits for', async () => {
    let gone: AbortSignal | undefined;
    const arrived = new Promise<AbortSignal>((resolve) => {
      void serve({
        handle: ({ signal }) => {
          resolve(signal);
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new RefusedError(503, 'x'))));
        },
      }).then(({ port }) => {
        const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
        void arrived.then(() => socket.destroy());
      });
    });
    gone = await arrived;
    await new Promise<void>((resolve) => (gone.aborted ? resolve() : gone.addEventListener('abort', () => resolve())));
  });

  it.each(['nowhere', '127.0.0.1:99999', '203.0.113.1:80'])('does not listen at %s', async (address) => {
    await expect(serve({ address })).rejects.toThrow('--api-address');
  });
});

describe('TLS', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-api-tls-'));
  const certify = (name: string) =>
    execFileSync(
      'openssl',
      // prettier-ignore
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '1',
        '-subj',
        `/CN=${name}`,
        '-keyout',
        path.join(folder, 'tls.key'),
        '-out',
        path.join(folder, 'tls.crt'),
      ],
      { stdio: 'ignore' },
    );
  beforeAll(() => certify('first'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const shown = (port: number) =>
    new Promise<string>((resolve, reject) => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        const { CN } = socket.getPeerCertificate().subject;
        socket.destroy();
        resolve(String(CN));
      });
      socket.on('error', reject);
    });

  it('uses a new certificate for new connections, and keeps the old one while the new one cannot be used', async () => {
    const tls = await readTlsPair(folder);
    const server = await serve({ tls });
    expect(await shown(server.port)).toBe('first');
    let next: (what: string) => void = () => {};
    const happens = () => new Promise<string>((resolve) => (next = resolve));
    const stop = followTlsPair(folder, tls, {
      use: (pair) => (server.useTls(pair), next('used')),
      onProblem: () => next('problem'),
      everyMs: 5,
    });
    const broken = happens();
    execFileSync('cp', ['/dev/null', path.join(folder, 'tls.key')]);
    expect(await broken).toBe('problem');
    expect(await shown(server.port)).toBe('first');
    certify('second');
    // A pair that was read half written is a problem again, and then it is whole.
    while ((await happens()) !== 'used');
    expect(await shown(server.port)).toBe('second');
    stop();
  });

  it('does not begin without one', async () => {
    await expect(readTlsPair(path.join(folder, 'nowhere'))).rejects.toThrow('--api-tls-dir');
  });
});
