/** Notifications, sent to a real server. */
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { TaskCall } from '../../../src/drive/ports.ts';
import { messageOf, UndeliveredError } from '../../../src/errors.ts';
import { withDefaults } from '../../../src/experiment/defaults.ts';
import type { Experiment, TaskSpec, WrittenExperiment } from '../../../src/experiment/experiment.ts';
import { messageResult } from '../../../src/judge/message-result.ts';
import { createHttpNotification } from '../../../src/adapters/tasks/notify-http.ts';
import { createSlackNotification, slackText } from '../../../src/adapters/tasks/notify-slack.ts';
import { messageServer, type GotMessage } from '../../support/message-server.ts';

const RECORDED = new URL('../../fixtures/recorded/h1-finish/', import.meta.url);
const written = load(readFileSync(new URL('final.yaml', RECORDED), 'utf8')) as WrittenExperiment;
const experiment = withDefaults(written, { namespace: 'default', name: 'h1' });
const recorded = readFileSync(new URL('http-requests.jsonl', RECORDED), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { line: string; headers: [string, string][]; body: string });

interface DefaultBody {
  readonly summary: unknown;
  readonly experiment: Experiment;
  readonly iter8ctl?: unknown;
}

const SECRET = { username: 'joe', password: 'CANARY-password', token: 'CANARY-token', 'X-Key': 'CANARY-key' };
const ports = {
  secrets: { read: () => Promise.resolve(SECRET) },
  env: {},
  userAgent: 'iter8ctl/test',
};

const call = (task: TaskSpec, one: Experiment = experiment): TaskCall => ({
  task,
  id: 'finish/0',
  experiment: one,
  signal: new AbortController().signal,
  result: () =>
    messageResult('h1', { verdict: 'promote', version: 'cand', keepsBaseline: false, reasons: ['it is "fast"'] }, []),
});
const notify = (inputs: Record<string, unknown>, one?: Experiment) =>
  createHttpNotification(ports)(call({ task: 'notification/http', with: inputs }, one));
const failureOf = (work: Promise<unknown>): Promise<UndeliveredError> =>
  work.then(
    () => Promise.reject(new Error('it was sent')),
    (error: unknown) => error as UndeliveredError,
  );

