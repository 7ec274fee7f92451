/**
 * Flags of `install`: what they refuse, and what they print. The objects that it makes: test/deploy/chart.test.ts; what the API grants by
 * `--print-role`: test/cluster/objects/own-namespace/traffic.test.ts.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { iter8ctl } from '../support/test-io.ts';

it('prints the role of the files that run reads, and skips objects of other kinds when asked to, as its error says', async () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-print-role-'));
  const experiment = {
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name: 'e', namespace: 'shop' },
    spec: {
      target: 't',
      strategy: { testingPattern: 'Conformance' },
      versionInfo: { baseline: { name: 'b' } },
    },
  };
  const route = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'shop' } };
  writeFileSync(path.join(cwd, 'all.yaml'), [experiment, route].map((one) => JSON.stringify(one)).join('\n---\n'));
  const print = (...flags: string[]) => iter8ctl(['install', '--print-role', '-f', 'all.yaml', ...flags], { cwd });
  expect(await print()).toMatchObject({ code: 2, err: expect.stringContaining('--ignore-others') as string });
  const printed = await print('--ignore-others');
  expect(printed).toMatchObject({ code: 0, err: expect.stringContaining('skipped HTTPRoute shop') as string });
  expect(printed.out).toContain('kind: Role\n');
});

describe('where an installed controller pushes measured values', () => {
  const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT=http://collector.monitoring:4318';
  const print = (...flags: string[]) => iter8ctl(['install', '--dry-run', '--image', 'x', ...flags], { cwd: tmpdir() });

  it('puts variables into the Deployment, and headers from their Secret', async () => {
    const { code, out } = await print(
      '--otel',
      ENDPOINT,
      '--otel',
      'OTEL_RESOURCE_ATTRIBUTES=a=b',
      '--otel-headers-secret',
      'otel',
    );
    expect(code).toBe(0);
    expect(out).toContain('name: OTEL_EXPORTER_OTLP_ENDPOINT\n          value: http://collector.monitoring:4318\n');
    expect(out).toContain('name: OTEL_RESOURCE_ATTRIBUTES\n          value: a=b\n');
    expect(out).toMatch(
      /name: OTEL_EXPORTER_OTLP_HEADERS\n +valueFrom:\n +secretKeyRef:\n +name: otel\n +key: headers\n/,
    );
  });

  it('says all that is wrong at once, and repeats no header', async () => {
    const pairs = [
      'OTEL_EXPORTER_OTLP_HEADERS=Authorization=hunter2',
      'OTEL_EXPORTER_OTLP_CERTIFICATE=/ca',
      'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://user:hunter2@collector',
      'OTEL_SERVICE_NAME',
      ENDPOINT,
      ENDPOINT,
    ];
    const { code, out, err } = await print(...pairs.flatMap((pair) => ['--otel', pair]));
    expect([code, out]).toEqual([2, '']);
    for (const said of [
      /OTEL_EXPORTER_OTLP_HEADERS: .*--otel-headers-secret/,
      /OTEL_EXPORTER_OTLP_CERTIFICATE: expected one of/,
      /OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: .*without a password/,
      /OTEL_SERVICE_NAME: expected a value/,
      /OTEL_EXPORTER_OTLP_ENDPOINT: is there twice/,
    ])
      expect(err).toMatch(said);
    expect(err).not.toContain('hunter2');
  });

  it.each([
    [['--otel', 'OTEL_SERVICE_NAME=x'], 'nothing would be pushed'],
    [['--otel-headers-secret', 'x'], 'nothing would be pushed'],
    [['--otel', ENDPOINT, '--otel', 'OTEL_EXPORTER_OTLP_PROTOCOL=grpc'], 'http/protobuf and http/json'],
  ])('refuses %j', async (flags, said) => {
    expect(await print(...flags)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(said) as string });
  });

  it('is about the controller', async () => {
    const { code, err } = await iter8ctl(['install', '--dry-run', '--otel', ENDPOINT], { cwd: tmpdir() });
    expect([code, err]).toEqual([2, expect.stringContaining('--image')]);
  });
});
