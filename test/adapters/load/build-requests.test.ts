/** What is refused before a request is sent. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { makeSelfSigned } from '../../../scripts/certificates.mjs';
import { createRequestBuilder } from '../../../src/adapters/load/build-requests.ts';
import { collectInputs } from '../../../src/experiment/task-inputs.ts';
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
