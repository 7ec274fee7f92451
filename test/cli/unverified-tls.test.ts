/** Doing without the check of certificates is allowed, and said: in plan, while it runs, and whenever it is looked at. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { makeSelfSigned } from '../../scripts/certificates.mjs';
import { TLS_ANNOTATIONS } from '../../src/experiment/unverified-tls.ts';
import { liveExperiment, metricObject } from '../support/live-manifest.ts';
import { iter8ctl } from '../support/test-io.ts';

const TASK = /start\[0\] does not verify certificates \(tls\.insecureSkipVerify\)/;
const METRIC =
  /metric default\/m does not verify the certificate of its backend \(iter8\.tools\/insecure-skip-verify\)/;

it('in every output, for tasks and for metrics', async () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-tls-'));
  const { key, cert } = makeSelfSigned(cwd, 'server', { commonName: 'other.example' });
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
    response.end('0.1'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const experiment = liveExperiment({
    criteria: {
      strength: { extend: false },
      objectives: [
        { metric: 'iter8-system/error-rate', upperLimit: '0.5' },
        { metric: 'm', upperLimit: '1' },
      ],
    },
  }) as { spec: { strategy: object } };
  const versions = [{ name: 'v1', endpoints: [{ name: 'home', url, tls: { insecureSkipVerify: true } }] }];
  const collect = { task: 'metrics/collect', with: { numQueries: 5, qps: 50, versions } };
  experiment.spec.strategy = { testingPattern: 'Conformance', actions: { start: [collect] } };
  const metric = metricObject('m', { type: 'Gauge', urlTemplate: url, jqExpression: '.' }) as { metadata: object };
  metric.metadata = { ...metric.metadata, annotations: { [TLS_ANNOTATIONS.insecureSkipVerify]: 'true' } };
  writeFileSync(path.join(cwd, 'all.json'), JSON.stringify({ kind: 'List', items: [experiment, metric] }));

  const plain = (text: string) => text.replaceAll(/\s+/g, ' ');
  const plan = await iter8ctl(['plan', '--local', '-f', 'all.json'], { cwd });
  const run = await iter8ctl(['run', '--local', '-f', 'all.json'], { cwd });
  const described = await iter8ctl(['describe', 'e', '--local'], { cwd });
  const json = await iter8ctl(['describe', 'e', '--local', '-o', 'json'], { cwd });
  for (const pattern of [TASK, METRIC]) {
    expect(plain(plan.out)).toMatch(pattern);
    expect(plain(run.err)).toMatch(pattern);
    expect(plain(run.out)).toMatch(pattern);
    expect(plain(described.out)).toMatch(pattern);
    // Once, however often it was said.
    const { warnings } = JSON.parse(json.out) as { warnings: string[] };
    expect(warnings.filter((text) => pattern.test(text))).toHaveLength(1);
  }
  server.closeAllConnections();
  server.close();
});
