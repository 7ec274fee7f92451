/** The API over real HTTP: who gets what. Rights are those of a real cluster in test/cluster/objects/whole-cluster/api.test.ts. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Access } from '../../src/api/access.ts';
import { Waits } from '../../src/api/wait-until-decided.ts';
import { apiUnderTest, counters, question, VERDICTS, NOW } from '../support/api-under-test.ts';
import { schemaErrors } from '../support/output-shape.ts';

const api = apiUnderTest();
const { serve, ask, post, create, decide } = api;
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
    api.rights = ({ namespace, verb, resource, group }) =>
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
    while (api.waits.watches === 0) await new Promise(setImmediate);
    expect(api.waits.watches).toBe(1);
    await decide('promote', { ended: false });
    for (const { body } of await Promise.all(waiting)) expect(body['recommendation'].verdict).toBe('promote');
    expect(api.waits.watches).toBe(0);
  });

  it('is answered as it is when the time is over', async () => {
    await create();
    const waiting = ask(`${SHOP}?wait=2s`);
    while (api.waits.watches === 0) await new Promise(setImmediate);
    api.clock.over();
    expect((await waiting).body['recommendation'].verdict).toBe('undecided');
    expect(api.waits.watches).toBe(0);
  });

  it('is not there any more when it is deleted meanwhile, and not shown to whoever lost the right', async () => {
    await create();
    const waiting = ask(`${SHOP}?wait=2s`);
    while (api.waits.watches === 0) await new Promise(setImmediate);
    await api.store.delete({ namespace: 'a', name: 'shop' });
    expect((await waiting).status).toBe(404);
    await create();
    const second = ask(`${SHOP}?wait=2s`);
    while (api.waits.watches === 0) await new Promise(setImmediate);
    api.rights = () => false;
    api.clock.over();
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
  while (api.waits.watches === 0) await new Promise(setImmediate);
  api.waits.close();
  await api.server.close();
  expect((await waiting).status).toBe(200);
});

it('lets so many wait, and refuses others at once', async () => {
  api.waits = new Waits(api.store, api.clock, { watches: 1, waiting: 2 });
  await serve();
  await create();
  await create('other');
  const first = ask(`${SHOP}?wait=60s`);
  while (api.waits.watches === 0) await new Promise(setImmediate);
  expect((await ask('/v1/namespaces/a/experiments/other?wait=60s')).status).toBe(503);
  expect((await ask('/v1/namespaces/a/experiments/other')).status).toBe(200);
  api.clock.over();
  expect((await first).status).toBe(200);
});

describe('a verdict in one call', () => {
  beforeEach(() => serve());

  it.each([
    ['satisfied', 0, 2_000],
    ['violated', 400, 1_600],
    ['inconclusive', 1, 20],
  ])('is %s', async (verdict, failed, good) => {
    api.answered = {
      status: 'success',
      data: { result: [counters('200', 5_000, 5_000 + good), counters('500', 70, 70 + failed)] },
    };
    const { status, body } = await post(VERDICTS, question());
    expect(body['verdict'], JSON.stringify(body)).toBe(verdict);
    expect(status).toBe(200);
    expect(schemaErrors('verdict', body)).toEqual([]);
    expect(body['objectives'][0]).toMatchObject({ metric: 'errors', version: 'shop-v2' });
    expect(api.asked).toEqual(['/api/v1/query?query=requests{app="shop-v2"}[600s]&timeout=10s']);
  });

  it('is inconclusive without traffic, and says why', async () => {
    const { body } = await post(VERDICTS, question());
    expect(body['verdict']).toBe('inconclusive');
    expect(body['reasons'].join(' ')).toMatch(/errors/);
  });

  it('is inconclusive when the backend fails', async () => {
    api.answered = { status: 'error', error: 'query timed out' };
    const { body } = await post(VERDICTS, question());
    expect(body['verdict']).toBe('inconclusive');
    expect(body['measured'][0].failure.message).toContain('query timed out');
  });

  it('compares a candidate with its baseline', async () => {
    api.answered = { status: 'success', data: { result: [counters('200', 0, 2_000)] } };
    const { body } = await post(
      VERDICTS,
      question({ versionInfo: { baseline: { name: 'v1' }, candidates: [{ name: 'v2' }] } }),
    );
    expect(body).toMatchObject({ verdict: 'satisfied', version: 'v2' });
    expect(api.asked).toHaveLength(2);
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
    expect(api.asked).toEqual([]);
  });

  const withSize = (window: string) =>
    question({
      metrics: [
        { name: 'errors', query: `errors{app="$name"}[${window}s]`, sampleSize: 'requests' },
        { name: 'requests', query: `requests{app="$name"}[${window}s]` },
      ],
    });

  it('refuses a value since the start with its sample size, which one look cannot decide, and says what to write', async () => {
    const { status, body } = await post(VERDICTS, withSize('${elapsedTime}'));
    expect([status, body['details']]).toEqual([
      400,
      [0, 1].map((k) => expect.stringMatching(new RegExp(`^metrics\\[${k}\\].query: .*lookbackSeconds`))),
    ]);
    expect(api.asked).toEqual([]);
  });

  it.each([
    ['0', 'satisfied'],
    ['0.2', 'violated'],
  ])('judges a share of %s with its sample size, as that refusal says: %s', async (share, verdict) => {
    api.answer = (url) => ({
      status: 'success',
      data: { result: [{ metric: {}, value: [NOW / 1000, url.includes('errors') ? share : '2000'] }] },
    });
    const { status, body } = await post(VERDICTS, withSize('${lookbackSeconds}'));
    expect([status, body['verdict'], body['reasons']]).toEqual([200, verdict, expect.anything()]);
    expect(api.asked.join()).toContain('[600s]');
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
    api.rights = ({ verb, resource }) => `${verb} ${resource}` !== right;
    const { status, body } = await post(VERDICTS, question());
    expect([status, body['message']]).toEqual([403, `alice may not ${right}.iter8.tools in namespace a`]);
    expect(api.asked).toEqual([]);
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
