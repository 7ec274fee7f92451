/** Notifications of whole runs: each sample, sent to a real server; and nothing of a secret anywhere, whatever the server answers. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { dump, load } from 'js-yaml';
import { expect, it } from 'vitest';
import type { TaskSpec } from '../../src/experiment/experiment.ts';
import { messageServer } from '../support/message-server.ts';
import { iter8ctl } from '../support/test-io.ts';
import { ok, testServer } from '../support/test-server.ts';

const SAMPLES = path.join(import.meta.dirname, '../../samples/notifications');

/** A folder with an experiment that ends with these tasks, and the secrets. */
function folderWith(
  target: string,
  finish: readonly unknown[],
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
): string {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-notifications-'));
  const versions = [{ name: 'v1', url: target }];
  const experiment = {
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: {
      name: 'shop',
      labels: { owner: 'acme', repository: 'shop', commit: '0123abcd', deployment: '42' },
    },
    spec: {
      target: 'shop',
      strategy: {
        testingPattern: 'Conformance',
        actions: { start: [{ task: 'metrics/collect', with: { numQueries: 20, qps: 100, versions } }], finish },
      },
      criteria: { objectives: [{ metric: 'iter8-system/error-count', upperLimit: '0' }] },
      duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
      versionInfo: { baseline: { name: 'v1' } },
    },
  };
  writeFileSync(path.join(cwd, 'experiment.yaml'), dump(experiment));
  const folder = path.join(cwd, '.iter8/secrets/default');
  mkdirSync(folder, { recursive: true });
  for (const [name, stringData] of Object.entries(secrets))
    writeFileSync(
      path.join(folder, `${name}.yaml`),
      dump({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData }),
      { mode: 0o600 },
    );
  return cwd;
}

const sample = (name: string, server: string): TaskSpec =>
  load(readFileSync(path.join(SAMPLES, name), 'utf8').replace('https://api.github.com', server)) as TaskSpec;

it('each sample sends what its service takes', async () => {
  await using target = await testServer(ok);
  await using server = await messageServer((response) => void response.writeHead(201).end('{}'));
  const names = readdirSync(SAMPLES).filter((name) => name.endsWith('.yaml'));
  expect(names).toEqual(['discord.yaml', 'github-commit-status.yaml', 'github-deployment-status.yaml', 'teams.yaml']);
  const cwd = folderWith(
    target.url,
    names.map((name) => sample(name, server.url)),
    {
      github: { token: 'CANARY-github' },
      teams: { url: `${server.url}/workflows/CANARY-teams?sig=x%2Fy` },
      discord: { url: `${server.url}/api/webhooks/1/CANARY-discord` },
    },
  );
  const { code, out, err } = await iter8ctl(['run', '-f', 'experiment.yaml', '--local'], { cwd });
  expect([code, out + err]).toEqual([0, expect.not.stringContaining('CANARY')]);
  const [discord, commit, deployment, teams] = server.got.map(({ body, ...one }) => ({
    ...one,
    json: JSON.parse(body) as Record<string, unknown>,
  }));
  expect(discord).toMatchObject({
    path: '/api/webhooks/1/CANARY-discord',
    json: { content: expect.stringMatching(/^\*\*shop\*\*: promote v1\n.+/), allowed_mentions: { parse: [] } },
  });
  expect(commit).toMatchObject({
    method: 'POST',
    path: '/repos/acme/shop/statuses/0123abcd',
    json: { state: 'success', context: 'iter8/shop', description: 'promote v1' },
  });
  expect(commit!.headers).toMatchObject({
    authorization: 'Bearer CANARY-github',
    accept: 'application/vnd.github+json',
  });
  expect(deployment).toMatchObject({
    path: '/repos/acme/shop/deployments/42/statuses',
    json: { state: 'success', description: 'promote v1', auto_inactive: false },
  });
  expect(teams).toMatchObject({ path: '/workflows/CANARY-teams?sig=x%2Fy', json: { type: 'message' } });
  expect(JSON.stringify(teams!.json)).toContain('shop: promote v1');
});

const CANARIES = { token: 'CANARY-t0ken-1234', username: 'CANARY-user-1234', password: 'CANARY-pa55/word&"é' };
const FORMS: readonly ((text: string) => string)[] = [
  (text) => text,
  encodeURIComponent,
  (text) => JSON.stringify(text).slice(1, -1),
  (text) => Buffer.from(text).toString('base64'),
  (text) => Buffer.from(text).toString('hex'),
];

