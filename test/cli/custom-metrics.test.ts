/** Custom metrics end to end, without a cluster: a manifest with Metrics beside the experiment, and a server that answers like Prometheus. */
import { expect, it } from 'vitest';
import { fakeClock } from '../support/fake-clock.ts';
import { folderWith, liveExperiment, metricObject } from '../support/live-manifest.ts';
import { iter8ctl } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';

interface Answers {
  /** By the text that the query holds; undefined: an empty result. `k`: how often it was asked before. */
  readonly [part: string]: (k: number) => number | string | undefined;
}

const metric =
  (name: string, query: string, spec: object = {}) =>
  (url: string) =>
    metricObject(name, {
      urlTemplate: `${url}api/v1/query`,
      params: [{ name: 'query', value: query }],
      jqExpression: '.data.result[0].value[1] | tonumber',
      ...spec,
    });
const REQUESTS = metric('requests', 'sum(increase(requests{v="$name"}[${elapsedTime}s]))', { type: 'Counter' });
const ERRORS = metric('error-share', 'sum(increase(errors{v="$name"}[${elapsedTime}s])) / requests', {
  sampleSize: 'requests',
});

/** Runs an experiment whose objectives are on these metrics. */
async function run(
  objectives: readonly object[],
  metrics: readonly ((url: string) => object)[],
  answers: Answers,
  change: { readonly iterations?: number; readonly flags?: readonly string[] } = {},
) {
  const asked = new Map<string, number>();
  await using server = await testServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://x').searchParams.get('query') ?? '';
    const part = Object.keys(answers).find((text) => query.includes(text)) ?? '';
    const k = asked.get(part) ?? 0;
    asked.set(part, k + 1);
    const value = answers[part]?.(k);
    if (typeof value === 'string') response.writeHead(503).end(value);
    else response.end(JSON.stringify({ data: { result: value === undefined ? [] : [{ value: [1, String(value)] }] } }));
  });
  const experiment = liveExperiment({
    criteria: { objectives, strength: { inFlightSeconds: 0 } },
    iterations: change.iterations,
  });
  const cwd = folderWith([experiment, ...metrics.map((make) => make(server.url))]);
  const clock = fakeClock(Date.now());
  const finished = await iter8ctl(['run', '--local', '-f', 'all.json', '-o', 'raw', ...(change.flags ?? [])], {
    cwd,
    clock,
  });
  const described = await iter8ctl(['describe', '--local'], { cwd, clock });
  const text = described.out.replace(/\s+/g, ' ');
  return {
    ...finished,
    text,
    object:
      finished.out === ''
        ? undefined
        : (JSON.parse(finished.out) as {
            status: { analysis: { aggregatedMetrics: { data: Record<string, { data: Record<string, object> }> } } };
          }),
  };
}

const below = (limit: string) => [{ metric: 'error-share', upperLimit: limit }];

it('judges a share with its sample size: satisfied, violated, and not enough', async () => {
  const of = (errors: number, requests: number) =>
    run(below('0.05'), [REQUESTS, ERRORS], {
      '/ requests': () => errors / requests,
      'increase(requests': () => requests,
    });
  const good = await of(2, 1000);
  expect(good.code, good.err).toBe(0);
  expect(good.err).not.toMatch(/cannot be decided/);
  expect(good.text).toMatch(/^promote v1 .*error-share <= 0\.05 0\.002 <= 0\.\d+ 1,000 ✔ satisfied/);
  expect(good.text).toMatch(
    /Measured error-share 0\.002, n = 1,000, (now|1 s ago), approximate: extrapolated counters/,
  );
  expect(good.object!.status.analysis.aggregatedMetrics.data['error-share']!.data['v1']).toEqual({
    value: '2m',
    sampleSize: 1000,
  });
  const bad = await of(120, 1000);
  expect(bad.code).toBe(1);
  expect(bad.text).toMatch(/^do not promote v1 error-share of v1 is violated: 0\.12 observed, at least/);
  const few = await of(0, 20);
  expect(few.code).toBe(3);
  expect(few.text).toMatch(/^undecided: v1 error-share needs about \d+ more requests/);
});

it('never calls a value satisfied that has no number of requests behind it', async () => {
  const gauge = metric('latency', 'mean_latency{v="$name"}', { units: 'seconds', sampleSize: 'requests' });
  const alone = metric('queue', 'queue_length');
  const ran = await run(
    [
      { metric: 'latency', upperLimit: '0.5' },
      { metric: 'default/queue', upperLimit: 10 },
    ],
    [REQUESTS, gauge, alone],
    {
      mean_latency: () => 0.2,
      queue_length: () => 3,
      'increase(requests': () => 5000,
    },
  );
  expect(ran.code, ran.err).toBe(3);
  expect(ran.text).toMatch(
    /latency cannot be judged with confidence: its value \(0\.2, n = 5,000\) is not a share; a mean needs the largest value/,
  );
  expect(ran.text).toMatch(/default\/queue <= 10 3 - 0 \? undecided/);
});

