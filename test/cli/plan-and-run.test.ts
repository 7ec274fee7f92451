/** `plan` says what `run` will do: the same exit code where a run ends so, and a headline with its reasons. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../support/fake-clock.ts';
import { folderWith, liveExperiment, metricObject } from '../support/live-manifest.ts';
import { iter8ctl } from '../support/test-io.ts';
import { testServer } from '../support/test-server.ts';

type Answer = (response: ServerResponse, seconds: number) => void;

/** `perSecond`: what a value grows by, where it is asked since the start. */
const value =
  (text: string, perSecond?: number): Answer =>
  (response, seconds) => {
    const shown = perSecond === undefined ? text : String(perSecond * seconds);
    response.end(JSON.stringify({ status: 'success', data: { result: [{ value: [1, shown] }] } }));
  };
const status =
  (code: number, body = 'no'): Answer =>
  (response) =>
    response.writeHead(code).end(body);
const FIVE_THOUSAND = value('5000');

interface Case {
  readonly errors?: Answer;
  readonly requests?: Answer;
  readonly spec?: object;
  readonly sizeSpec?: object;
  readonly limit?: object;
  readonly criteria?: object;
  readonly iterations?: number;
  readonly versions?: Parameters<typeof liveExperiment>[0]['versions'];
  /** Where the metrics are asked for, if not the server. */
  readonly url?: string;
  /** Without the metrics themselves. */
  readonly isAlone?: boolean;
  readonly change?: (experiment: Manifest, url: string) => void;
}

interface Manifest {
  readonly metadata: Record<string, unknown>;
  readonly spec: Record<string, Record<string, unknown>>;
}

