/**
 * Every metric of the predecessor's samples and records ends with a verdict, or with the reason why it cannot: which is said
 * here, metric by metric. The objects are read where they are; their backends are one server on loopback.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../support/fake-clock.ts';
import { folderWith, liveExperiment, metricObject } from '../support/live-manifest.ts';
import { describeUnless } from '../support/needs.ts';
import { missingSamples, SAMPLES } from '../support/others-samples.ts';
import { iter8ctl } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';

interface MetricObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

const recorded = path.join(import.meta.dirname, '../fixtures/recorded');

const inSample = (file: string): MetricObject[] =>
  (loadAll(readFileSync(path.join(SAMPLES, file), 'utf8')) as MetricObject[]).filter(({ kind }) => kind === 'Metric');

const inRecord = (folder: string): MetricObject[] => {
  const [object] = loadAll(readFileSync(path.join(recorded, folder, 'final.yaml'), 'utf8')) as {
    status: { metrics: { metricObj: MetricObject }[] };
  }[];
  return object!.status.metrics.map(({ metricObj }) => metricObj);
};

interface Limit {
  readonly upperLimit?: number | string;
  readonly lowerLimit?: number | string;
}

/** Verdict, or reason; and a part of what is said of it. */
type Expected = readonly [limit: Limit, expected: string, said?: RegExp];

/** What a Prometheus of a good service answers to the queries of the samples. */
function prometheusValue(query: string): number {
  if (query.includes('histogram_quantile')) return 80;
  if (query.includes("le='500'")) return 0.99;
  if (query.includes('_sum')) return 23;
  const errors = /5\.\.|!='2xx'/.test(query);
  if (query.includes(') / (')) return 0.0015;
  return errors ? 3 : 2000;
}

let blips = 0;

/** What the backend of the records answered, by path. */
function recordedAnswer(url: URL): { readonly status?: number; readonly body: string } {
  const [, head = '', value = ''] = url.pathname.split('/');
  switch (head) {
    case 'val':
      return { body: `{"value": ${decodeURIComponent(value)}}` };
    case 'null':
      return { body: '{"value": null}' };
    case 'str':
      return { body: '{"value": "42.5"}' };
    case 'bool':
      return { body: '{"value": true}' };
    case 'text':
      return { body: 'not json' };
    case 'empty':
      return { body: '' };
    case 'e500':
      return { status: 500, body: 'oops' };
    case 'e500v':
      return { status: 500, body: '{"value": 1}' };
    case 'e404v':
      return { status: 404, body: '{"value": 1}' };
    case 'inf':
      return { body: '{"value": 1e999}' };
    case 'turns':
      return { body: '{"value": 30}' };
    case 'blip':
      return blips++ === 1 ? { status: 503, body: 'blip' } : { body: '{"value": 5}' };
    default: {
      const answer = {
        data: { result: [{ value: [1, String(prometheusValue(url.searchParams.get('query') ?? ''))] }] },
      };
      return { body: JSON.stringify(answer) };
    }
  }
}

