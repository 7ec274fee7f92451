/** What is refused before a request is sent. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { makeSelfSigned } from '../../../scripts/certificates.mjs';
import { createRequestBuilder } from '../../../src/adapters/load/build-requests.ts';
import { collectInputs } from '../../../src/experiment/tasks/collect-inputs.ts';
import { iter8ctl } from '../../support/test-io.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-build-'));
const pem = (name: string) => {
  const { key, cert } = makeSelfSigned(folder, name, { commonName: name });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
};
const [one, other] = [pem('one'), pem('other')];

it.each([
  ['garbage', { 'tls.crt': 'garbage', 'tls.key': 'garbage' }, /secret s cannot be used/],
  ['the key of another', { 'tls.crt': one.cert, 'tls.key': other.key }, /secret s cannot be used/],
  ['a certificate alone', { 'tls.crt': one.cert }, /only one is there/],
  ['a key alone', { 'tls.key': one.key }, /only one is there/],
])('a client certificate that cannot be used is refused with its secret: %s', async (_, fields, message) => {
  const builder = createRequestBuilder({ secrets: { read: () => Promise.resolve(fields as Record<string, string>) } });
  const inputs = collectInputs({
    task: 'metrics/collect',
    with: { versions: [{ name: 'v1', url: 'https://127.0.0.1:1/', tls: { secret: 's' } }] },
  });
  await expect(builder.build(inputs, 'default')).rejects.toThrow(message);
});

it('plan ends, and says so', async () => {
  const secrets = path.join(folder, '.iter8/secrets/default');
  mkdirSync(secrets, { recursive: true });
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's' },
    stringData: { 'tls.crt': 'x', 'tls.key': 'y' },
  };
  writeFileSync(path.join(secrets, 's.yaml'), JSON.stringify(secret), { mode: 0o600 });
  const versions = [{ name: 'v1', url: 'https://127.0.0.1:1/', tls: { secret: 's' } }];
  writeFileSync(
    path.join(folder, 'e.json'),
    JSON.stringify({
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Experiment',
      metadata: { name: 'e' },
      spec: {
        target: 't',
        strategy: {
          testingPattern: 'Conformance',
          actions: { start: [{ task: 'metrics/collect', with: { time: '1s', qps: 10, versions } }] },
        },
        criteria: { objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.01' }] },
        duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
        versionInfo: { baseline: { name: 'v1' } },
      },
    }),
  );
  const { code, err } = await iter8ctl(['plan', '--local', '-f', 'e.json'], { cwd: folder });
  expect(code).toBe(2);
  expect(err).toMatch(/tls\.crt and tls\.key of secret s cannot be used/);
});

it('a request says who sends it, unless it is given another name, and what its body is', async () => {
  const builder = createRequestBuilder({
    secrets: { read: () => Promise.resolve({ 'content-type': 'text/plain' }) },
    userAgent: 'iter8ctl/1.2.3',
  });
  const build = async (inputs: Record<string, unknown>) => {
    const versions = [{ name: 'v', url: 'http://v.test/' }];
    const built = await builder.build(
      collectInputs({ task: 'metrics/collect', with: { versions, ...inputs } }),
      'default',
    );
    const { method, headers, body } = built[0]!.endpoints[0]!;
    return { method, headers, body: body === undefined ? undefined : Buffer.from(body).toString() };
  };
  expect(await build({})).toEqual({ method: 'GET', headers: { 'User-Agent': 'iter8ctl/1.2.3' }, body: undefined });
  expect(await build({ method: 'PUT', headers: { 'user-agent': 'me' } })).toEqual({
    method: 'PUT',
    headers: { 'user-agent': 'me', 'Content-Type': 'application/octet-stream' },
    body: '',
  });
  expect(await build({ method: 'DELETE' })).toMatchObject({ method: 'DELETE', body: undefined });
  expect(await build({ payloadStr: 'hi', headersFrom: { secret: 's' } })).toEqual({
    method: 'POST',
    headers: { 'User-Agent': 'iter8ctl/1.2.3', 'content-type': 'text/plain' },
    body: 'hi',
  });
});

it('a secret gives no header of the connection', async () => {
  const builder = createRequestBuilder({ secrets: { read: () => Promise.resolve({ 'Keep-Alive': '5' }) } });
  const versions = [{ name: 'v', url: 'http://v.test/', headersFrom: { secret: 's' } }];
  await expect(
    builder.build(collectInputs({ task: 'metrics/collect', with: { versions } }), 'default'),
  ).rejects.toThrow('field "Keep-Alive" of secret s is not the name of a header that a request may be given');
});
