/** The API over real HTTP: who gets what. Rights are those of a real cluster in test/cluster/objects/api.test.ts. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Permission } from '../../src/adapters/kube/access-review.ts';
import { createJq } from '../../src/adapters/metrics/jq.ts';
import { createMetricSource } from '../../src/adapters/metrics/measure-metric.ts';
import { Access, type Reviews } from '../../src/api/access.ts';
import { Api, type ApiPorts } from '../../src/api/api.ts';
import { serveApi, type ApiServer } from '../../src/api/server.ts';
import { Waits } from '../../src/api/waits.ts';
import type { ExperimentStore } from '../../src/drive/ports.ts';
import type { Clock } from '../../src/io.ts';
import { EMPTY_RECORD, withRecord } from '../../src/judge/record/stored-record.ts';
import type { RecommendationKind } from '../../src/judge/recommendation.ts';
import { processCpuMs } from '../support/test-io.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { schemaErrors } from '../support/output-shape.ts';
import { testServer, type TestServer } from '../support/test-server.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const ALICE = 'token-of-alice';

/** Time that stands still until it is let go. */
function stoppedClock(): Clock & { readonly over: () => void } {
  const sleeping = new Set<() => void>();
  return {
    now: () => NOW,
    monotonicMs: () => 0,
    sleep: (_, signal) =>
      new Promise((resolve, reject) => {
        sleeping.add(resolve);
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
    over: () => {
      for (const wake of sleeping) wake();
    },
  };
}

let store: ExperimentStore;
let clock: ReturnType<typeof stoppedClock>;
let waits: Waits;
let server: ApiServer;
let prometheus: TestServer;
let rights: (permission: Permission) => boolean;
let answered: unknown;
let asked: string[];
let logged: string[];
const jq = createJq({ cpuMs: processCpuMs });

async function serve(change: Partial<ApiPorts> = {}): Promise<void> {
  const reviews: Reviews = {
    userOf: (token) => Promise.resolve(token === ALICE ? { username: 'alice' } : undefined),
    may: (_, permission) => Promise.resolve(rights(permission)),
  };
  const api = new Api({
    store,
    access: new Access(reviews),
    waits,
    metrics: createMetricSource({
      secrets: { read: () => Promise.reject(new Error('a secret was read')) },
      jq,
      clock,
      env: {},
      random: () => 0.5,
      systemNamespace: 'iter8-system',
      ownSecretsOnly: true,
    }),
    clock,
    driven: () => Promise.resolve(undefined),
    prometheus: prometheus.url,
    by: 'test',
    log: (_, text, about) => logged.push(`${text} ${JSON.stringify(about)}`),
    ...change,
  });
  server = await serveApi({
    address: '127.0.0.1:0',
    handle: (request) => api.answer(request),
    onError: (error) => logged.push(`defect: ${String(error)}`),
  });
}

beforeEach(async () => {
  clock = stoppedClock();
  store = createMemoryStore({ clock });
  waits = new Waits(store, clock);
  [asked, logged] = [[], []];
  answered = { status: 'success', data: { result: [] } };
  rights = () => true;
  prometheus = await testServer((request, response) => {
    asked.push(decodeURIComponent(request.url!));
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(answered));
  });
});
afterAll(() => jq.close());
afterEach(async () => {
  waits.close();
  await server.close();
  await prometheus[Symbol.asyncDispose]();
  expect(logged.filter((text) => text.startsWith('defect'))).toEqual([]);
});

async function ask(
  path: string,
  how: Omit<RequestInit, 'headers'> & {
    readonly token?: string | null;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
) {
  const { token = ALICE, ...rest } = how;
  const headers = { ...(token === null ? {} : { Authorization: `Bearer ${token}` }), ...rest.headers };
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { ...rest, headers });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type') === 'application/json';
  return { status: answer.status, text, body: isJson ? (JSON.parse(text) as Record<string, any>) : {} }; // eslint-disable-line
}
const post = (path: string, body: unknown, how: Parameters<typeof ask>[1] = {}) =>
  ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' }, ...how });

const create = (name = 'shop') =>
  store.create({
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name, namespace: 'a' },
    spec: {
      target: name,
      strategy: { testingPattern: 'Conformance' },
      versionInfo: { baseline: { name: 'v1' } },
    },
  });
