/** Which cluster and user are chosen, and what is said about a kubeconfig that cannot be used. */
import { writeFileSync } from 'node:fs';
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
  [{ user: { 'client-certificate-data': 'eA==' } }, /client-key of user u is missing/],
  [{ user: { 'client-key-data': 'eA==' } }, /client-certificate of user u is missing/],
  [{ user: { token: 5 } }, /token of user u: expected text, got number 5/],
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

it('of a script acts as the same person', async () => {
  const user = { token: 't', as: 'jane', 'as-uid': '42', 'as-groups': ['dev'], 'as-user-extra': { scopes: ['view'] } };
  const exported = JSON.parse(exportKubeconfig(await choose(writeKubeconfig(SERVER, { user })))) as {
    users: { user: object }[];
  };
  expect(exported.users[0]!.user).toMatchObject(user);
});