it('nothing of a secret is in any output or file, when the server refuses with all that it was sent', async () => {
  await using target = await testServer(ok);
  await using server = await messageServer((response, k, { headers, body, path: asked }) => {
    const text = [headers.authorization, ...Object.values(CANARIES), body, decodeURIComponent(asked)].join(' ');
    response.writeHead(403).end(FORMS[k % FORMS.length]!(text).slice(0, 190));
  });
  await using away = await messageServer();
  await using redirecting = await messageServer(
    (response) => void response.writeHead(307, { location: away.url }).end(),
  );
  const task = (inputs: object) => ({ task: 'notification/http', with: { url: server.url, secret: 's', ...inputs } });
  const tasks = [
    task({ authType: 'Bearer' }),
    task({ authType: 'Basic' }),
    task({ url: `${server.url}/@< .secret.token >@?p=@< .secret.password >@` }),
    task({ body: '{"p": "@< .secret.password >@"}' }),
    task({ headersFrom: { secret: 'h' } }),
    task({ url: redirecting.url, authType: 'Bearer', body: '@< .secret.password >@' }),
    task({ url: 'http://u:CANARY-inurl-1234@127.0.0.1:1/x', retries: 0 }),
    { task: 'notification/slack', with: { channel: 'c', secret: 's', url: server.url } },
  ];
  const cwd = folderWith(target.url, tasks, { s: CANARIES, h: { 'x-api-key': CANARIES.token } });
  const runs = [
    await iter8ctl(['run', '-f', 'experiment.yaml', '--local', '-o', 'ndjson', '--report', 'html=r.html'], { cwd }),
    await iter8ctl(['describe', '--local'], { cwd }),
    await iter8ctl(['describe', '--local', '-o', 'json'], { cwd }),
    await iter8ctl(['debug', '--local'], { cwd }),
  ];
  expect(runs[0]!.code).toBe(0);
  expect(runs[1]!.out.replaceAll(/\s+/g, ' ')).toContain('notification/http of finish failed, which does not count');
  expect([server.got.length, redirecting.got.length, away.got.length]).toEqual([6, 1, 0]);
  const files = readdirSync(cwd, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && !file.parentPath.includes('secrets') && file.name !== 'experiment.yaml')
    .map((file) => path.join(file.parentPath, file.name));
  expect(files.length).toBeGreaterThanOrEqual(2);
  // What its author wrote into the spec stays there, in the object that is theirs.
  const written = (file: string) => {
    const text = readFileSync(file, 'utf8');
    return file.endsWith('.yaml') ? dump({ ...(load(text) as object), spec: undefined }, { skipInvalid: true }) : text;
  };
  const shown = [...runs.flatMap(({ out, err }) => [out, err]), ...files.map(written)];
  for (const canary of [...Object.values(CANARIES), 'CANARY-inurl-1234'])
    for (const form of FORMS) for (const text of shown) expect(text).not.toContain(form(canary));
});

it('plan says which secrets and fields are missing: a failure where it counts, else a remark', async () => {
  await using target = await testServer(ok);
  const http = (inputs: object) => ({ task: 'notification/http', with: { url: target.url, ...inputs } });
  const counts = { ignoreFailure: false };
  const plan = (...finish: unknown[]) =>
    iter8ctl(['plan', '-f', 'experiment.yaml', '--local', '-o', 'json'], {
      cwd: folderWith(target.url, finish, { s: { token: 'x' } }),
    });
  const basic = await plan(http({ secret: 's', authType: 'Basic', ...counts }));
  expect([basic.code, basic.out]).toEqual([
    4,
    expect.stringContaining('notification/http: secret s has no field username, password'),
  ]);
  const body = await plan(http({ secret: 's', body: '@< .secret.other >@', ...counts }));
  expect([body.code, body.out]).toEqual([4, expect.stringContaining('secret s has no field other')]);
  const absent = await plan(http({ headersFrom: { secret: 'absent' }, ...counts }));
  expect([absent.code, absent.out]).toEqual([
    4,
    expect.stringContaining('notification/http: secret default/absent not found'),
  ]);
  const ignored = await plan(http({ secret: 'absent' }), http({ secret: 's', authType: 'Bearer', ...counts }));
  expect(ignored.code).not.toBe(4);
  expect((JSON.parse(ignored.out) as { problems: string[] }).problems).toContain(
    'notification/http: secret default/absent not found',
  );
});
