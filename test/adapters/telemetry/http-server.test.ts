/** The server of measured values and health checks. */
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { serveTexts } from '../../../src/adapters/telemetry/http-server.ts';
import { listenAddress } from '../../../src/text/listen-address.ts';

const answer = ({ path, accept }: { path: string; accept: string }) =>
  path === '/bug'
    ? Promise.reject(new Error('secret'))
    : Promise.resolve({ code: 200, type: 'text/x-own', text: `${path} ${accept}` });

it('answers with what it is given, and takes nothing', async () => {
  const server = await serveTexts('0', '--metrics-address', answer);
  try {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const got = await fetch(`${server.url}/metrics?x=1`, { headers: { Accept: 'a/b' } });
    expect([got.status, got.headers.get('Content-Type'), await got.text()]).toEqual([
      200,
      'text/x-own',
      '/metrics a/b',
    ]);
    expect((await fetch(server.url, { method: 'POST', body: 'x' })).status).toBe(405);
    const bug = await fetch(`${server.url}/bug`);
    expect([bug.status, await bug.text()]).toEqual([500, 'this is a bug\n']);
  } finally {
    await server.close();
  }
});

it('says that the address is taken', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  await expect(serveTexts(`127.0.0.1:${port}`, '--metrics-address', answer)).rejects.toMatchObject({
    message: `--metrics-address 127.0.0.1:${port}: another program listens there`,
    exitCode: 2,
  });
  other.close();
});

describe('an address', () => {
  it.each([
    ['9090', '127.0.0.1', 9090],
    [':9090', '127.0.0.1', 9090],
    ['0.0.0.0:0', '0.0.0.0', 0],
    ['localhost:1', 'localhost', 1],
    ['[::1]:65535', '::1', 65_535],
  ])('%s', (text, host, port) => {
    expect(listenAddress(text, '--x')).toEqual({ host, port });
  });

  it.each(['', 'localhost', '65536', '1.2.3.4:', '::1:80', 'http://x:80', 'me@x:80', 'a b:80'])('not %j', (text) => {
    expect(() => listenAddress(text, '--x')).toThrow(`--x ${text}: expected HOST:PORT or PORT`);
  });
});
