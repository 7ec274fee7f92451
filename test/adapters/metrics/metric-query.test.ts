/** What is asked of a backend for a custom metric, and what of it is shown. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { Metric, MetricSpec } from '../../../src/experiment/metric.ts';
import { NotFoundError } from '../../../src/errors.ts';
import { hideCredentials } from '../../../src/text/credentials.ts';
import { testServer } from '../../support/test-server.ts';
import { measure, ask } from '../../support/measuring-metric.ts';

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
    const stored = (change: object) => () =>
      Promise.resolve({ metadata: { name: 'm', namespace: 'shop' }, spec: { ...spec, ...change } } as Metric);
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

  it('gives the secret of a shared metric to nobody but the metric that is stored, where it asks for many', async () => {
    await using server = await testServer((_, response) => response.end('1'));
    const spec: MetricSpec = {
      type: 'Gauge',
      method: 'GET',
      urlTemplate: server.url,
      secret: 's',
      authType: 'Bearer',
      headerTemplates: [{ name: 'X-Token', value: '${token}' }],
      jqExpression: '.',
    };
    const readMetric = () => Promise.resolve({ metadata: { name: 'm', namespace: 'iter8-system' }, spec } as Metric);
    const askedOf = (recorded: object, of: object = {}) =>
      measure({ ...spec, ...recorded }, { readMetric, metricNamespace: 'iter8-system', ownNamespaceOnly: true, ...of });
    expect(await askedOf({}).done).toMatchObject({ kind: 'value', value: 1 });
    // As somebody wrote it into the status of an experiment.
    const forged = askedOf({ urlTemplate: `${server.url}elsewhere` });
    expect(await forged.done).toMatchObject({ message: expect.stringMatching(/was changed since/) as string });
    const ofOthers = askedOf({ secret: 'other/s' }, { metricNamespace: 'other' });
    expect(await ofOthers.done).toMatchObject({
      message: expect.stringMatching(/metric other\/m is of another namespace/) as string,
    });
    expect([forged.asked, ofOthers.asked, server.seen()]).toEqual([[], [], 1]);
  });

  it.each([
    [
      '127.0.0.1:1',
      /^the backend cannot be reached: connection refused \(ECONNREFUSED 127\.0\.0\.1:1\), through the proxy of http_proxy$/,
    ],
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

it('sends no credential of its URL to another origin, where a redirect holds it', async () => {
  let asked = 0;
  await using other = await testServer((_, response) => {
    asked += 1;
    response.end('5');
  });
  const origin = new URL(other.url).origin;
  const refused = {
    kind: 'error',
    reason: 'unusable-answer',
    // The host is a field of the secret, here.
    message: expect.stringMatching(
      /it redirects to \S+ with a credential of the query, which is not sent there$/,
    ) as string,
  };
  const lead = (request: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(302, { Location: origin + request.url }).end();
  const base = { jqExpression: '.' };
  expect((await ask({ ...base, params: [{ name: 'api_key', value: 'literal+K3Y' }] }, '', lead)).result).toMatchObject(
    refused,
  );
  const filled = { ...base, secret: 's', urlTemplate: 'URLq?k=${token}' };
  expect((await ask(filled, '', lead)).result).toMatchObject(refused);
  expect(asked).toBe(0);
  const plain = { ...base, params: [{ name: 'query', value: 'up' }] };
  const signed = (request: IncomingMessage, response: ServerResponse) =>
    void response.writeHead(302, { Location: `${origin + request.url}&X-Amz-Signature=0123456789abcdef` }).end();
  for (const respond of [lead, signed])
    expect((await ask(plain, '', respond)).result).toMatchObject({ kind: 'value', value: 5 });
});

it('sends credentials no more once it was led elsewhere, also where that leads back', async () => {
  const seen: (string | undefined)[] = [];
  let home = '';
  await using other = await testServer((_, response) =>
    response.writeHead(302, { Location: `${home}chosen-by-another` }).end(),
  );
  await using server = await testServer((request, response, k) => {
    seen.push(request.headers.authorization, request.headers.host);
    if (k === 0) response.writeHead(302, { Location: other.url }).end();
    else response.end('5');
  });
  home = server.url;
  const { host } = new URL(server.url);
  const spec: MetricSpec = {
    urlTemplate: server.url,
    secret: 's',
    authType: 'Basic',
    headerTemplates: [{ name: 'Host', value: 'prometheus.example' }],
    jqExpression: '.',
  };
  expect(await measure(spec).done).toMatchObject({ kind: 'value', value: 5 });
  const basic = `Basic ${Buffer.from('me:pa55-w0rd').toString('base64')}`;
  expect(seen).toEqual([basic, 'prometheus.example', undefined, host]);
});

it('shows no literal of a parameter named like a credential that a backend says again, though it looks like a placeholder', async () => {
  const spec: MetricSpec = { params: [{ name: 'api_key', value: '$ecretWord' }], jqExpression: '.' };
  const { result } = await ask(spec, '', (_, response) =>
    response.writeHead(401).end('{"message": "who is $ecretWord?"}'),
  );
  expect(result.kind).toBe('error');
  expect(JSON.stringify(result)).not.toContain('ecretWord');
});

it('shows nothing of a secret that is its URL, however the URL is written', async () => {
  await using backend = await testServer((request, response) =>
    response.writeHead(404).end(`Cannot GET ${request.url ?? ''}`),
  );
  const { host } = new URL(backend.url);
  for (const url of [
    `http://joe:CANARY-password@${host}/tenant/CANARY-path`,
    `http://${host}/tenant/CANARY-path?code=CANARY-code`,
    `http://${host.replace('127.0.0.1', '127.1')}/tenant/CANARY-path?api_key=CANARY-code`,
  ]) {
    const params = [{ name: 'query', value: 'up' }];
    const result = await measure({ urlTemplate: '${url}', params, secret: 's', jqExpression: '.' }, { secret: { url } })
      .done;
    expect(result).toMatchObject({ reason: 'rejected', query: expect.stringContaining('query=up') as string });
    expect(JSON.stringify(result)).not.toContain('CANARY');
  }
});

it('sends a secret in a header without the newline that files end with', async () => {
  const seen: (string | undefined)[] = [];
  await using backend = await testServer((request, response) => {
    seen.push(request.headers.authorization);
    response.end('1');
  });
  const spec = { urlTemplate: backend.url, secret: 's', jqExpression: '.' };
  const bearer = { ...spec, headerTemplates: [{ name: 'Authorization', value: 'Bearer ${token}' }] };
  expect(await measure(bearer, { secret: { token: 's3cr3t-token\n' } }).done).toMatchObject({ kind: 'value' });
  const user = { username: 'me\r\n', password: 'pa55-w0rd\n' };
  await measure({ ...spec, authType: 'Basic' }, { secret: user }).done;
  expect(seen).toEqual(['Bearer s3cr3t-token', `Basic ${Buffer.from('me:pa55-w0rd').toString('base64')}`]);
  const two = await measure(bearer, { secret: { token: 's3cr3t-token\nof two lines' } }).done;
  expect(two).toMatchObject({
    reason: 'cannot-ask',
    message: expect.stringContaining('header Authorization') as string,
  });
  expect(JSON.stringify(two)).not.toContain('s3cr3t');
  expect(seen).toHaveLength(2);
});