/** Judges each of these metrics for one version; the answers by the metric's name. */
async function judgeAll(
  metrics: readonly MetricObject[],
  limits: Readonly<Record<string, Expected>>,
  change: { readonly version?: string; readonly cap?: readonly object[]; readonly iterations?: number } = {},
) {
  await using server = await testServer((request, response) => {
    const { status = 200, body } = recordedAnswer(new URL(request.url ?? '', 'http://x'));
    response.writeHead(status).end(body);
  });
  const own = (template: string) =>
    template.includes(':9998') ? 'http://127.0.0.1:9/x' : template.replace(/^http:\/\/[^/]+\//, server.url);
  const version = change.version ?? 'v1';
  const variables = ['ns', 'namespace'].map((name) => ({ name, value: 'x' }));
  const cwd = folderWith([
    liveExperiment({
      criteria: {
        objectives: metrics.map(({ metadata: { name, namespace } }) => ({
          metric: `${namespace}/${name}`,
          ...limits[name]?.[0],
        })),
        strength: { inFlightSeconds: 0, ...(change.cap === undefined ? {} : { cap: change.cap }) },
      },
      iterations: change.iterations ?? 2,
      versions: [{ name: version, variables }],
    }),
    ...metrics.map(({ metadata: { name, namespace }, spec }) =>
      metricObject(
        name,
        typeof spec['urlTemplate'] === 'string' ? { ...spec, urlTemplate: own(spec['urlTemplate']) } : spec,
        namespace,
      ),
    ),
  ]);
  for (const namespace of ['default', 'iter8-system']) {
    const folder = path.join(cwd, '.iter8/secrets', namespace);
    mkdirSync(folder, { recursive: true });
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'backend-auth', namespace },
      stringData: { username: 'u', password: 'p', token: 'tok', host: '127.0.0.1' },
    };
    writeFileSync(path.join(folder, 'backend-auth.yaml'), JSON.stringify(secret), { mode: 0o600 });
  }
  const { out, err } = await iter8ctl(['run', '--local', '-f', 'all.json', '-o', 'json'], {
    cwd,
    clock: fakeClock(Date.now()),
  });
  expect(out, err).not.toBe('');
  const answer = JSON.parse(out) as {
    objectives: { metric: string; verdict: string; reason?: string; detail?: string }[];
  };
  return new Map(answer.objectives.map((one) => [one.metric.split('/')[1]!, one]));
}

async function expectAll(
  metrics: readonly MetricObject[],
  table: Readonly<Record<string, Expected>>,
  change: Parameters<typeof judgeAll>[2] = {},
): Promise<void> {
  // A metric that nobody wrote an expectation for is not judged in silence.
  expect(metrics.map(({ metadata }) => metadata.name).toSorted()).toEqual(Object.keys(table).toSorted());
  const found = await judgeAll(metrics, table, change);
  for (const [name, [, expected, said]] of Object.entries(table)) {
    const one = found.get(name)!;
    expect(`${name}: ${one.verdict === 'undecided' ? one.reason : one.verdict}`).toBe(`${name}: ${expected}`);
    if (said !== undefined) expect(one.detail ?? '').toMatch(said);
  }
}

const APPROXIMATE = /approximate: extrapolated counters/;

describeUnless(missingSamples)('metrics of the documentation', () => {
  it('Istio, queries of increase()', () =>
    expectAll(inSample('istio-quickstart-metrics.yaml'), {
      'user-engagement': [{ lowerLimit: 1 }, 'cannot-ask', /no mock for v1/],
      'error-count': [{ upperLimit: 10 }, 'satisfied'],
      'error-rate': [{ upperLimit: '0.01' }, 'satisfied', APPROXIMATE],
      'le500ms-latency-percentile': [{ lowerLimit: '0.95' }, 'satisfied', APPROXIMATE],
      'mean-latency': [{ upperLimit: 300 }, 'needs-cap'],
      'request-count': [{ lowerLimit: 1000 }, 'satisfied'],
    }));

  it('Istio, the mean with a declared cap', async () => {
    const metrics = inSample('istio-quickstart-metrics.yaml').filter(({ metadata }) =>
      ['mean-latency', 'request-count'].includes(metadata.name),
    );
    await expectAll(
      metrics,
      {
        'mean-latency': [{ upperLimit: 300 }, 'satisfied', APPROXIMATE],
        'request-count': [{ lowerLimit: 1 }, 'satisfied'],
      },
      { cap: [{ metric: 'iter8-istio/mean-latency', max: 5000 }] },
    );
  });

  it('KFServing, a percentile that Prometheus interpolates', () =>
    expectAll(
      inSample('kfserving-hybrid-metrics.yaml'),
      {
        'user-engagement': [{ lowerLimit: 1 }, 'unquantified'],
        '95th-percentile-tail-latency': [{ upperLimit: 100 }, 'percentile-value'],
        'error-count': [{ upperLimit: 1 }, 'violated'],
        'error-rate': [{ upperLimit: '0.0001' }, 'not-enough-evidence'],
        'mean-latency': [{ upperLimit: 100 }, 'needs-cap'],
        'request-count': [{ lowerLimit: 5000 }, 'violated'],
      },
      { version: 'flowers-v1', cap: [{ metric: 'iter8-kfserving/95th-percentile-tail-latency', max: 5000 }] },
    ));
});