async function both(one: Case) {
  await using server = await testServer((request, response) => {
    const query = decodeURIComponent(request.url ?? '');
    const seconds = Number(/\[(\d+)s/.exec(query)?.[1] ?? 60);
    const answer = query.includes('errors') ? (one.errors ?? value('0.001')) : (one.requests ?? FIVE_THOUSAND);
    if (query.includes('query=')) answer(response, seconds);
    else response.end('fine');
  });
  const from = (name: string, query: string, more: object = {}) =>
    metricObject(name, {
      urlTemplate: one.url ?? server.url,
      params: [{ name: 'query', value: query }],
      jqExpression: '.data.result[0].value[1] | tonumber',
      ...more,
    });
  const experiment = liveExperiment({
    criteria: one.criteria ?? { objectives: [{ metric: 'errors', ...(one.limit ?? { upperLimit: '0.05' }) }] },
    iterations: one.iterations ?? 2,
    versions: one.versions,
  }) as Manifest;
  one.change?.(experiment, server.url);
  const cwd = folderWith([
    experiment,
    ...(one.isAlone === true
      ? []
      : [
          from('errors', 'errors{v="$name"}', { sampleSize: 'requests', ...one.spec }),
          from('requests', 'requests{v="$name"}', { type: 'Counter', ...one.sizeSpec }),
        ]),
  ]);
  const planned = await iter8ctl(['plan', '--local', '-f', 'all.json'], { cwd });
  expect(readdirSync(cwd)).toEqual(['all.json']);
  const json = await iter8ctl(['plan', '--local', '-f', 'all.json', '-o', 'json'], { cwd });
  const before = server.seen();
  const ran = await iter8ctl(['run', '--local', '-f', 'all.json'], { cwd, clock: fakeClock(Date.now()) });
  return {
    planned: { ...planned, text: `${planned.out}${planned.err}`.replace(/\s+/g, ' ') },
    json: json.out === '' ? undefined : (JSON.parse(json.out) as Planned),
    ran,
    sentByRun: server.seen() - before,
  };
}

interface Planned {
  readonly wouldBeDecided: boolean;
  readonly expectation: { readonly outlook: string; readonly reasons: readonly string[] };
  readonly metrics: readonly { readonly reason?: string }[];
  readonly power: readonly { readonly decided: string }[];
}

const OWN = 'iter8-system/';
const loads =
  (more: object = {}) =>
  (experiment: Manifest, url: string) => {
    experiment.spec['strategy']!['actions'] = {
      start: [
        { task: 'metrics/collect', with: { numQueries: 60, qps: 100, versions: [{ name: 'v1', url }], ...more } },
      ],
    };
  };
const since = (query: string) => ({ params: [{ name: 'query', value: `${query}[\${elapsedTime}s]` }] });
const SINCE = { spec: since('errors'), sizeSpec: since('requests') };
const TWO = [{ name: 'v1' }, { name: 'v2' }];
const REWARD = { rewards: [{ metric: 'errors', preferredDirection: 'Low' }] };
const asAB = (experiment: Manifest) => {
  experiment.spec['strategy']!['testingPattern'] = 'A/B';
};

/** What, the case, plan's exit code, that of the run, the headline, and the first reason. */
const CASES: readonly (readonly [string, Case, number, number, RegExp, RegExp])[] = [
  ['all is well', {}, 0, 0, /^e would run, and would be decided/, /^/],
  [
    'a metric does not exist',
    { isAlone: true },
    4,
    4,
    /^e would not run: it would fail/,
    /Unable to find metric default\/errors/,
  ],
  [
    'two metrics do not exist',
    { isAlone: true, criteria: { objectives: [{ metric: 'a', upperLimit: 1 }], indicators: ['other/b'] } },
    4,
    4,
    /^e would not run: it would fail/,
    /Unable to find metrics other\/b, default\/a/,
  ],
  [
    'a sampleSize does not exist',
    { spec: { sampleSize: 'visits' } },
    4,
    4,
    /^e would not run: it would fail/,
    /Unable to find metric default\/visits/,
  ],
  [
    'the backend refuses the connection',
    { url: 'http://127.0.0.1:1/' },
    7,
    3,
    /^e would run, but the backend of a metric cannot be reached/,
    /errors has no value: the backend cannot be reached: connection refused/,
  ],
  ['the backend answers 403', { errors: status(403) }, 3, 3, /may end undecided/, /it answers 403: no/],
  ['the backend answers 500', { errors: status(500) }, 3, 3, /may end undecided/, /it answers 500: no/],
  [
    'the answer is empty',
    { errors: status(200, '{"status":"success","data":{"result":[]}}') },
    3,
    3,
    /may end undecided/,
    /the answer is empty: no data/,
  ],
  ['the value is NaN', { errors: value('NaN') }, 3, 3, /may end undecided/, /not a number \(NaN\)/],
  ['the value is +Inf', { errors: value('+Inf') }, 3, 3, /may end undecided/, /not finite \(\+Inf\)/],
  ['the answer is a page', { errors: status(200, '<html>') }, 3, 3, /may end undecided/, /not JSON but text: <html>/],
  [
    'the sampleSize fails',
    { requests: status(500) },
    3,
    3,
    /may end undecided/,
    /its sampleSize requests: the backend/,
  ],
  ['the sampleSize is 0', { requests: value('0') }, 3, 3, /may end undecided/, /no traffic to v1/],
  ['there are too few requests', { requests: value('20') }, 3, 3, /may end undecided/, /needs about \d+ more requests/],
  [
    'a Gauge has no sampleSize',
    { spec: { sampleSize: undefined } },
    3,
    3,
    /can never be decided/,
    /only its value \(0\.001\) is known, without the number of requests/,
  ],
  [
    'a Gauge has no sampleSize, and no value',
    { spec: { sampleSize: undefined }, errors: status(500) },
    3,
    3,
    /can never be decided/,
    /only its value is known, without the number of requests/,
  ],
  [
    'a Gauge is a mean without a cap',
    { errors: value('37.5'), limit: { upperLimit: 100 } },
    3,
    3,
    /can never be decided/,
    /declare it as strength\.cap: \[\{metric: errors, max: LARGEST\}\]/,
  ],
  [
    'a percentile was computed by the backend',
    { spec: { params: [{ name: 'query', value: 'histogram_quantile(0.9, errors)' }] }, errors: value('0.2') },
    3,
    3,
    /can never be decided/,
    /errors can only be shown: how sure its value \(0\.2\) is/,
  ],
  [
    'a metric is measured for too short a time',
    { ...SINCE, requests: value('', 1000), iterations: 21 },
    3,
    3,
    /can never be decided/,
    /errors is measured over 20 s, and a verdict takes more than 20 s/,
  ],
  [
    'a metric is measured for just long enough',
    { ...SINCE, requests: value('', 1000), iterations: 22 },
    0,
    0,
    /would be decided/,
    /^/,
  ],
  [
    'a reward does not use elapsedTime',
    { criteria: REWARD, versions: TWO, change: asAB },
    3,
    3,
    /can never be decided/,
    /the query of errors does not use elapsedTime/,
  ],
  [
    'a reward has no value',
    { criteria: REWARD, versions: TWO, change: asAB, errors: status(500) },
    3,
    3,
    /may end undecided/,
    /errors of v1 has no value: the backend fails: it answers 500/,
  ],
  [
    'nothing measures a mean latency',
    { criteria: { objectives: [{ metric: `${OWN}mean-latency`, upperLimit: 500 }] } },
    3,
    3,
    /can never be decided/,
    /no metrics\/collect task measures v1/,
  ],
  [
    'the load is sent, and not measured',
    {
      criteria: { objectives: [{ metric: `${OWN}error-rate`, upperLimit: '0.5' }] },
      change: loads({ loadOnly: true }),
    },
    3,
    3,
    /can never be decided/,
    /no metrics\/collect task measures v1/,
  ],
  [
    'the plan is too short',
    {
      criteria: { objectives: [{ metric: `${OWN}error-rate`, upperLimit: '0.01' }], strength: { extend: false } },
      change: loads(),
    },
    3,
    3,
    /may end undecided/,
    /at most 60 requests are sent, and fewer than 377 can never satisfy it/,
  ],
  [
    'the plan is enough in some runs only',
    {
      criteria: { objectives: [{ metric: `${OWN}error-rate`, upperLimit: '0.01' }], strength: { maxRequests: 500 } },
      change: loads(),
    },
    3,
    0,
    /may end undecided/,
    /error-rate may end undecided: at most 500 requests are sent, which is enough in about half of the runs/,
  ],
  [
    'there is nothing to judge',
    { criteria: {} },
    3,
    3,
    /can never be decided/,
    /no objective and no reward: there is nothing to judge/,
  ],
  [
    'a secret of the load is missing',
    {
      criteria: { objectives: [{ metric: `${OWN}error-rate`, upperLimit: '0.5' }] },
      change: (experiment, url) =>
        loads({ versions: [{ name: 'v1', url, headersFrom: { secret: 'gone' } }] })(experiment, url),
    },
    4,
    4,
    /^e would not run: it would fail/,
    /metrics\/collect: secret default\/gone/,
  ],
];

describe('plan and run agree when', () => {
  it.each(CASES)('%s', async (_, one, planCode, runCode, headline, reason) => {
    const { planned, json, ran } = await both(one);
    expect(planned.text).toMatch(headline);
    expect(planned.text).toMatch(reason);
    expect([planned.code, ran.code], `${planned.text}\n${ran.out}${ran.err}`).toEqual([planCode, runCode]);
    expect(json!.wouldBeDecided).toBe(planCode === 0);
    expect(json!.expectation.reasons.length > 0).toBe(planCode !== 0);
    expect(planned.text).not.toMatch(/\d\.\d{6}/);
  });
});

it('of two limits on one metric, each is planned by itself', async () => {
  const { planned, json, ran } = await both({
    ...SINCE,
    requests: value('', 2000),
    versions: TWO,
    iterations: 8,
    criteria: {
      objectives: [{ metric: 'errors', upperLimit: '0.05' }],
      strength: { inFlightSeconds: 1, relative: [{ metric: 'errors', maxIncrease: 0.01 }] },
    },
  });
  expect([planned.code, ran.code]).toEqual([3, 3]);
  expect(ran.out).toMatch(/errors +<= 0\.05 .*✔ satisfied/);
  expect(json!.power.map(({ decided }) => decided)).toEqual(['depends', 'no']);
});

it('a run finds out that metrics are missing before it sends any load', async () => {
  const { ran, sentByRun } = await both({ isAlone: true, change: loads() });
  expect(ran.code).toBe(4);
  expect(ran.out).toMatch(/Unable to find metric default\/errors/);
  expect(sentByRun).toBe(0);
});

it('what a run refuses, plan refuses: an experiment that has ended, another spec, another namespace', async () => {
  await using server = await testServer((_, response) => void response.end('fine'));
  const experiment = liveExperiment({
    criteria: { objectives: [{ metric: `${OWN}error-rate`, upperLimit: '0.5' }] },
  }) as Manifest;
  loads()(experiment, server.url);
  const cwd = folderWith([experiment]);
  const command = (name: string, ...more: string[]) => iter8ctl([name, '--local', ...more], { cwd });
  expect((await command('plan', '-f', 'all.json')).code).toBe(0);
  const other = await command('plan', '-f', 'all.json', '-n', 'elsewhere');
  expect(other.code).toBe(2);
  expect(other.err).toMatch(/the manifest is of namespace default, and -n says elsewhere/);
  expect((await command('run', '-f', 'all.json')).code).toBe(0);
  for (const again of [await command('plan', '-f', 'all.json'), await command('plan', 'e')]) {
    expect(again.code).toBe(2);
    expect(again.out.replace(/\s+/g, ' ')).toMatch(
      /^e would not run: run refuses it experiment e has already run to its end/,
    );
  }
  expect((await command('plan', '-f', 'all.json', '--restart')).code).toBe(0);
});

it('an object that is stored and invalid would fail, as a run of it does', async () => {
  const experiment = liveExperiment({ criteria: { objectives: [{ metric: `${OWN}error-rate` }] } });
  const cwd = folderWith([experiment]);
  const { mkdirSync, writeFileSync } = await import('node:fs');
  const folder = path.join(cwd, '.iter8/experiments/default');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'e.yaml'), JSON.stringify(experiment));
  const planned = await iter8ctl(['plan', '--local', 'e'], { cwd });
  const ran = await iter8ctl(['run', '--local', 'e'], { cwd });
  expect([planned.code, ran.code]).toEqual([4, 4]);
  expect(planned.err).toMatch(/expected upperLimit or lowerLimit, got neither/);
});