it('compares a counter exactly: above its limit at once, below it at the end', async () => {
  const counter = metric('failures', 'failures{v="$name"}', { type: 'Counter' });
  const objective = [{ metric: 'failures', upperLimit: 5 }];
  const good = await run(objective, [counter], { failures: (k) => k }, { iterations: 3 });
  expect(good.code, good.err).toBe(0);
  expect(good.err).not.toMatch(/satisfied[^]*Completed Iteration 2/);
  const bad = await run(objective, [counter], { failures: () => 6 });
  expect(bad.code).toBe(1);
});

it('keeps a value over one failure, marked; says so when it fails again, and when it never had one', async () => {
  // Defect 7. Mutation: in src/judge/limits/custom-metric.ts, `MOST_FAILURES = 1` -> 0
  const answers = (fails: (k: number) => boolean): Answers => ({
    '/ requests': (k) => (fails(k) ? 'overloaded' : 0.002),
    'increase(requests': () => 1000,
  });
  const blip = await run(
    below('0.05'),
    [REQUESTS, ERRORS],
    answers((k) => k === 2),
    { iterations: 3 },
  );
  expect(blip.code, blip.err).toBe(0);
  expect(blip.err).toMatch(
    /warning: error-share of v1: the backend fails: it answers 503: overloaded \(kept the value of \d{4}-/,
  );
  const gone = await run(
    below('0.05'),
    [REQUESTS, ERRORS],
    answers((k) => k > 0),
    { iterations: 3 },
  );
  expect(gone.code).toBe(3);
  expect(gone.text).toMatch(
    /error-share is too old for a verdict: the backend fails: it answers 503: overloaded \(kept the value of/,
  );
  const never = await run(
    below('0.05'),
    [REQUESTS, ERRORS],
    answers(() => true),
  );
  expect(never.code).toBe(3);
  expect(never.text).toMatch(/error-share has no value: the backend fails: it answers 503: overloaded/);
  expect(never.text).toMatch(
    /Measured error-share no value, the backend fails: it answers 503: overloaded asked: GET http:\S+query=sum\(increase\(errors\{v="v1"\}/,
  );
  const empty = await run(below('0.05'), [REQUESTS, ERRORS], { 'increase(requests': () => 9 });
  expect(empty.text).toMatch(/error-share has no value: the answer is empty: no data/);
});

it('fails when a metric is not there, and says which', async () => {
  const ran = await run([{ metric: 'nowhere/none', upperLimit: 1 }], [], {});
  expect(ran.code).toBe(4);
  expect(ran.text).toMatch(/Unable to find metric nowhere\/none/);
});

it('compares points when no confidence is asked for', async () => {
  const gauge = metric('latency', 'mean_latency', { units: 'seconds' });
  const ran = await run(
    [{ metric: 'latency', upperLimit: '0.5' }],
    [gauge],
    { mean_latency: () => 0.2 },
    { flags: ['--confidence', 'none'] },
  );
  expect(ran.code, ran.err).toBe(0);
});

it('plan tries each query, and shows what was asked and what came of it', async () => {
  await using server = await testServer((request, response) => {
    if ((request.url ?? '').includes('errors')) response.writeHead(500).end('no such series');
    else response.end('{"data":{"result":[{"value":[1,"4711"]}]}}');
  });
  const criteria = {
    objectives: [{ metric: 'error-share', upperLimit: '0.05' }],
    indicators: ['requests'],
    strength: { inFlightSeconds: 0 },
  };
  const cwd = folderWith([liveExperiment({ criteria }), REQUESTS(server.url), ERRORS(server.url)]);
  const { out } = await iter8ctl(['plan', '--local', '-f', 'all.json'], { cwd });
  const text = out.replace(/\s+/g, ' ');
  expect(text).toMatch(
    /error-share of v1: the backend fails: it answers 500: no such series GET http:\S+query=sum\(increase\(err.*\{v="v1"\}\[60s\]/,
  );
  expect(text).toMatch(/metrics requests of v1: 4,?711 GET http/);
  expect(text).toMatch(/^e would run, and may end undecided error-share has no value: the backend fails/);
  expect(text).toMatch(/error-share <= 0\.05 depends on what its backend has counted/);
});
