/** Custom metrics against real HTTP servers: what is asked, what is read, and what is said when there is nothing. */
import { mkdtempSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeSelfSigned } from '../../../scripts/certificates.mjs';
import { createJq } from '../../../src/adapters/metrics/jq.ts';
import { createMetricSource } from '../../../src/adapters/metrics/measure-metric.ts';
import { TLS_ANNOTATIONS } from '../../../src/experiment/unverified-tls.ts';
import { metricWithDefaults } from '../../../src/experiment/defaults.ts';
import type { Metric, MetricSpec } from '../../../src/experiment/metric.ts';
import { NotFoundError } from '../../../src/errors.ts';
import { hideCredentials } from '../../../src/text/credentials.ts';
import { testServer } from '../../support/test-server.ts';

const SECRET = { token: 's3cr3t-token', username: 'me', password: 'pa55-w0rd', host: '127.0.0.1' };
const jq = createJq({ longestMs: 1_000 });
afterAll(() => jq.close());

function measure(
  spec: MetricSpec,
  change: {
    readonly secret?: Readonly<Record<string, string>>;
    readonly readMetric?: () => Promise<Metric>;
    readonly annotations?: Record<string, string>;
    readonly env?: Record<string, string>;
    readonly elapsedSeconds?: number;
    readonly timeoutMs?: number;
  } = {},
) {
  const metric = metricWithDefaults(
    {
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Metric',
      metadata: {
        name: 'm',
        namespace: 'shop',
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
  });
  const version = { name: 'v1', variables: [{ name: 'rev', value: 'hello "1"&x' }] };
  return { asked, done: source.measure({ metric, version, elapsedSeconds: change.elapsedSeconds ?? 42.9 }) };
}

interface Seen {
  readonly url: URL;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Asks a server that answers `answer`; what it saw, and what came of it. */
async function ask(
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

describe('a query', () => {
  it('of GET adds params to those of the URL, form-encoded, with what the version gives; unknown placeholders stay', async () => {
    const { result, seen } = await ask(
      {
        urlTemplate: 'URLapi/v1/query?dedup=true',
        params: [{ name: 'query', value: 'sum(rate(x{rev="$rev",v="${name}"}[${elapsedTime}s])) $unknown $$' }],
        jqExpression: '.data.result[0].value[1] | tonumber',
      },
      '{"data":{"result":[{"value":[1,"0.5"]}]}}',
    );
    expect(result).toMatchObject({ kind: 'value', value: 0.5 });
    expect(seen[0]!.url.searchParams.get('dedup')).toBe('true');
    expect(seen[0]!.url.searchParams.get('query')).toBe('sum(rate(x{rev="hello \\"1\\"&x",v="v1"}[42s])) $unknown $');
    expect(result.query).toMatch(/^GET http:\/\/127\.0\.0\.1:\d+\/api\/v1\/query\?dedup=true&query=sum\(rate/);
  });

  it('of POST sends its body as JSON, in which a value cannot end its string', async () => {
    const { seen } = await ask({ method: 'POST', body: '{"q":"$rev","t":$elapsedTime}', jqExpression: '.' }, '1');
    expect(seen[0]).toMatchObject({ method: 'POST', body: '{"q":"hello \\"1\\"&x","t":42}' });
    expect(seen[0]!.headers['content-type']).toBe('application/json');
  });

  it('sends a secret in its URL as it is, whatever its characters mean there', async () => {
    const token = 'c2VjcmV0+dG9r&ZW4/M#TI%z==';
    await using server = await testServer((request, response) =>
      response.end(JSON.stringify(new URL(request.url ?? '', 'http://x').searchParams.get('k') === token ? 1 : 0)),
    );
    const spec = { urlTemplate: `${server.url}q?a=1&k=\${token}&b=2`, secret: 's', jqExpression: '.' };
    const result = await measure(spec, { secret: { token } }).done;
    expect(result).toMatchObject({ kind: 'value', value: 1 });
    expect(result.query).toMatch(/\/q\?a=1&k=\*\*\*&b=2$/);
  });

  it('sends user and password of its URL as curl does, and to that server alone', async () => {
    const seen: (string | undefined)[] = [];
    await using other = await testServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end('1');
    });
    await using server = await testServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(307, { Location: other.url }).end();
    });
    const urlTemplate = server.url.replace('://', '://me:${password}@');
    const result = await measure({ urlTemplate, secret: 's', jqExpression: '.' }, { secret: { password: 'p@ss:w/rd' } })
      .done;
    expect(result).toMatchObject({ kind: 'value', value: 1 });
    expect(seen).toEqual([`Basic ${Buffer.from('me:p@ss:w/rd').toString('base64')}`, undefined]);
    expect(result.query).not.toMatch(/p.{0,2}ss/);
  });

  it('does not ask what a value of the experiment would turn it into', async () => {
    const { result, seen } = await ask(
      { params: [{ name: 'query', value: 'rate(x[5m]) * $rev' }], jqExpression: '.', urlTemplate: 'URL' },
      '1',
    );
    expect(result).toMatchObject({
      kind: 'error',
      message: expect.stringMatching(/metric m, version v1: the value of \$rev cannot be put into its query/) as string,
    });
    expect(seen).toEqual([]);
  });

  it('takes the credentials of a metric from the metric itself, where the experiment does not hold them', async () => {
    await using server = await testServer((request, response) =>
      response.end(JSON.stringify(request.headers['x-query-key'] === 'NRAK-0123456789' ? 1 : 0)),
    );
    const spec: MetricSpec = {
      type: 'Gauge',
      method: 'GET',
      urlTemplate: server.url,
      headerTemplates: [{ name: 'X-Query-Key', value: 'NRAK-0123456789' }],
      jqExpression: '.',
    };
    const stored = (change: object) => () => Promise.resolve({ spec: { ...spec, ...change } } as Metric);
    const recorded = hideCredentials(spec);
    expect(JSON.stringify(recorded)).not.toContain('NRAK');
    expect(await measure(recorded, { readMetric: stored({}) }).done).toMatchObject({ kind: 'value', value: 1 });
    // Whoever can write the status must not send them elsewhere.
    const elsewhere = { ...recorded, urlTemplate: `${server.url}elsewhere` };
    const refused = await measure(elsewhere, { readMetric: stored({}) }).done;
    expect(refused).toMatchObject({
      message: expect.stringMatching(/was changed since the experiment began/) as string,
    });
    expect(server.seen()).toBe(1);
    const gone = await measure(recorded, { readMetric: () => Promise.reject(new NotFoundError('metric m not found')) })
      .done;
    expect(gone).toMatchObject({ kind: 'error', message: 'the query cannot be made: metric m not found' });
  });

  it.each([
    ['127.0.0.1:1', /connection refused/],
    ['://x', /^the backend cannot be reached: http_proxy is no URL of a proxy/],
    [
      'socks5://user:pass@h',
      /^the backend cannot be reached: http_proxy is no URL of a proxy: write it as http:\/\/HOST:PORT$/,
    ],
    ['a b%zz:1', /^the backend cannot be reached: http_proxy is no URL of a proxy/],
  ])('through the proxy %j ends with a sentence', async (http_proxy, message) => {
    const spec = { urlTemplate: 'http://backend.example/', jqExpression: '.' };
    const result = await measure(spec, { env: { http_proxy } }).done;
    expect(result).toMatchObject({ kind: 'error', message: expect.stringMatching(message) as string });
  });

  it('asks for at least one second', async () => {
    const { result } = await ask({ params: [{ name: 'e', value: '$elapsedTime' }], jqExpression: '.' }, '1');
    expect(result.query).toMatch(/e=42/);
    const { done } = measure(
      { urlTemplate: 'http://127.0.0.1:1/', params: [{ name: 'e', value: '$elapsedTime' }], jqExpression: '.' },
      { elapsedSeconds: 0.2 },
    );
    expect((await done).query).toMatch(/e=1$/);
  });

  it.each<[string, MetricSpec, string, string]>([
    [
      'Basic',
      { authType: 'Basic', secret: 's' },
      'authorization',
      `Basic ${Buffer.from('me:pa55-w0rd').toString('base64')}`,
    ],
    [
      'Bearer',
      { authType: 'Bearer', secret: 's', headerTemplates: [{ name: 'Authorization', value: 'Bearer ${token}' }] },
      'authorization',
      'Bearer s3cr3t-token',
    ],
    [
      'APIKey',
      { authType: 'APIKey', secret: 's', headerTemplates: [{ name: 'X-Key', value: '$token' }] },
      'x-key',
      's3cr3t-token',
    ],
  ])('authenticates with %s, and shows nothing of it', async (_, spec, header, value) => {
    const { result, seen } = await ask({ ...spec, jqExpression: '.', urlTemplate: 'URL?key=$token' }, '7');
    expect(seen[0]!.headers[header]).toBe(value);
    expect(seen[0]!.url.searchParams.get('key')).toBe('s3cr3t-token');
    expect(result).toMatchObject({ kind: 'value', value: 7 });
    expect(JSON.stringify(result)).not.toMatch(/s3cr3t|pa55/);
    expect(result.query).toMatch(/key=\*\*\*/);
  });

  it('takes a secret of its own namespace by its whole name, else where Iter8 is installed; says when it is not there', async () => {
    const spec = { urlTemplate: 'http://127.0.0.1:1/', jqExpression: '.' };
    const [plain, whole, gone] = [
      measure({ ...spec, secret: 'a' }),
      measure({ ...spec, secret: 'shop/b' }),
      measure({ ...spec, secret: 'gone' }),
    ];
    await Promise.all([plain.done, whole.done]);
    expect([plain.asked, whole.asked]).toEqual([['iter8-system/a'], ['shop/b']]);
    expect(await gone.done).toMatchObject({
      kind: 'error',
      reason: 'cannot-ask',
      message: 'the query cannot be made: secret iter8-system/gone not found',
    });
  });

  it('gives no credentials to another origin, and follows no more than five redirects', async () => {
    const elsewhere: IncomingMessage['headers'][] = [];
    await using other = await testServer((request, response) => {
      elsewhere.push(request.headers);
      response.end('5');
    });
    const spec: MetricSpec = {
      authType: 'Bearer',
      secret: 's',
      jqExpression: '.',
      headerTemplates: [
        { name: 'Authorization', value: 'Bearer $token' },
        { name: 'X-Org', value: 'perhaps a key' },
        { name: 'Accept', value: 'application/json' },
      ],
    };
    const { result } = await ask(spec, '', (_, response) => response.writeHead(307, { Location: other.url }).end());
    expect(result).toMatchObject({ kind: 'value', value: 5 });
    expect(elsewhere[0]!['authorization']).toBeUndefined();
    expect(elsewhere[0]!['x-org']).toBeUndefined();
    expect(elsewhere[0]!['accept']).toBe('application/json');
    const { result: endless, seen } = await ask(spec, '', (_, response) =>
      response.writeHead(302, { Location: '/again' }).end(),
    );
    expect(endless).toMatchObject({
      kind: 'error',
      reason: 'unusable-answer',
      message: 'the answer cannot be used: more than 5 redirects',
    });
    expect(seen).toHaveLength(6);
    expect(seen[5]!.headers['authorization']).toBe('Bearer s3cr3t-token');
  });
});

