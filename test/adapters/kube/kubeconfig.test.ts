/** Which cluster and user are chosen, and what is said about a kubeconfig that cannot be used. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseConfig, type KubeFlags } from '../../../src/adapters/kube/kubeconfig.ts';
import { exportKubeconfig } from '../../../src/adapters/kube/minimal-kubeconfig.ts';
import type { Iter8Error } from '../../../src/errors.ts';
import { iter8ctl } from '../../support/test-io.ts';
import { testServer } from '../../support/test-server.ts';
import { writeKubeconfig, type KubeconfigParts } from '../../support/kube-server.ts';

const SERVER = 'https://127.0.0.1:6443';
const choose = (kubeconfig: string, flags: KubeFlags = {}, env: Record<string, string> = {}) =>
  chooseConfig({ kubeconfig, ...flags }, env, '/');

/** All that is said about it. */
async function refusal(parts: KubeconfigParts, server = SERVER, env: Record<string, string> = {}): Promise<string> {
  const error = await choose(writeKubeconfig(server, parts), {}, env).then(
    () => undefined,
    (reason: unknown) => reason as Iter8Error,
  );
  if (error === undefined) return '';
  expect(error).toMatchObject({ exitCode: 7 });
  return [error.message, ...error.details].join('\n');
}

it.each([
  [
    { cluster: { 'proxy-url': '127.0.0.1:3128' } },
    /proxy-url of cluster c: expected a URL with http:\/\/.*"127\.0\.0\.1:3128"/,
  ],
  [{ cluster: { 'proxy-url': 'ftp://x' } }, /proxy-url of cluster c/],
  [{ cluster: { 'proxy-url': 5 } }, /proxy-url of cluster c: .*got number 5/],
  [
    { cluster: { 'certificate-authority-data': 5 } },
    /certificate-authority-data of cluster c: expected text, got number 5/,
  ],
  [{ cluster: { 'tls-server-name': ['x'] } }, /tls-server-name of cluster c: expected text, got a list/],
  [{ cluster: { server: '127.0.0.1:6443' } }, /server of cluster c: expected a URL with http:\/\/ or https:\/\//],
  [{ cluster: { extensions: { name: 'x' } } }, /extensions of cluster c: expected a list of entries with name/],
  [{ cluster: { extensions: [{ name: 'x' }, { name: 'x' }] } }, /extensions of cluster c: the name "x" is there twice/],
  [{ user: { 'client-certificate-data': 'eA==' } }, /client-key of user u is missing/],
  [{ user: { 'client-key-data': 'eA==' } }, /client-certificate of user u is missing/],
  [{ user: { token: 5 } }, /token of user u: expected text, got a number/],
  [{ user: { tokenFile: {} } }, /tokenFile of user u: expected text, got a map/],
  [{ user: { exec: 'aws' } }, /exec of user u: expected a map, got text/],
  [{ user: { exec: { command: '' } } }, /exec\.command of user u: expected the name or path of a program, got ""/],
  [{ user: { exec: { command: ['aws'] } } }, /exec\.command of user u: .*got a list/],
  [{ user: { exec: { command: 'x', args: {} } } }, /exec\.args of user u: expected a list of texts, got a map/],
  [{ user: { exec: { command: 'x', args: [5] } } }, /exec\.args of user u/],
  [{ user: { exec: { command: 'x', env: { A: 'b' } } } }, /exec\.env of user u: expected a list of entries/],
  [{ user: { exec: { command: 'x', env: [{ name: 'A' }] } } }, /exec\.env of user u/],
  [
    { user: { exec: { command: 'x', interactiveMode: 'Perhaps' } } },
    /exec\.interactiveMode of user u: expected one of Never/,
  ],
  [{ user: { exec: { command: 'x', installHint: 7 } } }, /exec\.installHint of user u: expected text/],
  [{ user: { 'as-uid': '1' } }, /as of user u is missing/],
  [{ user: { as: 'x', 'as-groups': 'dev' } }, /as-groups of user u: expected a list of texts/],
  [{ user: { as: 'x', 'as-user-extra': { a: 'b' } } }, /as-user-extra of user u: expected a map of lists/],
  [
    { user: { 'auth-provider': { name: 'gcp', config: { 'cmd-path': '/bin/echo' } } } },
    /auth-provider of user u: there is no provider "gcp"/,
  ],
  [{ user: { 'auth-provider': 5 } }, /auth-provider of user u: expected a map with a name/],
  [
    { user: { 'auth-provider': { name: 'oidc', config: { 'id-token': 5 } } } },
    /config\.id-token of user u: expected text/,
  ],
])('%j names the field, and the entry that it stands in', async (parts, message) => {
  expect(await refusal(parts)).toMatch(message);
});

it('all problems are reported at once, and no secret', async () => {
  const said = await refusal({
    cluster: { 'proxy-url': 'user:CANARY@x', 'tls-server-name': 5 },
    user: {
      token: ['CANARY'],
      'client-key-data': 5,
      exec: { command: 'x', env: [{ name: 'TOKEN', value: ['CANARY'] }] },
    },
  });
  expect(said).toMatch(/tls-server-name[\s\S]*proxy-url[\s\S]*token[\s\S]*client-key[\s\S]*exec\.env/);
  expect(said).not.toMatch(/CANARY/);
});

it.each([
  ['password', { username: 'admin', password: 73519284 }],
  ['token', { token: 73519284 }],
  ['client-key-data', { 'client-certificate-data': 'eA==', 'client-key-data': 73519284 }],
  ['auth-provider.config.client-secret', { 'auth-provider': { name: 'oidc', config: { 'client-secret': 73519284 } } }],
])('a %s of digits, which YAML reads as a number, is not shown', async (field, user) => {
  const { code, err } = await iter8ctl(['get'], { cwd: '/', env: { KUBECONFIG: writeKubeconfig(SERVER, { user }) } });
  expect(code).toBe(7);
  expect(err).toContain(`${field} of user u: expected text, got a number`);
  expect(err).not.toContain('7351');
});

it.each([
  'null',
  '5',
  '[]',
  'text',
  '{"clusters": [null]}',
  '{"clusters": [{"name": "c", "cluster": {"server": 5}}]}',
  '{"users": [5]}',
  '{"users": [{"name": "u", "user": {"client-key": 5}}]}',
  '{"clusters": [',
  '{"current-context": 5, "contexts": [{"name": 3, "context": {"cluster": "c"}}]}',
])('a file that is none ends with a sentence: %s', async (text) => {
  const file = writeKubeconfig(SERVER);
  writeFileSync(file, text);
  const error = await choose(file).then(
    () => undefined,
    (reason: unknown) => reason as Iter8Error,
  );
  expect([2, 7]).toContain(error?.exitCode);
  expect(error?.message).not.toMatch(/not a function|undefined|properties/);
});

describe('an entry that is incomplete, as kubectl config set-context and set-cluster make them', () => {
  const config = {
    clusters: [
      { name: 'c', cluster: { server: SERVER } },
      { name: 'old', cluster: { 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'u', user: { token: 't' } }],
    contexts: [
      { name: 'x', context: { cluster: 'c', user: 'u' } },
      { name: 'mistyped', context: { cluster: '', user: '', namespace: 'shop' } },
      { name: 'dead', context: { cluster: 'old', user: 'u' } },
    ],
    'current-context': 'x',
  };
  const file = writeKubeconfig(SERVER);
  writeFileSync(file, JSON.stringify(config));

  it('hinders nobody who chooses another, also in a file of several', async () => {
    const expected = { description: 'context x', cluster: { server: SERVER }, user: { token: 't' } };
    expect(await choose(file)).toMatchObject(expected);
    const list = [file, writeKubeconfig(SERVER)].join(path.delimiter);
    expect(await chooseConfig({}, { KUBECONFIG: list }, '/')).toMatchObject(expected);
  });

  it.each([
    ['mistyped', 'no context "mistyped"'],
    ['dead', 'no cluster "old"'],
  ])('is named where it is chosen: %s', async (context, message) => {
    const refused = choose(file, { context });
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ details: [expect.stringMatching(/ clusters\[1\]\..*is missing$/)] });
  });
});

