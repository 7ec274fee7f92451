/** What is said of a metric that has no value: every cause has its own reason and sentence, with the query beside it. */
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../support/fake-clock.ts';
import { folderWith, liveExperiment, metricObject } from '../support/live-manifest.ts';
import { iter8ctl } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';

type Answer = (response: ServerResponse) => void;

const vector = (value?: string, more: object = {}): Answer => {
  const result = value === undefined ? [] : [{ metric: {}, value: [1, value] }];
  const body = JSON.stringify({ status: 'success', ...more, data: { resultType: 'vector', result } });
  return (response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(body);
};
const text = (status: number, body: string, type = 'text/plain'): Answer => {
  return (response) => response.writeHead(status, { 'Content-Type': type }).end(body);
};

interface Asked {
  readonly value: Answer;
  readonly size?: Answer;
  readonly strength?: object;
  readonly limit?: object;
  readonly spec?: object;
  readonly iterations?: number;
  /** A Canary of these, instead of a Conformance experiment. */
  readonly versions?: readonly { readonly name: string }[];
  /** Where the metric is asked for instead of the server. */
  readonly url?: string;
}

/** A run of one objective on a Gauge with a sampleSize, and what is seen of it afterwards. */
async function seen(asked: Asked) {
  const { value, size = vector('5000'), strength = {}, limit, spec, url, iterations = 1, versions } = asked;
  await using server = await testServer((request, response) =>
    (request.url!.includes('requests') ? size : value)(response),
  );
  const at = (from: string, query: string, more: object = {}) => ({
    urlTemplate: `${from}api/v1/query?token=s3cr3t`,
    params: [{ name: 'query', value: query }],
    jqExpression: '.data.result[0].value[1] | tonumber',
    ...more,
  });
  const experiment = liveExperiment({
    criteria: { objectives: [{ metric: 'errors', ...(limit ?? { upperLimit: '0.05' }) }], strength },
    iterations,
    versions,
  });
  const cwd = folderWith([
    experiment,
    metricObject('errors', at(url ?? server.url, 'errors{v="$name"}', { sampleSize: 'requests', ...spec })),
    metricObject('requests', at(server.url, 'requests{v="$name"}', { type: 'Counter' })),
  ]);
  const clock = fakeClock(Date.now());
  const { code, err } = await iter8ctl(['run', '--local', '-f', 'all.json', '-o', 'json'], { cwd, clock });
  const described = await iter8ctl(['describe', '--local'], { cwd, clock });
  const json = await iter8ctl(['describe', '--local', '-o', 'json'], { cwd, clock });
  const view = JSON.parse(json.out) as {
    readonly objectives: readonly { readonly reason: string; readonly verdict: string; readonly detail?: string }[];
    readonly measured: readonly { readonly warnings?: readonly string[] }[];
  };
  return { code, err, text: described.out.replace(/\s+/g, ' '), row: view.objectives[0]!, view };
}

const PAGE = '<!DOCTYPE html><title>Sign in</title>';
const CAUSES: readonly (readonly [string, Asked, string, RegExp])[] = [
  ['an empty answer', { value: vector() }, 'empty-answer', /the answer is empty: no data, probably no traffic/],
  [
    'NaN',
    { value: vector('NaN') },
    'not-a-number',
    /the value is not a number \(NaN\), as 0\/0 is: probably no traffic/,
  ],
  ['+Inf', { value: vector('+Inf') }, 'not-finite', /the value is not finite \(\+Inf\), as a division by 0 is/],
  [
    'status: error',
    { value: text(200, '{"status":"error","errorType":"execution","error":"too many samples"}') },
    'backend-error',
    /the backend reports an error: execution: too many samples/,
  ],
  [
    'a page',
    { value: text(200, PAGE, 'text/html') },
    'not-json',
    /the answer is not JSON but text\/html: <!DOCTYPE html><title>Sign in<\/title>/,
  ],
  ['403', { value: text(403, 'no') }, 'rejected', /the backend refuses the query: it answers 403: no/],
  [
    '400 with a reason',
    { value: text(400, '{"status":"error","errorType":"bad_data","error":"parse error at char 3"}') },
    'rejected',
    /the backend refuses the query: it answers 400: bad_data: parse error at char 3/,
  ],
  ['500', { value: text(500, 'oops') }, 'server-error', /the backend fails: it answers 500: oops/],
  [
    'a refused connection',
    { value: vector('1'), url: 'http://127.0.0.1:1/' },
    'unreachable',
    /the backend cannot be reached: connection refused \(ECONNREFUSED 127\.0\.0\.1:1\)/,
  ],
];

describe('a metric without a value', () => {
  it.each(CAUSES)('because of %s says so, and what was asked', async (_, asked, reason, sentence) => {
    const { code, text: described, row, err } = await seen(asked);
    expect(code, err).toBe(3);
    expect(row).toMatchObject({ verdict: 'undecided', reason });
    expect(described).toMatch(new RegExp(`^undecided: v1 errors has no value: ${sentence.source}`));
    expect(described).toMatch(
      /asked: GET http:\/\/127\.0\.0\.1:\d+\/api\/v1\/query\?token=\*\*\*&query=errors\{v="v1"\}/,
    );
    expect(`${described}${err}`).not.toMatch(/jq: |inputString|cannot be parsed|s3cr3t/);
  });

  it.each(CAUSES)('because of %s is violated where missing data is', async (_, asked, reason, sentence) => {
    const all = await seen({ ...asked, strength: { noData: 'violated' } });
    expect(all.code, all.err).toBe(1);
    expect(all.row).toMatchObject({ verdict: 'violated', reason });
    expect(all.text).toMatch(
      new RegExp(`errors of v1 is violated, as missing data is \\(noData: violated\\): ${sentence.source}`),
    );
  });

  it('is violated or undecided by the setting of its own', async () => {
    const strength = { noData: 'violated', noDataFor: [{ metric: 'default/errors', verdict: 'undecided' }] };
    expect((await seen({ value: vector(), strength })).code).toBe(3);
    const other = { noDataFor: [{ metric: 'errors', verdict: 'violated' }] };
    expect((await seen({ value: vector(), strength: other })).code).toBe(1);
  });
});

it('a value that is too old is violated where missing data is', async () => {
  let asked = 0;
  const value: Answer = (response) => (asked++ === 0 ? vector('0.001') : text(500, 'oops'))(response);
  const open = await seen({ value, iterations: 4 });
  expect(open.row).toMatchObject({ verdict: 'undecided', reason: 'stale' });
  asked = 0;
  const violated = await seen({ value, iterations: 4, strength: { noData: 'violated' } });
  expect(violated.code).toBe(1);
  expect(violated.row).toMatchObject({ verdict: 'violated', reason: 'stale' });
  expect(violated.text).toMatch(/as missing data is .*the backend fails: it answers 500: oops \(kept the value of/);
});

it('a comparison with the baseline says which cause its missing data has', async () => {
  const strength = { relative: [{ metric: 'errors', maxIncreasePercent: 10 }] };
  const { view } = await seen({ value: vector(), strength, versions: [{ name: 'v1' }, { name: 'v2' }] });
  const relative = view.objectives.at(-1)!;
  expect(relative).toMatchObject({ verdict: 'undecided', reason: 'empty-answer' });
  expect(relative.detail).toMatch(/the answer is empty: no data/);
});

it.each([
  [
    [{ metric: 'error', verdict: 'violated' }],
    /noDataFor\[0\]\.metric: no objective is about "error"; did you mean errors\?/,
  ],
  [
    [
      { metric: 'errors', verdict: 'violated' },
      { metric: 'default/errors', verdict: 'undecided' },
    ],
    /noDataFor\[1\]\.metric: "default\/errors" is there twice/,
  ],
])('refuses settings of missing data that do nothing: %j', async (noDataFor, message) => {
  const cwd = folderWith([
    liveExperiment({ criteria: { objectives: [{ metric: 'errors', upperLimit: 1 }], strength: { noDataFor } } }),
  ]);
  const { code, err } = await iter8ctl(['run', '--local', '-f', 'all.json'], { cwd });
  expect(code).toBe(2);
  expect(err).toMatch(message);
});

describe('the number of data points', () => {
  it('that could not be measured is what is missing, not the value', async () => {
    const { code, text: described, row } = await seen({ value: vector('0.01'), size: text(500, 'oops') });
    expect(code).toBe(3);
    expect(row.reason).toBe('server-error');
    expect(described).toMatch(
      /the number of requests behind its value \(0\.01\) is not known: its sampleSize requests: the backend fails: it answers 500: oops/,
    );
    expect(described).toMatch(/asked: GET \S+query=requests\{v="v1"\}/);
  });

  it('that is 0 is no traffic', async () => {
    const { row } = await seen({ value: vector('0.01'), size: vector('0') });
    expect(row.reason).toBe('no-traffic');
  });

  it.each([['37.5'], ['1.5']])('is known: a value of %s asks for the largest by name', async (value) => {
    const { code, text: described } = await seen({ value: vector(value), limit: { upperLimit: 100 } });
    expect(code).toBe(3);
    expect(described).toMatch(
      new RegExp(
        `errors cannot be judged with confidence: its value \\(${value.replace('.', '\\.')}, n = 5,000\\) is not a share; a mean needs the largest value that counts: declare it as strength\\.cap: \\[\\{metric: errors, max: LARGEST\\}\\]; a rate must be a share from 0 to 1`,
      ),
    );
    expect(described).not.toMatch(/without the number of requests/);
  });

  it('does not help a percentile that a backend computed, which says so', async () => {
    const spec = { params: [{ name: 'query', value: 'histogram_quantile(0.95, errors)' }] };
    const { row, text: described } = await seen({ value: vector('37.5'), limit: { upperLimit: 100 }, spec });
    expect(row.reason).toBe('percentile-value');
    expect(described).not.toMatch(/without the number of requests/);
  });
});

describe('what a backend warns of', () => {
  const warnings = ['partial response: store-1 not reachable'];
  it('stands beside the value, with what was asked', async () => {
    const { code, err, text: described, view } = await seen({ value: vector('0.001', { warnings }) });
    expect(code, err).toBe(0);
    expect(described).toMatch(
      /Measured errors 0\.001, n = 5,000, \S+( \S+)*, the backend warns: partial response: store-1 not reachable asked: GET/,
    );
    expect(described).toMatch(/warning: errors of v1: the backend warns: partial response/);
    expect(err).toMatch(/warning: errors of v1: the backend warns: partial response/);
    expect(view.measured[0]!.warnings).toEqual(warnings);
  });

  it('of the number of data points, and of an empty answer, too', async () => {
    const size = await seen({ value: vector('0.001'), size: vector('5000', { infos: ['PromQL info: no counter'] }) });
    expect(size.text).toMatch(/the backend warns: PromQL info: no counter/);
    const empty = await seen({ value: vector(undefined, { warnings }) });
    expect(empty.text).toMatch(/no data, probably no traffic, the backend warns: partial response/);
  });
});
