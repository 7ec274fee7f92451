/** OTLP, to a collector that understands it, and to those that do not answer. */
import { describe, expect, it } from 'vitest';
import { otlpSettings } from '../../../src/adapters/telemetry/otlp-settings.ts';
import { startPush } from '../../../src/adapters/telemetry/push.ts';
import { controllerSamples } from '../../../src/telemetry/controller-samples.ts';
import { byFamily } from '../../../src/telemetry/families.ts';
import { otlpReceiver } from '../../support/otlp-receiver.ts';
import { freePort } from '../../support/prometheus.ts';
import { testServer } from '../../support/test-server.ts';

const state = { leading: true, locked: 3, turns: 2, unfinished: 5, completed: 7, failedAttempts: 1 };
const limits = [0.5].map((value) => ({
  family: 'objective_limit_seconds' as const,
  labels: { namespace: 'n', experiment: 'e', version: 'v', objective: 'p95 "x"', side: 'upper' },
  value,
}));

async function pushOnce(env: Readonly<Record<string, string>>, endMs?: number): Promise<string[]> {
  const said: string[] = [];
  const end = await startPush(
    {
      env,
      version: '1.2.3',
      now: () => 1_000_000,
      measured: () => byFamily([...controllerSamples(state), ...limits]),
      say: (text) => said.push(text),
    },
    endMs,
  );
  await end?.();
  return said;
}

describe('a collector', () => {
  it.each(['http/protobuf', 'http/json'])('gets names, units, labels and values by %s', async (protocol) => {
    const { server, received } = await otlpReceiver();
    await using _ = server;
    const said = await pushOnce({
      OTEL_EXPORTER_OTLP_ENDPOINT: `${server.url}base`,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20t0psecret,x-a=1',
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'x-a=2',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_RESOURCE_ATTRIBUTES: 'team=shop%20a,service.name=other',
      OTEL_SERVICE_NAME: 'gate',
    });
    expect(said).toEqual([]);
    expect(received).toHaveLength(1);
    const { path, headers, resource, metrics } = received[0]!;
    expect(path).toBe('/base/v1/metrics');
    expect(headers).toMatchObject({ authorization: 'Bearer t0psecret', 'x-a': '2', 'content-encoding': 'gzip' });
    expect(resource).toMatchObject({ team: 'shop a', 'service.name': 'gate', 'service.version': '1.2.3' });
    expect(metrics.find(({ name }) => name === 'iter8ctl_experiments_completed_total')).toEqual({
      name: 'iter8ctl_experiments_completed_total',
      unit: '',
      monotonic: true,
      points: [{ attributes: {}, value: 7 }],
    });
    expect(metrics.find(({ name }) => name === 'iter8ctl_objective_limit_seconds')).toEqual({
      name: 'iter8ctl_objective_limit_seconds',
      unit: 's',
      points: [{ attributes: limits[0]!.labels, value: 0.5 }],
    });
  });

  it('that is not there is reported once, without what is secret', async () => {
    const url = `http://me:pa55word@127.0.0.1:${await freePort()}`;
    const said = await pushOnce({
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${url}/m?token=t0psecret`,
      OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '500', // less than the pause before another try
    });
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^measured values cannot be sent to http:\/\/127\.0\.0\.1:\d+\/m: connection refused/);
  });

  it('that refuses is reported with what it says, its own headers hidden', async () => {
    await using server = await testServer((request, response) => {
      response.writeHead(403, `no ${String(request.headers['authorization'])}`);
      response.end('body');
    });
    const said = await pushOnce({
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20t0psecret',
    });
    expect(said).toEqual([`measured values cannot be sent to ${server.url}v1/metrics: no ***`]);
  });

  it('that never answers delays the end by a bounded time', async () => {
    await using server = await testServer(() => undefined);
    const said = await pushOnce({ OTEL_EXPORTER_OTLP_ENDPOINT: server.url }, 100);
    expect(said).toEqual([`measured values cannot be sent to ${server.url}v1/metrics: no answer within 0.1 s`]);
  });
});

describe('the environment', () => {
  const at = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/' };
  it.each([
    ['nothing', {}],
    ['an empty endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    ['a library that is disabled', { ...at, OTEL_SDK_DISABLED: 'TRUE' }],
    ['another exporter', { ...at, OTEL_METRICS_EXPORTER: 'none' }],
  ])('%s pushes nothing', (_, env: Readonly<Record<string, string>>) => {
    expect(otlpSettings(env)).toBeUndefined();
  });

  it('that of metrics goes before that of all signals, and is taken as it is', () => {
    expect(otlpSettings(at)).toMatchObject({
      url: 'http://c:4318/v1/metrics',
      protocol: 'http/protobuf',
      timeoutMs: 10_000,
    });
    const env = {
      ...at,
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'https://d/x',
      OTEL_EXPORTER_OTLP_TIMEOUT: '1',
      OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '2',
      OTEL_METRIC_EXPORT_INTERVAL: 'soon',
      OTEL_METRICS_EXPORTER: 'console, otlp',
    };
    expect(otlpSettings(env)).toMatchObject({ url: 'https://d/x', timeoutMs: 2, intervalMs: 60_000 });
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, /^OTEL_EXPORTER_OTLP_ENDPOINT is no URL with http or https/],
    [
      { ...at, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      /^OTEL_EXPORTER_OTLP_PROTOCOL: there are http\/protobuf and http\/json/,
    ],
  ])('what cannot be pushed to is said: %j', async (env, sentence) => {
    const said = await pushOnce(env);
    expect(said).toEqual([expect.stringMatching(sentence)]);
  });
});