it.each(['q', 'x7', 'a+c'])('shows no secret as short as %s, wherever its text was put', async (token) => {
  await using backend = await testServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    const sent = [request.headers['x-org'], url.searchParams.get('k'), decodeURIComponent(url.pathname)].join(' ');
    response.statusCode = 403;
    response.end(`${sent} ${request.url} ${encodeURIComponent(sent)} ${JSON.stringify(sent)} ${html(sent)}`);
  });
  const spec: MetricSpec = {
    secret: 's',
    jqExpression: '.',
    urlTemplate: `${backend.url}in%2Bto\${token}path?k=into\${token}query`,
    headerTemplates: [{ name: 'X-Org', value: 'into${token}header' }],
  };
  const result = await measure(spec, { secret: { token } }).done;
  expect(result).toMatchObject({ reason: 'rejected' });
  const left = JSON.stringify(result).replaceAll('***', '');
  for (const part of ['header', 'path', 'query', `into${token}`]) expect(left).not.toContain(`${token}${part}`);
  expect(left).not.toContain(`${encodeURIComponent(token)}header`);
});

const html = (text: string) => text.replaceAll(/[^\w]/g, (char) => `&#${char.codePointAt(0)};`);

it('hides a credential that is written as a placeholder is, where nothing is put in', async () => {
  const headerTemplates = [{ name: 'X-Key', value: '$hunter2' }];
  expect(hideCredentials({ headerTemplates })).toEqual({ headerTemplates: [{ name: 'X-Key', value: '***' }] });
  expect(hideCredentials({ headerTemplates, secret: 's' })).toEqual({ headerTemplates, secret: 's' });
  // Of two, the secret has no field for it: it is sent as it is written.
  for (const secret of [{}, { secret: 's' }]) {
    const { result } = await ask({ ...secret, headerTemplates, jqExpression: '.' }, '', (request, response) => {
      response.statusCode = 401;
      response.end(`no such key: ${String(request.headers['x-key'])}`);
    });
    expect(result).toMatchObject({ message: expect.stringContaining('no such key: ***') as string });
  }
});