const decide = (
  verdict: RecommendationKind,
  how: { readonly at?: string; readonly ended?: boolean } = {},
  name = 'shop',
) => {
  const { at = new Date(NOW).toISOString(), ended = true } = how;
  const recommendation = { verdict, version: 'v1', keepsBaseline: false, reasons: [`because of ${verdict}`] };
  const status = {
    stage: ended ? ('Completed' as const) : ('Running' as const),
    startTime: at,
    lastUpdateTime: at,
    ...(ended ? { conditions: [{ type: 'Completed' as const, status: 'True' as const, lastTransitionTime: at }] } : {}),
  };
  return store.patchStatus(
    { namespace: 'a', name },
    withRecord(status, { ...EMPTY_RECORD, by: 'iter8ctl 0.1.0', recommendation }, at),
  );
};
const SHOP = '/v1/namespaces/a/experiments/shop';

describe('who may ask', () => {
  it.each([
    ['no token', null],
    ['a token that is not taken', 'expired'],
    ['a token that is none', 'a b'],
    ['an endless token', 'x'.repeat(20_000)],
  ])('answers %s with 401, whatever is asked', async (_, token) => {
    await serve();
    await create();
    for (const path of [SHOP, '/v1/namespaces/a/experiments/none', '/', '/v1/namespaces/a/verdicts'])
      expect((await ask(path, { token })).status).toBe(401);
  });

  it('answers 403 whether the experiment is there or not, and 404 to whoever may read it', async () => {
    await serve();
    await create();
    rights = ({ namespace, verb, resource, group }) =>
      namespace === 'b' && verb === 'get' && resource === 'experiments' && group === 'iter8.tools';
    const [there, absent] = [await ask(SHOP), await ask('/v1/namespaces/a/experiments/none')];
    expect([there.status, absent.status]).toEqual([403, 403]);
    expect(there.body['message']).toBe('alice may not get experiments.iter8.tools shop in namespace a');
    expect(schemaErrors('api-error', there.body)).toEqual([]);
    expect((await ask('/v1/namespaces/b/experiments/none')).status).toBe(404);
  });

  it('answers for the one namespace that its controller looks after', async () => {
    await serve({ namespace: 'b' });
    await create();
    expect((await ask(SHOP)).status).toBe(403);
  });

  it('asks nobody who they are where that is the setting', async () => {
    await serve({ access: new Access(undefined) });
    await create();
    expect((await ask(SHOP, { token: null })).status).toBe(200);
  });
});

