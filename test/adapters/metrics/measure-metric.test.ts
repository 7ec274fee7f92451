/** How a backend is reached: certificates and proxies; and metrics that have none. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeSelfSigned } from '../../../scripts/certificates.mjs';
import { TLS_ANNOTATIONS } from '../../../src/experiment/unverified-tls.ts';
import { testServer } from '../../support/test-server.ts';
import { measure } from '../../support/measuring-metric.ts';

describe('TLS and proxies', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-metrics-'));
  const { key, cert } = makeSelfSigned(folder, 'server', { commonName: '127.0.0.1', altName: 'IP:127.0.0.1' });

  it('verifies certificates, takes an authority of the metric, and skips only when asked to', async () => {
    // Defect 9. Mutation: in src/adapters/metrics/send-query.ts, dispatcherOf, `tls.insecureSkipVerify === true` -> `tls.ca === undefined`
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
      response.end('3'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const urlTemplate = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const spec = { urlTemplate, jqExpression: '.' };
    expect(await measure(spec).done).toMatchObject({
      kind: 'error',
      message: expect.stringMatching(/self-signed certificate/) as string,
    });
    expect(
      await measure(spec, { annotations: { [TLS_ANNOTATIONS.ca]: readFileSync(cert, 'utf8') } }).done,
    ).toMatchObject({ kind: 'value', value: 3 });
    expect(await measure(spec, { annotations: { [TLS_ANNOTATIONS.insecureSkipVerify]: 'true' } }).done).toMatchObject({
      kind: 'value',
      value: 3,
    });
    server.closeAllConnections();
    server.close();
  });

  it('waits for a proxy that never answers no longer than for a backend', async () => {
    const { createServer: createHttp } = await import('node:http');
    const proxy = createHttp().on('connect', () => undefined);
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const env = { HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    const spec = { urlTemplate: 'http://prometheus.example/', jqExpression: '.' };
    expect(await measure(spec, { env, timeoutMs: 100 }).done).toMatchObject({
      message: 'the backend gives no answer within 0.1 s, through the proxy of HTTP_PROXY',
    });
    proxy.closeAllConnections();
    proxy.close();
  });

  it.each([
    [
      407,
      'http',
      'the backend cannot be reached: the proxy of HTTP_PROXY refused with 407 (it wants a user and a password)',
    ],
    [403, 'http', 'the backend refuses the query: it answers 403, through the proxy of HTTP_PROXY: no'],
    [502, 'http', 'the backend fails: it answers 502, through the proxy of HTTP_PROXY: no'],
    [400, 'http', 'the backend refuses the query: it answers 400: no'],
    [
      407,
      'https',
      'the backend cannot be reached: the proxy of HTTPS_PROXY refused with 407 (it wants a user and a password)',
    ],
    [403, 'https', 'the backend cannot be reached: the proxy of HTTPS_PROXY refused with 403'],
  ])('names the proxy that answers %i to a query by %s', async (status, scheme, message) => {
    const { createServer: createHttp } = await import('node:http');
    const proxy = createHttp((_, response) => response.writeHead(status).end('no')).on('connect', (_, socket) =>
      socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`),
    );
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const env = { [`${scheme.toUpperCase()}_PROXY`]: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    expect(
      await measure({ urlTemplate: `${scheme}://prometheus.example/`, jqExpression: '.' }, { env }).done,
    ).toMatchObject({ message });
    proxy.closeAllConnections();
    proxy.close();
  });

  it('goes through the proxy of the environment, but for what NO_PROXY names', async () => {
    const asked: string[] = [];
    await using backend = await testServer((_, response) => response.end('9'));
    const { createServer: createHttp, request } = await import('node:http');
    const proxy = createHttp((incoming, outgoing) => {
      asked.push(incoming.url ?? '');
      const { pathname } = new URL(incoming.url ?? '');
      request({ host: '127.0.0.1', port: backend.port, path: pathname }, (answer) => answer.pipe(outgoing)).end();
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const spec = { urlTemplate: `http://prometheus.example:${backend.port}/`, jqExpression: '.' };
    expect(await measure(spec, { env: { HTTP_PROXY: url } }).done).toMatchObject({ kind: 'value', value: 9 });
    expect(asked).toEqual([`http://prometheus.example:${backend.port}/`]);
    expect(await measure(spec, { env: { HTTP_PROXY: url, NO_PROXY: '.example' } }).done).toMatchObject({
      kind: 'error',
    });
    expect(asked).toEqual([`http://prometheus.example:${backend.port}/`]);
    proxy.closeAllConnections();
    proxy.close();
  });
});

describe('a mock', () => {
  const mock = [{ name: 'v1', level: '20' }];
  it('counter grows by its level a second, a gauge is around it', async () => {
    expect(await measure({ mock, type: 'Counter' }).done).toMatchObject({ kind: 'value', value: 858 });
    expect(await measure({ mock }).done).toMatchObject({ kind: 'value', value: 15 });
    expect(await measure({ mock: [{ name: 'other', level: 1 }] }).done).toMatchObject({
      kind: 'error',
      reason: 'cannot-ask',
      message: 'the query cannot be made: there is no mock for v1',
    });
  });
});