it('is bounded, whatever lies at its path', async () => {
  await expect(choose('/dev/zero')).rejects.toThrow(/is not a kubeconfig: is a device, not a file/);
  await expect(choose('/')).rejects.toThrow(/is not a kubeconfig: is a folder/);
  await expect(choose('/dev/null')).rejects.toThrow(/no context is chosen/);
  const large = writeKubeconfig(SERVER);
  writeFileSync(large, `# ${'x'.repeat(8 * 1024 * 1024)}`);
  await expect(choose(large)).rejects.toThrow(/is not a kubeconfig: has more than 8 MB/);
});

describe('an empty flag or variable is one that is not given, as in kubectl', () => {
  it('in the choice', async () => {
    const file = writeKubeconfig(SERVER, { user: { token: 't' } });
    const empty = { context: '', cluster: '', user: '', namespace: '' };
    expect(await choose(file, empty)).toMatchObject({
      description: 'context x',
      namespace: 'default',
      userText: 'user u',
    });
    expect(await chooseConfig({ kubeconfig: '', ...empty }, { KUBECONFIG: file }, '/')).toMatchObject({
      files: [file],
    });
  });

  it('on the command line', async () => {
    await using server = await testServer((request, response) => {
      expect(request.url).toMatch(/\/namespaces\/default\//);
      response.end(
        '{"items": [{"metadata": {"name": "a", "namespace": "default"}, "spec": {"target": "t", "strategy": {"testingPattern": "Conformance"}}}]}',
      );
    });
    const env = { KUBECONFIG: writeKubeconfig(server.url, { user: { token: 't' } }) };
    const flags = ['--kubeconfig', '', '--context', '', '--cluster', '', '--user', '', '-n', ''];
    expect(await iter8ctl(['get', '-o', 'name', ...flags], { cwd: '/', env })).toEqual({
      code: 0,
      out: 'experiment.iter8.tools/a\n',
      err: '',
    });
  });
});

it('a proxy of the environment without scheme is one of HTTP; what is no URL is named', async () => {
  const server = 'https://api.example:6443';
  expect(await choose(writeKubeconfig(server), {}, { HTTPS_PROXY: 'proxy:3128' })).toMatchObject({
    cluster: { proxyUrl: 'http://proxy:3128' },
    proxySource: 'HTTPS_PROXY',
  });
  expect(await refusal({}, server, { https_proxy: 'a b:c' })).toMatch(/https_proxy of the environment is not a URL/);
});

describe('the proxy of the environment is that of the server that is asked', () => {
  const [remote, proxy] = ['https://api.example:6443', 'http://proxy:3128'];

  it.each([
    ['http://127.0.0.1:8001', {}, undefined],
    ['https://other.example', {}, proxy],
    ['https://other.example', { NO_PROXY: 'other.example' }, undefined],
    ['https://other.example', { NO_PROXY: 'api.example' }, proxy],
    ['', { NO_PROXY: 'api.example' }, undefined],
  ])('--server "%s" with %j', async (flag, env, expected) => {
    const file = writeKubeconfig(remote, { user: { token: 't' } });
    const { cluster, proxySource } = await choose(file, { server: flag }, { HTTPS_PROXY: proxy, ...env });
    expect([cluster.proxyUrl, proxySource]).toEqual([expected, expected === undefined ? undefined : 'HTTPS_PROXY']);
  });

  it('so that kubectl proxy is reached on this machine', async () => {
    await using server = await testServer((_, response) => response.end('{"items": []}'));
    const env = { KUBECONFIG: writeKubeconfig(remote, { user: { token: 't' } }), HTTPS_PROXY: 'http://127.0.0.1:9' };
    const { code } = await iter8ctl(['get', '-A', '--server', server.url.slice(0, -1)], { cwd: '/', env });
    expect([code, server.seen()]).toEqual([0, 1]);
  });
});

it('that skips verification is visible to everybody who uses it', async () => {
  const file = writeKubeconfig('https://127.0.0.1:1', {
    cluster: { 'insecure-skip-tls-verify': true },
    user: { token: 't' },
  });
  for (const command of [['get'], ['describe'], ['plan'], ['assert', '-c', 'completed']]) {
    const { err } = await iter8ctl([...command, '--kubeconfig', file], { cwd: '/', env: {} });
    expect(err).toMatch(
      /the certificate of the API server https:\/\/127\.0\.0\.1:1 is not verified \(insecure-skip-tls-verify of cluster c\)/,
    );
  }
  const plain = writeKubeconfig('http://127.0.0.1:1', { user: { token: 't' } });
  const { err } = await iter8ctl(['get', '--kubeconfig', plain], { cwd: '/', env: {} });
  expect(err).not.toMatch(/not verified/);
});

describe('--server stands over the kubeconfig, as in kubectl', () => {
  it.each(['', '/', '//'])('with "%s" at its end', async (end) => {
    await using server = await testServer((request, response) =>
      request.url!.startsWith('//')
        ? response.writeHead(404, { 'Content-Type': 'text/plain' }).end('404 page not found')
        : response.end('{"items": []}'),
    );
    const flags = ['-A', '--kubeconfig', writeKubeconfig(SERVER), '--server', `${server.url.slice(0, -1)}${end}`];
    expect(await iter8ctl(['get', ...flags], { cwd: '/', env: {} })).toMatchObject({ code: 0, err: '' });
  });

  it('without the tls-server-name of the other server', async () => {
    const file = writeKubeconfig(SERVER, { cluster: { 'tls-server-name': 'a' } });
    const other = { server: 'https://api.example' };
    expect((await choose(file)).cluster.tlsServerName).toBe('a');
    expect((await choose(file, other)).cluster.tlsServerName).toBeUndefined();
    expect((await choose(file, { ...other, tlsServerName: 'b' })).cluster.tlsServerName).toBe('b');
  });

  it('also where no context is chosen', async () => {
    const asked = { server: SERVER, token: 't', namespace: 'shop' };
    expect(await choose('/dev/null', asked)).toMatchObject({
      cluster: { server: SERVER },
      user: { token: 't' },
      namespace: 'shop',
    });
    await expect(choose('/dev/null', { ...asked, context: 'prod' })).rejects.toThrow(/^no context "prod"/);
    await expect(choose('/dev/null', { ...asked, server: '' })).rejects.toThrow(/^no context is chosen/);
  });
});

it('of a script acts as the same person', async () => {
  const user = { token: 't', as: 'jane', 'as-uid': '42', 'as-groups': ['dev'], 'as-user-extra': { scopes: ['view'] } };
  const cluster = { extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'a' } }] };
  const exported = JSON.parse(exportKubeconfig(await choose(writeKubeconfig(SERVER, { user, cluster })))) as {
    users: { user: object }[];
    clusters: { cluster: object }[];
  };
  expect(exported.users[0]!.user).toMatchObject(user);
  expect(exported.clusters[0]!.cluster).toMatchObject(cluster);
});

describe('that is not there', () => {
  const env = { HOME: '/nowhere' };

  it.each(['context', 'cluster', 'user'])('has no %s that could be meant', async (kind) => {
    await expect(chooseConfig({ [kind]: 'prod', server: SERVER, token: 't' }, env, '/')).rejects.toMatchObject({
      exitCode: 7,
      message: `no ${kind} "prod": neither KUBECONFIG nor /nowhere/.kube/config is there`,
    });
  });

  it('is not needed with --server, or where flags are empty', async () => {
    const named = { context: '', cluster: '', user: '' };
    expect(await chooseConfig({ ...named, server: SERVER, token: 't' }, env, '/')).toMatchObject({
      cluster: { server: SERVER },
      user: { token: 't' },
    });
    await expect(chooseConfig(named, env, '/')).rejects.toThrow(/^no kubeconfig: neither/);
  });
});