describe('an experiment', () => {
  beforeEach(() => serve());

  it('is the view of describe -o json', async () => {
    await create();
    const { status, body } = await ask(SHOP);
    expect(status).toBe(200);
    expect(schemaErrors('experiment-view', body)).toEqual([]);
    expect(body['experiment']).toMatchObject({ name: 'shop', namespace: 'a', completed: false });
  });

  it('is waited for until it is decided, by one watch for all who wait', async () => {
    await create();
    const waiting = [ask(`${SHOP}?wait=60s`), ask(`${SHOP}?wait=60s`), ask(`${SHOP}?wait=60s`)];
    while (waits.watches === 0) await new Promise(setImmediate);
    expect(waits.watches).toBe(1);
    await decide('promote', { ended: false });
    for (const { body } of await Promise.all(waiting)) expect(body['recommendation'].verdict).toBe('promote');
    expect(waits.watches).toBe(0);
  });

  it('is answered as it is when the time is over', async () => {
    await create();
    const waiting = ask(`${SHOP}?wait=2s`);
    while (waits.watches === 0) await new Promise(setImmediate);
    clock.over();
    expect((await waiting).body['recommendation'].verdict).toBe('undecided');
    expect(waits.watches).toBe(0);
  });

  it('is not there any more when it is deleted meanwhile, and not shown to whoever lost the right', async () => {
    await create();
    const waiting = ask(`${SHOP}?wait=2s`);
    while (waits.watches === 0) await new Promise(setImmediate);
    await store.delete({ namespace: 'a', name: 'shop' });
    expect((await waiting).status).toBe(404);
    await create();
    const second = ask(`${SHOP}?wait=2s`);
    while (waits.watches === 0) await new Promise(setImmediate);
    rights = () => false;
    clock.over();
    expect((await second).status).toBe(403);
  });

  it.each(['wait=1h', 'wait=-1s', 'wait=', 'wait=soon', 'wait=1s&wait=2s', 'watch=1'])('refuses ?%s', async (query) => {
    await create();
    expect((await ask(`${SHOP}?${query}`)).status).toBe(400);
  });

  it.each([
    '/v1/namespaces/A/experiments/shop',
    '/v1/namespaces/a/experiments/..%2fx',
    `${SHOP}/status`,
    '//',
    '/flagger/v1/x',
  ])('has nothing at %s', async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  it('takes no other method', async () => {
    expect((await ask(SHOP, { method: 'DELETE' })).status).toBe(405);
    expect((await ask('/v1/namespaces/a/verdicts')).status).toBe(405);
  });
});

it('answers whoever waits when it closes', async () => {
  await serve();
  await create();
  const waiting = ask(`${SHOP}?wait=60s`);
  while (waits.watches === 0) await new Promise(setImmediate);
  waits.close();
  await server.close();
  expect((await waiting).status).toBe(200);
});

it('lets so many wait, and refuses others at once', async () => {
  waits = new Waits(store, clock, { watches: 1, waiting: 2 });
  await serve();
  await create();
  await create('other');
  const first = ask(`${SHOP}?wait=60s`);
  while (waits.watches === 0) await new Promise(setImmediate);
  expect((await ask('/v1/namespaces/a/experiments/other?wait=60s')).status).toBe(503);
  expect((await ask('/v1/namespaces/a/experiments/other')).status).toBe(200);
  clock.over();
  expect((await first).status).toBe(200);
});

const SHARES =
  '{shares: [.data.result[] | .metric as $l | .values[] | {series: $l, at: .[0]} + (if $l.code == "500" then {hits: (.[1] | tonumber)} else {others: (.[1] | tonumber)} end)]}';
const question = (change: Readonly<Record<string, unknown>> = {}) => ({
  versionInfo: { baseline: { name: 'shop-v2' } },
  criteria: { objectives: [{ metric: 'errors', upperLimit: '0.05' }] },
  metrics: [{ name: 'errors', query: 'requests{app="$name"}[${lookbackSeconds}s]', jqExpression: SHARES }],
  window: '10m',
  ...change,
});
/** Ten minutes of counters of one process, in samples 15 s apart. */
const counters = (code: string, from: number, to: number) => ({
  metric: { code, job: 'x', instance: 'pod-1' },
  values: Array.from({ length: 40 }, (_, k) => [NOW / 1000 - 600 + 15 * k, String(from + ((to - from) * k) / 39)]),
});
const VERDICTS = '/v1/namespaces/a/verdicts';

describe('a verdict in one call', () => {
  beforeEach(() => serve());

  it.each([
    ['satisfied', 0, 2_000],
    ['violated', 400, 1_600],
    ['inconclusive', 1, 20],
  ])('is %s', async (verdict, failed, good) => {
    answered = {
      status: 'success',
      data: { result: [counters('200', 5_000, 5_000 + good), counters('500', 70, 70 + failed)] },
    };
    const { status, body } = await post(VERDICTS, question());
    expect(body['verdict'], JSON.stringify(body)).toBe(verdict);
    expect(status).toBe(200);
    expect(schemaErrors('verdict', body)).toEqual([]);
    expect(body['objectives'][0]).toMatchObject({ metric: 'errors', version: 'shop-v2' });
    expect(asked).toEqual(['/api/v1/query?query=requests{app="shop-v2"}[600s]&timeout=10s']);
  });

  it('is inconclusive without traffic, and says why', async () => {
    const { body } = await post(VERDICTS, question());
    expect(body['verdict']).toBe('inconclusive');
    expect(body['reasons'].join(' ')).toMatch(/errors/);
  });

  it('is inconclusive when the backend fails', async () => {
    answered = { status: 'error', error: 'query timed out' };
    const { body } = await post(VERDICTS, question());
    expect(body['verdict']).toBe('inconclusive');
    expect(body['measured'][0].failure.message).toContain('query timed out');
  });

  it('compares a candidate with its baseline', async () => {
    answered = { status: 'success', data: { result: [counters('200', 0, 2_000)] } };
    const { body } = await post(
      VERDICTS,
      question({ versionInfo: { baseline: { name: 'v1' }, candidates: [{ name: 'v2' }] } }),
    );
    expect(body).toMatchObject({ verdict: 'satisfied', version: 'v2' });
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['urlTemplate', { metrics: [{ ...question().metrics[0], urlTemplate: 'http://169.254.169.254/' }] }],
    ['secret', { metrics: [{ ...question().metrics[0], secret: 'kube-system/token' }] }],
    ['headerTemplates', { metrics: [{ ...question().metrics[0], headerTemplates: [{ name: 'a', value: 'b' }] }] }],
    ['authType', { metrics: [{ ...question().metrics[0], authType: 'Bearer' }] }],
    ['weightObjRef', { versionInfo: { baseline: { name: 'v', weightObjRef: { kind: 'Secret' } } } }],
    ['rewards', { criteria: { ...question().criteria, rewards: [{ metric: 'errors', preferredDirection: 'Low' }] } }],
    ['prometheus', { prometheus: 'http://elsewhere' }],
    ['iter8-system/error-rate', { criteria: { objectives: [{ metric: 'iter8-system/error-rate', upperLimit: 1 }] } }],
    ['other/errors', { criteria: { objectives: [{ metric: 'other/errors', upperLimit: 1 }] } }],
    ['objectives', { criteria: { objectives: [] } }],
    ['criteria', { criteria: undefined }],
    ['window', { window: '48h' }],
    ['twice', { metrics: [question().metrics[0], question().metrics[0]] }],
    ['metrics', { metrics: Array.from({ length: 11 }, (_, k) => ({ ...question().metrics[0], name: `m${k}` })) }],
    ['upperLimit', { criteria: { objectives: [{ metric: 'errors', upperLimit: 'a lot' }] } }],
  ])('refuses %s, and asks nobody', async (field, change) => {
    const { status, body } = await post(VERDICTS, question(change));
    expect([status, body['details'].join('\n')]).toEqual([400, expect.stringContaining(field)]);
    expect(asked).toEqual([]);
  });

  it('writes nothing into what all objects of the program share, whatever metrics and versions are called', async () => {
    const before = Object.getOwnPropertyNames(Object);
    const { status, body } = await post(
      VERDICTS,
      question({
        versionInfo: { baseline: { name: 'keysOf' } },
        criteria: { objectives: [{ metric: 'constructor', upperLimit: '0.05' }] },
        metrics: [{ ...question().metrics[0], name: 'constructor' }],
      }),
    );
    expect(Object.getOwnPropertyNames(Object)).toEqual(before);
    expect([status, body['details']?.join()]).toEqual([400, expect.stringContaining('constructor')]);
  });

  it.each(['create metrics', 'create experiments', 'get experiments'])('takes the right to %s', async (right) => {
    rights = ({ verb, resource }) => `${verb} ${resource}` !== right;
    const { status, body } = await post(VERDICTS, question());
    expect([status, body['message']]).toEqual([403, `alice may not ${right}.iter8.tools in namespace a`]);
    expect(asked).toEqual([]);
  });

  it('takes no form of a page in a browser', async () => {
    const how = { headers: { 'Content-Type': 'text/plain' } };
    expect((await post(VERDICTS, question(), how)).status).toBe(415);
  });
});

it('refuses verdicts without a Prometheus', async () => {
  await serve({ prometheus: undefined });
  expect((await post(VERDICTS, question())).status).toBe(403);
});

describe('webhooks of Flagger', () => {
  beforeEach(() => serve());
  /** As Flagger documents it. */
  const call = (hook: string, metadata: Readonly<Record<string, string>> = {}, how: Parameters<typeof ask>[1] = {}) =>
    post(
      `/flagger/v1/${hook}`,
      {
        name: 'shop',
        namespace: 'a',
        phase: 'Progressing',
        checksum: '85d557f47b',
        metadata: { token: ALICE, ...metadata },
      },
      { token: null, ...how },
    );

  it.each([
    ['promote', [200, 200, 403]],
    ['do not promote', [403, 403, 200]],
    ['undecided', [200, 403, 403]],
    ['failed', [200, 403, 403]],
  ] as const)('answer for an experiment that says %s', async (verdict, expected) => {
    await create();
    await decide(verdict);
    const answers = [await call('rollout'), await call('confirm-promotion'), await call('rollback')];
    expect(answers.map(({ status }) => status)).toEqual(expected);
    for (const { text } of answers) expect(text).toContain(`because of ${verdict}`);
  });

  it('take no experiment of an earlier release for this one', async () => {
    await create();
    await decide('promote', { at: '2026-03-01T11:00:00Z' });
    for (const hook of ['rollout', 'confirm-promotion', 'rollback']) {
      const { status, text } = await call(hook);
      expect([status, text]).toEqual([403, expect.stringContaining('earlier release')]);
    }
    expect((await call('confirm-promotion', { maxAge: '2h' })).status).toBe(200);
  });

  it('take none that stopped in an earlier release for this one either', async () => {
    await create();
    await decide('promote', { at: '2026-03-01T11:00:00Z', ended: false });
    for (const hook of ['rollout', 'confirm-promotion', 'rollback']) {
      const { status, text } = await call(hook);
      expect([status, text]).toEqual([403, expect.stringContaining('earlier release')]);
    }
    await decide('promote', { ended: false });
    expect((await call('confirm-promotion')).status).toBe(200);
  });

  it('judge now', async () => {
    const verdict = JSON.stringify(question());
    expect((await call('rollout', { verdict })).status).toBe(200);
    expect((await call('confirm-promotion', { verdict })).status).toBe(403);
    answered = { status: 'success', data: { result: [counters('200', 0, 2_000)] } };
    expect((await call('confirm-promotion', { verdict })).status).toBe(200);
  });

  it('note events', async () => {
    const { status, text } = await call('event', {
      eventMessage: 'New\u001b[2J revision',
      eventType: 'Normal',
      timestamp: '1',
    });
    expect([status, text]).toEqual([200, 'noted\n']);
    expect(logged.join()).toContain('revision');
  });

  it('need a token, the right, an experiment, and a call of Flagger', async () => {
    expect((await call('rollout', { token: 'x' })).status).toBe(401);
    expect((await call('rollout')).status).toBe(404);
    await create();
    rights = () => false;
    expect((await call('rollout')).status).toBe(403);
    expect((await post('/flagger/v1/rollout', [], { token: null })).status).toBe(400);
    expect((await call('rollout', { verdict: '{' })).status).toBe(400);
    expect((await call('rollout', { verdict: '{}', experiment: 'x' })).status).toBe(400);
    expect((await call('rollout', { maxAge: 'x' })).status).toBe(400);
  });

  it('never show the token', async () => {
    for (const hook of ['rollout', 'event', 'rollback']) expect((await call(hook)).text).not.toContain(ALICE);
    expect(logged.join()).not.toContain(ALICE);
  });
});