describe('notification/http', () => {
  it('sends the body of Iter8 0.7, and what was found out beside it', async () => {
    await using server = await messageServer();
    expect(await notify({ url: `${server.url}/notify-default` })).toBe(`${server.url} answered 200`);
    const [{ method, path, headers, body }] = server.got as [(typeof server.got)[0]];
    expect([method, path, headers['content-type'], headers['user-agent']]).toEqual([
      'POST',
      '/notify-default',
      'application/json',
      'iter8ctl/test',
    ]);
    const sent = JSON.parse(body) as DefaultBody;
    const theirs = JSON.parse(recorded[0]!.body) as DefaultBody;
    expect(sent.summary).toEqual(theirs.summary);
    expect(Object.keys(sent.experiment)).toEqual(Object.keys(theirs.experiment));
    expect(sent.experiment.spec.versionInfo).toEqual(theirs.experiment.spec.versionInfo);
    expect(sent.experiment.metadata.name).toBe('h1');
    expect(sent.iter8ctl).toMatchObject({ verdict: 'promote', headline: 'promote cand', reasons: ['it is "fast"'] });
  });

  it('sends credentials as Iter8 0.7 did: Basic, Bearer, and headers of the secret', async () => {
    await using server = await messageServer();
    await notify({ url: server.url, method: 'GET', secret: 'notify', authType: 'Basic' });
    await notify({
      url: server.url,
      secret: 'notify',
      authType: 'Bearer',
      headers: [{ name: 'X-User', value: '@< .secret.username >@' }],
      headersFrom: { secret: 'notify' },
      body: '{"name":"@< .Name >@","why":"@< .result.reason >@"}',
    }).catch(() => undefined);
    await notify({
      url: server.url,
      secret: 'notify',
      authType: 'APIKey',
      headers: [{ name: 'content-TYPE', value: 'text/plain' }],
      body: 'x',
    });
    const [basic, bearer, plain] = server.got as [GotMessage, GotMessage, GotMessage];
    expect([basic.method, basic.headers.authorization]).toEqual([
      'GET',
      `Basic ${Buffer.from('joe:CANARY-password').toString('base64')}`,
    ]);
    expect(bearer.headers).toMatchObject({
      authorization: 'Bearer CANARY-token',
      'x-user': 'joe',
      'x-key': 'CANARY-key',
      token: 'CANARY-token',
    });
    expect(JSON.parse(bearer.body)).toEqual({ name: 'h1', why: 'it is "fast"' });
    expect([plain.headers.authorization, plain.headers['content-type'], plain.body]).toEqual([
      undefined,
      'text/plain',
      'x',
    ]);
  });

  it.each([
    [500, 'may-repeat'],
    [502, 'may-repeat'],
    [503, 'safe'],
    [504, 'may-repeat'],
    [408, 'may-repeat'],
    [429, 'safe'],
    [400, 'useless'],
    [404, 'useless'],
  ])('an answer %i is a failure, another try is %s; secrets in it are hidden', async (code, again) => {
    await using server = await messageServer((response) => {
      response.writeHead(code, { 'retry-after': '7' });
      response.end('no: CANARY-token');
    });
    const failure = await failureOf(notify({ url: `${server.url}/hooks/CANARY-path`, secret: 'notify' }));
    expect(failure).toMatchObject({ message: `${server.url} answered ${code}: no: ***`, again, afterMs: 7000 });
  });

  it('shows no path of a URL that a secret holds, when its server repeats it', async () => {
    await using server = await messageServer((response, _, { path }) => {
      response.writeHead(404);
      response.end(`Cannot POST ${path}`);
    });
    const secrets = { read: () => Promise.resolve({ url: `${server.url}/services/T000/B000/CANARY-path` }) };
    const inputs = { url: '@< .secret.url >@', secret: 'hook' };
    const task = { task: 'notification/http', with: inputs };
    const failure = await failureOf(createHttpNotification({ ...ports, secrets })(call(task)));
    expect(failure.message).toBe(`${server.url} answered 404: Cannot POST ***`);
  });

  it('hides the fields of both of its secrets, also those that are called the same', async () => {
    await using server = await messageServer((response, _, { headers }) => {
      response.writeHead(401);
      response.end(`unknown: ${headers.authorization}, token ${String(headers['token'])}`);
    });
    const secrets = { read: ({ name }: { readonly name: string }) => Promise.resolve({ token: `CANARY-of-${name}` }) };
    const inputs = { url: server.url, authType: 'Bearer', secret: 'app', headersFrom: { secret: 'gateway' } };
    const task = { task: 'notification/http', with: inputs };
    const failure = await failureOf(createHttpNotification({ ...ports, secrets })(call(task)));
    expect(failure.message).toBe(`${server.url} answered 401: unknown: Bearer ***, token ***`);
  });

  it('a 503 that does not say when to come again may be of a proxy behind which the message was taken', async () => {
    await using server = await messageServer((response) => {
      response.writeHead(503);
      response.end('upstream connect error or disconnect/reset before headers');
    });
    expect(await failureOf(notify({ url: server.url }))).toMatchObject({ again: 'may-repeat' });
  });

  it('is not sent again when it may have arrived, and is when nobody listened', async () => {
    await using server = await messageServer((response) => void response.destroy());
    const lost = await failureOf(notify({ url: server.url }));
    expect([lost.again, lost.message]).toEqual(['may-repeat', expect.stringContaining('it may have got the message')]);
    const { url } = server;
    await server[Symbol.asyncDispose]();
    expect(await failureOf(notify({ url }))).toMatchObject({ again: 'safe' });
  });

  it('waits no longer than its timeout', async () => {
    await using server = await messageServer(() => undefined);
    const late = await failureOf(notify({ url: server.url, timeout: '50ms' }));
    expect([late.again, late.message]).toEqual([
      'may-repeat',
      `${server.url} gave no answer within 0.05 s; it may have got the message`,
    ]);
  });

  it('follows a redirect on the same origin that keeps the message, and no other', async () => {
    await using other = await messageServer();
    await using server = await messageServer((response, _, { path }) => {
      const to = { '/here': '/there', '/away': `${other.url}/x`, '/changed': '/there' }[path];
      if (to === undefined) response.end('ok');
      else response.writeHead(path === '/changed' ? 302 : 307, { location: to }).end();
    });
    await notify({ url: `${server.url}/here`, secret: 'notify', authType: 'Bearer', body: 'x' });
    expect(server.got[1]).toMatchObject({ method: 'POST', path: '/there', body: 'x' });
    expect(
      messageOf(await failureOf(notify({ url: `${server.url}/away`, secret: 'notify', authType: 'Bearer' }))),
    ).toBe(
      `${server.url} answered 307: it redirects to ${other.url}, where the message is not sent; write the URL that it leads to`,
    );
    await failureOf(notify({ url: `${server.url}/changed` }));
    expect([server.got.length, other.got.length]).toEqual([4, 0]);
  });

  it('says of a secret without the field what is missing, and sends nothing', async () => {
    await using server = await messageServer();
    const bare = { ...ports, secrets: { read: () => Promise.resolve({}) } };
    const send = (inputs: object) =>
      createHttpNotification(bare)(
        call({ task: 'notification/http', with: { url: server.url, secret: 's', ...inputs } }),
      );
    expect(messageOf(await failureOf(send({ authType: 'Bearer' })))).toBe(
      'authType Bearer: secret s has no field token',
    );
    expect(messageOf(await failureOf(send({ body: '@< .secret.x >@' })))).toBe(
      'placeholder @< .secret.x >@: the secret has no field x',
    );
    expect(server.got).toEqual([]);
  });

  it('carries no credential that is written in the experiment, and none of our record', async () => {
    await using server = await messageServer();
    const actions = {
      start: [
        {
          task: 'metrics/collect',
          with: {
            versions: [
              { name: 'base', url: 'http://u:CANARY-url@h/', headers: { Authorization: 'Bearer CANARY-header' } },
            ],
          },
        },
      ],
    };
    const status = {
      analysis: { aggregatedBuiltinHists: { data: { iter8ctl: { format: 1, by: 'CANARY-record' }, base: {} } } },
    };
    const { spec } = experiment;
    const one = {
      ...experiment,
      spec: { ...spec, strategy: { ...spec.strategy, actions } },
      status,
    } as unknown as Experiment;
    await notify({ url: server.url }, one);
    await notify({ url: server.url, body: '@< .this >@' }, one);
    expect(server.got.map(({ body }) => body).join()).not.toContain('CANARY');
  });
});