it.each([307, 308])('sends the body of a query to no other origin (%i)', async (status) => {
  let asked = 0;
  await using other = await testServer((_, response) => {
    asked += 1;
    response.end('5');
  });
  const spec: MetricSpec = { method: 'POST', body: '{"q": "x"}', jqExpression: '.' };
  const { result } = await ask(spec, '', (_, response) => response.writeHead(status, { Location: other.url }).end());
  const origin = new URL(other.url).origin;
  expect(result).toMatchObject({
    kind: 'error',
    message: `the answer cannot be used: it redirects to ${origin}, which the body of the query is not sent to`,
  });
  expect(asked).toBe(0);
});

describe('an answer', () => {
  const EMPTY = 'the answer is empty: no data, probably no traffic';
  const NAN = 'the value is not a number (NaN), as 0/0 is: probably no traffic';
  const NULL = { reason: 'empty-answer', message: 'the value is null: no data' };
  const FINDS_NOTHING = 'finds no number in the answer, which is {"ratio":1}';
  const PICK = '.data.result[0].value[1] | tonumber';
  const vector = (value: string) =>
    JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [{ metric: {}, value: [1, value] }] } });
  const matrix = () => '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]}]}}';
  const noNumber = (message: string) => ({ kind: 'error', reason: 'no-number', message: `jqExpression ${message}` });
  const notFinite = (value: string) => ({
    reason: 'not-finite',
    message: `the value is not finite (${value}), as a division by 0 is`,
  });
  const PROMETHEUS = '{"status":"success","data":{"resultType":"vector","result":[]}}';
  it.each<[string, string, string, object]>([
    // Prometheus: HTTP API, instant queries (prometheus.io/docs/prometheus/latest/querying/api).
    [
      'of Prometheus',
      '.data.result[0].value[1] | tonumber',
      '{"data":{"result":[{"value":[1571,"17.5"]}]}}',
      { kind: 'value', value: 17.5 },
    ],
    // New Relic: Insights query API (docs.newrelic.com/docs/apis/insights-apis/query-insights-event-data-api).
    ['of New Relic', '.results[0].count | tonumber', '{"results":[{"count":33}]}', { kind: 'value', value: 33 }],
    // Sysdig: get data (docs.sysdig.com/en/docs/developer-tools/working-with-the-data-api).
    ['of Sysdig', '.data[0].d[0] | tonumber', '{"data":[{"t":1,"d":[6.481]}]}', { kind: 'value', value: 6.481 }],
    // Elastic: aggregations (www.elastic.co/docs/reference/aggregations/search-aggregations-metrics-avg-aggregation).
    [
      'of Elastic',
      '.aggregations.range.buckets[0].items_to_sell.value | tonumber',
      '{"aggregations":{"range":{"buckets":[{"items_to_sell":{"value":12}}]}}}',
      { kind: 'value', value: 12 },
    ],
    ['that is a text with a number', '.v', '{"v":"1e3"}', { kind: 'value', value: 1000 }],
    ['with several results gives the first', '.[]', '[1,2]', { kind: 'value', value: 1 }],
    [
      'with an empty result',
      '.data.result[0].value[1]',
      PROMETHEUS,
      { kind: 'error', reason: 'empty-answer', message: EMPTY },
    ],
    ['with nothing', '.data.result[]', PROMETHEUS, { kind: 'error', reason: 'empty-answer', message: EMPTY }],
    [
      'that cannot be read by the program',
      '.data.result[0].value[1] | tonumber',
      PROMETHEUS,
      { kind: 'error', reason: 'empty-answer', message: EMPTY },
    ],
    ['that is true', '.', 'true', noNumber('gives true, which is no number')],
    ['that is a list', '.', '[1]', noNumber('gives [1], which is no number')],
    ['that is a text', '.', '"five"', noNumber('gives "five", which is no number')],
    ['that has another form', '.rate | tonumber', '{"ratio":1}', noNumber(FINDS_NOTHING)],
    ['that has another form, by a program that is content', '.rate', '{"ratio":1}', noNumber(FINDS_NOTHING)],
    ['that is NaN as a text', '.v', '{"v":"NaN"}', { kind: 'error', reason: 'not-a-number', message: NAN }],
    ['that is NaN, made a number', PICK, vector('NaN'), { kind: 'error', reason: 'not-a-number', message: NAN }],
    ['that is NaN, which JSON does not have', '.v', '{"v":NaN}', { reason: 'not-a-number' }],
    ['that is +Inf, made a number', PICK, vector('+Inf'), notFinite('+Inf')],
    ['that is -Inf, made a number', PICK, vector('-Inf'), notFinite('-Inf')],
    ['that is null', '.[0].datapoints[-1][0]', '[{"target":"x","datapoints":[[null,1571]]}]', NULL],
    ['that has no points', '.[0].datapoints[-1][0]', '[]', { reason: 'empty-answer', message: EMPTY }],
    [
      'of an empty series of Datadog',
      '.series[0].pointlist[-1][1]',
      '{"status":"ok","series":[]}',
      { reason: 'empty-answer' },
    ],
    ['of an empty range', '.data.result[0].values[-1][1] | tonumber', matrix(), { reason: 'empty-answer' }],
    [
      'that reports an error',
      PICK,
      '{"status":"error","errorType":"execution","error":"query would load too many samples"}',
      {
        reason: 'backend-error',
        message: 'the backend reports an error: execution: query would load too many samples',
      },
    ],
    [
      'that reports an error, by a program that makes 0 of it',
      '(.data.result[0].value[1] // 0) | tonumber',
      '{"status":"error","errorType":"timeout","error":"query timed out"}',
      { kind: 'error', reason: 'backend-error', message: 'the backend reports an error: timeout: query timed out' },
    ],
    [
      'that reports errors as GraphQL does',
      '.data.nrql[0] | tonumber',
      '{"data":null,"errors":[{"message":"unknown account"}]}',
      { reason: 'backend-error', message: 'the backend reports an error: unknown account' },
    ],
    ['that is infinite', 'infinite', '1', notFinite('+Inf')],
    ['that is +Inf as a text', '.v', '{"v":"Infinity"}', notFinite('Infinity')],
    [
      'that is no JSON',
      '.',
      '<!DOCTYPE html><title>Sign in</title>',
      {
        reason: 'not-json',
        message: 'the answer is not JSON but text: <!DOCTYPE html><title>Sign in</title>',
      },
    ],
    ['that is nothing', '.', '', { reason: 'not-json', message: 'the answer is not JSON but nothing' }],
    [
      'with a program that is none',
      '.[',
      '1',
      { reason: 'program-failed', message: expect.stringMatching(/^jqExpression is no jq program: /) as string },
    ],
    [
      'with a program that never ends',
      'def f: f; f',
      '1',
      { kind: 'error', reason: 'program-failed', message: 'jqExpression did not end within 1 s' },
    ],
    ['after one that never ended', '.', '8', { kind: 'value', value: 8 }],
  ])('%s', async (_, jqExpression, answer, expected) => {
    const { result } = await ask({ jqExpression }, answer);
    expect(result).toMatchObject(expected);
    expect(JSON.stringify(result)).not.toMatch(/jq: |inputString|cannot be parsed/);
  });

  it('that is a page of another server says of what type it is', async () => {
    const { result } = await ask({ jqExpression: PICK }, '', (_, response) =>
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end('<!DOCTYPE html><title>Sign in'),
    );
    expect(result).toMatchObject({
      kind: 'error',
      reason: 'not-json',
      message: 'the answer is not JSON but text/html; charset=utf-8: <!DOCTYPE html><title>Sign in',
    });
  });

  it('that warns is a value with its warnings, without secrets, as many as anybody reads', async () => {
    const warnings = ['partial response: store-1 not reachable with s3cr3t-token', 'b', 'c', 'd'];
    const answer = JSON.stringify({
      ...(JSON.parse(vector('0.5')) as object),
      warnings,
      infos: ['PromQL info: x', 'y'],
    });
    const { result } = await ask({ jqExpression: PICK, secret: 's' }, answer);
    expect(result).toMatchObject({
      kind: 'value',
      value: 0.5,
      warnings: ['partial response: store-1 not reachable with ***', 'b', 'c', 'd', 'PromQL info: x'],
    });
    const empty = JSON.stringify({ status: 'success', data: { result: [] }, warnings: ['store-1 is away'] });
    const { result: none } = await ask({ jqExpression: PICK }, empty);
    expect(none).toMatchObject({ kind: 'error', reason: 'empty-answer', warnings: ['store-1 is away'] });
  });

  it('that is nested as deep as it likes is no fault of ours', async () => {
    const deep = `${'{"data":'.repeat(50_000)}null${'}'.repeat(50_000)}`;
    expect((await ask({ jqExpression: '.x | tonumber' }, deep)).result).toMatchObject({ kind: 'error' });
  });

  it('that is no success is no measurement, whatever number is in it', async () => {
    const { result } = await ask({ jqExpression: '.' }, '', (_, response) =>
      response.writeHead(503).end('3\u001b[31m'),
    );
    expect(result).toMatchObject({
      kind: 'error',
      reason: 'server-error',
      message: expect.stringMatching(/^the backend fails: it answers 503: 3/) as string,
    });
    expect(JSON.stringify(result)).not.toContain('\u001b');
  });

  it('that repeats a secret does not show it', async () => {
    const { result } = await ask({ jqExpression: '.', secret: 's' }, '', (_, response) =>
      response.writeHead(401).end('bad token s3cr3t-token'),
    );
    expect(result).toMatchObject({
      reason: 'rejected',
      message: 'the backend refuses the query: it answers 401: bad token ***',
    });
  });

  it('that is too large, too late, or never comes', async () => {
    const { result: large } = await ask({ jqExpression: '.' }, '', (_, response) => {
      const chunk = Buffer.alloc(1024 * 1024, 32);
      const more = () => (response.write(chunk) ? setImmediate(more) : response.once('drain', more));
      more();
    });
    expect(large).toMatchObject({ kind: 'error', message: expect.stringMatching(/more than \d+ bytes/) as string });
    await using silent = await testServer(() => undefined);
    expect(await measure({ urlTemplate: silent.url, jqExpression: '.' }, { timeoutMs: 100 }).done).toMatchObject({
      message: 'the backend gives no answer within 0.1 s',
      reason: 'timed-out',
    });
    expect(await measure({ urlTemplate: 'http://127.0.0.1:1/', jqExpression: '.' }).done).toMatchObject({
      reason: 'unreachable',
      message: expect.stringMatching(/cannot be reached: connection refused \(ECONNREFUSED/) as string,
    });
    expect(await measure({ urlTemplate: 'file:///etc/passwd', jqExpression: '.' }).done).toMatchObject({
      message: expect.stringMatching(/is no http\(s\) URL/) as string,
    });
  });

  it('of a thousand queries is read by one engine', async () => {
    await using server = await testServer((_, response, k) => response.end(String(k)));
    let last = 0;
    for (let k = 0; k < 1000; k++) {
      const result = await measure({ urlTemplate: server.url, jqExpression: '. + 1' }).done;
      if (result.kind === 'value') last = result.value;
    }
    expect(last).toBe(1000);
  });
});

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
      message: 'the backend gives no answer within 0.1 s',
    });
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
