/** What a request is built from is bounded, and ends with a sentence when it cannot be had. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createRequestBuilder } from '../../../src/adapters/load/build-requests.ts';
import type { CollectEndpoint } from '../../../src/experiment/tasks/collect-inputs.ts';
import { liveExperiment } from '../../support/live-manifest.ts';
import { iter8ctl } from '../../support/test-io.ts';
import { testServer } from '../../support/test-server.ts';

function build(endpoint: Partial<CollectEndpoint>, env: Record<string, string> = {}) {
  const builder = createRequestBuilder({ secrets: { read: () => Promise.resolve({}) }, env });
  const inputs = { versions: [{ name: 'v1', endpoints: [{ url: 'http://h/', method: 'GET', ...endpoint }] }] };
  return builder.build(inputs as unknown as Parameters<typeof builder.build>[0], 'default');
}

it.each<[string, Partial<CollectEndpoint>, RegExp]>([
  ['a caFile that never ends', { tls: { caFile: '/dev/zero' } }, /^tls.caFile \/dev\/zero cannot be read: is a device/],
  ['a caFile that is not there', { tls: { caFile: '/nowhere' } }, /: no such file or folder$/],
  [
    'a payload of nobody',
    { payloadURL: 'http://user:hunter2@127.0.0.1:1/p?token=hunter3' },
    /^payloadURL http:\/\/\*\*\*@127\.0\.0\.1:1\/p\?token=\*\*\* cannot be read: connection refused/,
  ],
])('%s', async (_, endpoint, message) => {
  await expect(build(endpoint)).rejects.toThrow(message);
});

it('a payload is got through the proxy of the environment, within its limit', async () => {
  await using payloads = await testServer((incoming, response) =>
    response.end(Buffer.alloc(incoming.url?.includes('large') === true ? 17 * 1024 * 1024 : 3, 'x')),
  );
  const asked: (string | undefined)[] = [];
  const proxy = createServer((incoming, outgoing) => {
    asked.push(incoming.url);
    const { pathname } = new URL(incoming.url ?? '');
    // The answer may be refused before it has ended.
    request({ host: '127.0.0.1', port: payloads.port, path: pathname }, (answer) => answer.pipe(outgoing)).end();
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const env = { http_proxy: `127.0.0.1:${(proxy.address() as AddressInfo).port}` };
  const [version] = await build({ payloadURL: 'http://payloads.example/p' }, env);
  expect(Buffer.from(version!.endpoints[0]!.body!).toString()).toBe('xxx');
  await expect(build({ payloadURL: 'http://payloads.example/large' }, env)).rejects.toThrow(
    /the answer has more than 16777216 bytes/,
  );
  expect(asked).toEqual(['http://payloads.example/p', 'http://payloads.example/large']);
  proxy.closeAllConnections();
  proxy.close();
});

it('payloads of one task are read once each, and have one limit together', async () => {
  const asked: (string | undefined)[] = [];
  await using payloads = await testServer((incoming, response) => {
    asked.push(incoming.url);
    response.end(Buffer.alloc(9 * 1024 * 1024, 'x'));
  });
  const builder = createRequestBuilder({ secrets: { read: () => Promise.resolve({}) } });
  const endpoint = (name: string, at: string) => ({
    name,
    url: 'http://h/',
    method: 'POST',
    payloadURL: `${payloads.url}${at}`,
  });
  const load = (...endpoints: object[]) =>
    builder.build(
      { versions: [{ name: 'v1', endpoints }] } as unknown as Parameters<typeof builder.build>[0],
      'default',
    );
  const [version] = await load(endpoint('a', 'one'), endpoint('b', 'one'));
  expect(version!.endpoints.map(({ body }) => body!.length)).toEqual([9 * 1024 * 1024, 9 * 1024 * 1024]);
  expect(asked).toEqual(['/one']);
  await expect(load(endpoint('a', 'one'), endpoint('b', 'two'))).rejects.toThrow(/two cannot be read: .*16 MB in all$/);
});

it.each([
  ['u:a%zz', 'u:a%zz'],
  [':only-a-password', ':only-a-password'],
  ['only-a-user', 'only-a-user:'],
])('user and password of a URL are sent as curl sends them (%s)', async (userinfo, basic) => {
  const sent: (string | undefined)[] = [];
  await using server = await testServer((request, response) => {
    sent.push(request.headers.authorization);
    response.end('ok');
  });
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-build-'));
  const experiment = liveExperiment({ criteria: {} }) as { spec: { strategy: object } };
  const url = server.url.replace('://', `://${userinfo}@`);
  experiment.spec.strategy = {
    testingPattern: 'Conformance',
    actions: { start: [{ task: 'metrics/collect', with: { numQueries: 1, versions: [{ name: 'v1', url }] } }] },
  };
  writeFileSync(path.join(cwd, 'e.json'), JSON.stringify(experiment));
  const { code } = await iter8ctl(['plan', '--local', '-f', 'e.json'], { cwd });
  expect(code).not.toBe(70);
  expect(sent[0]).toBe(`Basic ${Buffer.from(basic).toString('base64')}`);
});