describe('notification/slack', () => {
  const post = (url: string) =>
    createSlackNotification(ports)(
      call({
        task: 'notification/slack',
        with: { channel: 'C1', secret: 'notify', url: `${url}/api/chat.postMessage` },
      }),
    );

  it('posts name, namespace, versions, stage and winner', async () => {
    await using server = await messageServer((response) => void response.end('{"ok":true}'));
    expect(await post(server.url)).toBe('posted to C1');
    const [{ headers, body, path }] = server.got as [(typeof server.got)[0]];
    expect([path, headers.authorization]).toEqual(['/api/chat.postMessage', 'Bearer CANARY-token']);
    expect(JSON.parse(body)).toEqual({
      channel: 'C1',
      text: [
        '*Experiment:* h1',
        '*Namespace:* default',
        '*Versions:* base, cand',
        `*Stage:* ${experiment.status!.stage}`,
        '*Winner:* cand',
        '*Recommendation:* promote cand\nit is "fast"',
      ].join('\n'),
    });
  });

  it('escapes what Slack would take for a link or a mention', () => {
    const named = { ...experiment, metadata: { ...experiment.metadata, name: '<!channel>&' } };
    expect(slackText(call({ task: 'notification/slack' }, named))).toContain('*Experiment:* &lt;!channel&gt;&amp;');
  });

  it.each([
    ['{"ok":false,"error":"channel_not_found"}', 'Slack did not take it: channel_not_found', 'useless'],
    ['{"ok":false,"error":"ratelimited"}', 'Slack did not take it: ratelimited', 'safe'],
    ['{"ok":false,"error":"fatal_error"}', 'Slack did not take it: fatal_error', 'may-repeat'],
    ['<html>', ' gave no answer of Slack', 'useless'],
  ])('takes %s for a failure', async (answer, message, again) => {
    await using server = await messageServer((response) => void response.end(answer));
    expect(await failureOf(post(server.url))).toMatchObject({ message: expect.stringContaining(message), again });
  });
});
