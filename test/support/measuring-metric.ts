/** Custom metrics asked of real HTTP servers: what they saw, and what came of it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll } from 'vitest';
import { createJq } from '../../src/adapters/metrics/jq.ts';
import { createMetricSource } from '../../src/adapters/metrics/measure-metric.ts';
import { metricWithDefaults } from '../../src/experiment/defaults.ts';
import type { Metric, MetricSpec } from '../../src/experiment/metric.ts';
import { NotFoundError } from '../../src/errors.ts';
import { processCpuMs } from './test-io.ts';
import { testServer } from './test-server.ts';

export const SECRET = { token: 's3cr3t-token', username: 'me', password: 'pa55-w0rd', host: '127.0.0.1' };
const jq = createJq({ longestMs: 1_000, cpuMs: processCpuMs });
/** One engine for all tests of a file. */
afterAll(() => jq.close());

export function measure(
  spec: MetricSpec,
  change: {
    readonly secret?: Readonly<Record<string, string>>;
    readonly readMetric?: () => Promise<Metric>;
    readonly annotations?: Record<string, string>;
    readonly env?: Record<string, string>;
    readonly elapsedSeconds?: number;
    readonly timeoutMs?: number;
    readonly metricNamespace?: string;
    readonly ownNamespaceOnly?: boolean;
    readonly mostAnswerBytes?: number;
  } = {},
) {
  const metric = metricWithDefaults(
    {
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Metric',
      metadata: {
        name: 'm',
        namespace: change.metricNamespace ?? 'shop',
        ...(change.annotations === undefined ? {} : { annotations: change.annotations }),
      },
      spec,
    },
    { namespace: 'shop' },
  );
  const asked: string[] = [];
  const source = createMetricSource({
    secrets: {
      read: ({ namespace, name }) => {
        asked.push(`${namespace}/${name}`);
        return name === 'gone'
          ? Promise.reject(new NotFoundError(`secret ${namespace}/gone not found`))
          : Promise.resolve(change.secret ?? SECRET);
      },
    },
    ...(change.readMetric === undefined ? {} : { readMetric: change.readMetric }),
    jq,
    clock: { now: () => Date.parse('2026-11-24T08:00:00Z') },
    env: change.env ?? {},
    random: () => 0.25,
    systemNamespace: 'iter8-system',
    timeoutMs: change.timeoutMs,
    ownNamespaceOnly: change.ownNamespaceOnly,
    mostAnswerBytes: change.mostAnswerBytes,
  });
  const version = { name: 'v1', variables: [{ name: 'rev', value: 'hello "1"&x' }] };
  const again = () =>
    source.measure({ metric, namespace: 'shop', version, elapsedSeconds: change.elapsedSeconds ?? 42.9 });
  return { asked, done: again(), again };
}

export interface Seen {
  readonly url: URL;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Asks a server that answers `answer`; what it saw, and what came of it. */
export async function ask(
  spec: MetricSpec,
  answer: string,
  respond?: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const seen: Seen[] = [];
  await using server = await testServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({
        url: new URL(request.url ?? '', 'http://x'),
        method: request.method ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      });
      if (respond === undefined) response.end(answer);
      else respond(request, response);
    });
  });
  const { done } = measure({ ...spec, urlTemplate: (spec.urlTemplate ?? 'URL').replace('URL', server.url) });
  return { result: await done, seen };
}
