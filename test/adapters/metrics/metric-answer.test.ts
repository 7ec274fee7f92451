/** What is read from the answer of a backend, and what is said when there is nothing. */
import { describe, expect, it } from 'vitest';
import { testServer } from '../../support/test-server.ts';
import { measure, ask } from '../../support/measuring-metric.ts';

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

  it('of hundreds of queries is read by one engine', async () => {
    await using server = await testServer((_, response, k) => response.end(String(k)));
    let last = 0;
    for (let k = 0; k < 200; k++) {
      const result = await measure({ urlTemplate: server.url, jqExpression: '. + 1' }).done;
      if (result.kind === 'value') last = result.value;
    }
    expect(last).toBe(200);
  });
});