describe('metrics of the records', () => {
  it.each([
    ['d3-fixed', { 'mock-latency': [{ upperLimit: 50 }, 'unquantified'] }],
    ['e4-tie', { 'mock-tie': [{ upperLimit: 1000 }, 'satisfied'] }],
    ['e5-missing', { 'mock-onlybase': [{ lowerLimit: 1000 }, 'violated'] }],
    [
      'e2-abn',
      {
        'mock-count': [{ lowerLimit: 1 }, 'satisfied'],
        'mock-latency': [{ upperLimit: 100 }, 'unquantified'],
        'mock-reward': [{ upperLimit: 100 }, 'satisfied'],
      },
    ],
    ['f2-bg-late', { turns: [{ upperLimit: 50 }, 'unquantified'] }],
    ['k3-blip', { 'k-blip': [{ upperLimit: 10 }, 'unquantified', /503.*kept the value/] }],
    ['k4-inf', { 'k-inf': [{ upperLimit: 10 }, 'not-finite', /not finite/] }],
  ] as const)('%s', (folder, table) => expectAll(inRecord(folder), table, { version: 'base' }));

  it('k1-requests: every way to ask gives a value, and a gauge is never judged with confidence', () =>
    expectAll(inRecord('k1-requests'), {
      'k-two': [{ upperLimit: 10 }, 'unquantified'],
      'k-get': [{ upperLimit: 10 }, 'unquantified'],
      'k-post': [{ upperLimit: 10 }, 'unquantified'],
      'k-basic': [{ upperLimit: 10 }, 'unquantified'],
      'k-bearer': [{ upperLimit: 10 }, 'unquantified'],
      'k-apikey': [{ upperLimit: 10 }, 'unquantified'],
      'k-noauth': [{ upperLimit: 10 }, 'unquantified'],
    }));

  it('k2-oddvalues: each says why there is no value', () =>
    expectAll(inRecord('k2-oddvalues'), {
      'k-e500': [{ upperLimit: 10 }, 'server-error', /answers 500: oops/],
      'k-e500v': [{ upperLimit: 10 }, 'server-error', /answers 500/],
      'k-e404v': [{ upperLimit: 10 }, 'rejected', /answers 404/],
      'k-null': [{ upperLimit: 10 }, 'empty-answer', /value is null: no data/],
      'k-bool': [{ upperLimit: 10 }, 'no-number', /gives true, which is no number/],
      'k-text': [{ upperLimit: 10 }, 'not-json', /is not JSON but/],
      'k-empty': [{ upperLimit: 10 }, 'not-json', /is not JSON but nothing/],
      'k-jqbad': [{ upperLimit: 10 }, 'program-failed', /is no jq program/],
      'k-jqnone': [{ upperLimit: 10 }, 'no-number', /finds no number/],
      'k-refused': [{ upperLimit: 10 }, 'unreachable', /ECONNREFUSED|bad port|refused/],
      'k-str': [{ upperLimit: 50 }, 'unquantified'],
      'k-small': [{ upperLimit: 10 }, 'unquantified'],
      'k-neg': [{ upperLimit: 10 }, 'unquantified'],
      'k-sci': [{ upperLimit: 10 }, 'unquantified'],
      'k-badbody': [{ upperLimit: 10 }, 'unquantified'],
    }));
});
