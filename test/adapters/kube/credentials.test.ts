/** Credentials of many requests at once, and over time: plugins, certificates, impersonation. */
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeSelfSigned, makeSigned } from '../../../scripts/certificates.mjs';
import { openCredentials } from '../../../src/adapters/kube/credentials.ts';
import { runCredentialPlugin } from '../../../src/adapters/kube/exec-credential.ts';
import { chooseConfig } from '../../../src/adapters/kube/kubeconfig.ts';
import type { Iter8Error } from '../../../src/errors.ts';
import { GET_ONE, ONE, openClient, tokenServer, writeKubeconfig } from '../../support/kube-server.ts';
import { testServer } from '../../support/test-server.ts';

const freshFolder = () => mkdtempSync(path.join(tmpdir(), 'iter8ctl-credentials-'));

/** A plugin that notes each of its runs in a file, and prints a credential. */
function plugin(script: string): { readonly exec: object; readonly runs: () => number } {
  const folder = freshFolder();
  const file = path.join(folder, 'plugin');
  writeFileSync(file, `#!/bin/bash\necho run >> ${folder}/runs\n${script}\n`);
  chmodSync(file, 0o755);
  return {
    exec: { apiVersion: 'client.authentication.k8s.io/v1', command: file, interactiveMode: 'Never' },
    runs: () => readFileSync(path.join(folder, 'runs'), 'utf8').split('\n').length - 1,
  };
}
const credential = (status: string) => `echo '{"kind":"ExecCredential","status":${status}}'`;

describe('a credential plugin', () => {
  const options = {
    env: process.env,
    cluster: { server: 'https://x' },
    interactive: false,
    onMessage: () => undefined,
  };

  it('runs once for many requests at once, and again for all of them when the server refuses what it gave', async () => {
    await using server = await tokenServer((token) => token === 'second');
    const { exec, runs } = plugin(
      `if [ "$(wc -l < $(dirname $0)/runs)" = 1 ]; then t=first; else t=second; fi\n${credential('{"token":"\'$t\'"}')}`,
    );
    const client = await openClient(writeKubeconfig(server.url, { user: { exec } }));
    const asked = Array.from({ length: 9 }, () => client.request(GET_ONE));
    expect(await Promise.all(asked)).toHaveLength(9);
    expect(runs()).toBe(2);
    await client.request(GET_ONE);
    expect(runs()).toBe(2);
    client.close();
  });

  it.each([0, 3_600_000, -3_600_000])(
    'is not asked with every request when the server refuses whatever it gives, and after a while again, also when the clock was set by %d ms',
    async (setByMs) => {
      await using server = await tokenServer(() => false);
      const { exec, runs } = plugin(credential('{"token":"t"}'));
      let nowMs = Date.now();
      let passedMs = 0;
      const client = await openClient(writeKubeconfig(server.url, { user: { exec } }), {
        now: () => nowMs,
        monotonicMs: () => passedMs,
      });
      for (let k = 0; k < 5; k += 1) await expect(client.request(GET_ONE)).rejects.toThrow(/unauthorized/);
      expect(runs()).toBe(2);
      nowMs += setByMs;
      await expect(client.request(GET_ONE)).rejects.toThrow(/unauthorized/);
      expect(runs()).toBe(2);
      passedMs += 60_000;
      await expect(client.request(GET_ONE)).rejects.toThrow(/unauthorized/);
      expect(runs()).toBe(3);
      client.close();
    },
  );

  it('is shown while it waits: what it says to people comes as it says it, sanitized', async () => {
    await using server = await tokenServer((token) => token === 't');
    const folder = freshFolder();
    // It goes on when its message has been received: a person who follows the link.
    const { exec } = plugin(
      `printf 'open https://login.example and enter AB\\x1b[1mCD: ' >&2\nwhile [ ! -e ${folder}/seen ]; do sleep 0.01; done\n${credential('{"token":"t"}')}`,
    );
    let said = '';
    const client = await openClient(writeKubeconfig(server.url, { user: { exec } }), {
      onMessage: (text) => {
        said += text;
        if (said.includes('CD: ')) writeFileSync(path.join(folder, 'seen'), '');
      },
    });
    await client.request(GET_ONE);
    expect(said).toBe('open https://login.example and enter AB\\x1b[1mCD: ');
    client.close();
  });

  it.each([
    ['sleeps', 'sleep 60', /failed \(no answer within 0\.3 s\)/],
    ['prints without end', 'yes', /failed \(it printed more than 1024 KB\)/],
    ['gives half a certificate', credential('{"clientCertificateData":"x"}'), /only one is there/],
    ['gives nothing', credential('{}'), /neither status\.token nor a client certificate/],
    ['prints null', 'echo null', /there is no status/],
  ])('that %s ends with a sentence', async (_, script, message) => {
    const { exec } = plugin(script);
    const spec = exec as { command: string };
    await expect(runCredentialPlugin(spec, { ...options, longestMs: script === 'yes' ? 20_000 : 300 })).rejects.toThrow(
      message,
    );
  });

  it('that asks for its cluster gets what kubectl gives it: what the kubeconfig says of that cluster to plugins', async () => {
    const folder = freshFolder();
    const { exec } = plugin(`echo "$KUBERNETES_EXEC_INFO" > ${folder}/info\n${credential('{"token":"t"}')}`);
    const user = { exec: { ...exec, provideClusterInfo: true } };
    const clusterInfoWith = async (cluster: object) => {
      const kubeconfig = writeKubeconfig('https://api.example', { user, cluster: { ...cluster } });
      const env = { PATH: process.env['PATH'], HTTPS_PROXY: 'http://proxy.example:3128' };
      const chosen = await chooseConfig({ kubeconfig }, env, '/');
      const [now, monotonicMs, interactive] = [Date.now, () => performance.now(), () => false];
      await openCredentials(chosen, { env, now, monotonicMs, interactive, onMessage: () => undefined }).now();
      const { spec } = JSON.parse(readFileSync(path.join(folder, 'info'), 'utf8')) as {
        readonly spec: { readonly cluster: object };
      };
      return spec.cluster;
    };
    const server = 'https://api.example';
    const config = { audience: 'a', nested: [{ b: null }] };
    const extensions = [
      { name: 'other', extension: {} },
      { name: 'client.authentication.k8s.io/exec', extension: config },
    ];
    expect(await clusterInfoWith({ extensions, 'disable-compression': true })).toEqual({
      server,
      'disable-compression': true,
      config,
    });
    expect(await clusterInfoWith({ extensions: extensions.slice(0, 1) })).toEqual({ server, config: null });
    expect(await clusterInfoWith({})).toEqual({ server, config: null });
    // Of proxies that of the kubeconfig alone: the environment is its own, too.
    const proxy = { 'proxy-url': 'http://me:secret@10.0.0.1:3128' };
    expect(await clusterInfoWith(proxy)).toEqual({ server, ...proxy, config: null });
  });

  it('that asks for its cluster gets the authority, also where that is a file', async () => {
    // Mutation: in src/adapters/kube/credentials.ts, `caData: ca?.toString('base64')` -> `caData: cluster.caData`
    const folder = freshFolder();
    writeFileSync(path.join(folder, 'ca.pem'), 'PEM');
    const { exec } = plugin(`echo "$KUBERNETES_EXEC_INFO" > ${folder}/info\n${credential('{"token":"t"}')}`);
    await using server = await tokenServer(() => true);
    const user = { exec: { ...exec, provideClusterInfo: true } };
    const cluster = { 'certificate-authority': path.join(folder, 'ca.pem') };
    const client = await openClient(writeKubeconfig(server.url, { user, cluster }));
    await client.request(GET_ONE);
    client.close();
    expect(JSON.parse(readFileSync(path.join(folder, 'info'), 'utf8'))).toMatchObject({
      spec: {
        interactive: false,
        cluster: { 'certificate-authority-data': Buffer.from('PEM').toString('base64') },
      },
    });
  });

  it('whose child holds its output open is not waited for', async () => {
    const { exec } = plugin(`sleep 60 & echo $! > $(dirname $0)/child\n${credential('{"token":"t"}')}`);
    const spec = exec as { command: string };
    expect(await runCredentialPlugin(spec, options)).toMatchObject({ token: 't' });
    process.kill(Number(readFileSync(path.join(path.dirname(spec.command), 'child'), 'utf8')));
  });

  it('that needs a terminal is not run without one', async () => {
    const { exec } = plugin(credential('{"token":"t"}'));
    const spec = { ...(exec as { command: string }), interactiveMode: 'Always' as const };
    await expect(runCredentialPlugin(spec, options)).rejects.toThrow(/needs a terminal/);
  });
});

describe('a client certificate', () => {
  it('that is renewed cuts no request that is under way, and is used from then on', async () => {
    const folder = freshFolder();
    makeSelfSigned(folder, 'ca', { commonName: 'ca' });
    const names = ['server', 'first', 'second'];
    for (const name of names) makeSigned(folder, name, { commonName: name, altName: 'IP:127.0.0.1', authority: 'ca' });
    const pem = (name: string) => readFileSync(path.join(folder, name));
    const seen: string[] = [];
    let arrived: (held: ServerResponse) => void = () => undefined;
    const slowArrived = new Promise<ServerResponse>((resolve) => (arrived = resolve));
    const server = createHttps(
      { key: pem('server.key'), cert: pem('server.crt'), ca: pem('ca.crt'), requestCert: true },
      (request, response) => {
        seen.push((request.socket as TLSSocket).getPeerCertificate().subject.CN as string);
        if (request.url!.includes('slow')) arrived(response);
        else response.end(ONE);
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const use = (name: string) => {
      for (const part of ['key', 'crt']) writeFileSync(path.join(folder, `client.${part}`), pem(`${name}.${part}`));
    };
    use('first');
    const file = writeKubeconfig(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      cluster: { 'certificate-authority': path.join(folder, 'ca.crt') },
      user: { 'client-certificate': path.join(folder, 'client.crt'), 'client-key': path.join(folder, 'client.key') },
    });
    let passedMs = 0;
    // A clock that is set back puts off nothing.
    let nowMs = Date.now();
    const client = await openClient(file, { now: () => nowMs, monotonicMs: () => passedMs });
    await client.request(GET_ONE);
    const slow = client.request({ ...GET_ONE, name: 'slow' });
    const held = await slowArrived;
    use('second');
    passedMs += 120_000;
    nowMs -= 3_600_000;
    await client.request(GET_ONE);
    held.end(JSON.stringify({ metadata: { name: 'slow' } }));
    expect(await slow).toMatchObject({ metadata: { name: 'slow' } });
    expect(seen).toEqual(['first', 'first', 'second']);
    client.close();
    server.closeAllConnections();
    server.close();
  });

  it('that cannot be used is refused before anything is sent, with the field', async () => {
    const folder = freshFolder();
    const good = makeSelfSigned(folder, 'good', { commonName: 'good' });
    const other = makeSelfSigned(folder, 'other', { commonName: 'other' });
    const data = (text: string | Buffer) => Buffer.from(text).toString('base64');
    const cert = data(readFileSync(good.cert));
    const key = data(readFileSync(good.key));
    const cases: readonly (readonly [object, object, RegExp])[] = [
      [
        { 'client-certificate-data': data('garbage'), 'client-key-data': key },
        {},
        /client-certificate of user u is no certificate/,
      ],
      [
        { 'client-certificate-data': cert, 'client-key-data': data('garbage') },
        {},
        /client-key of user u is no key in PEM/,
      ],
      [
        { 'client-certificate-data': cert, 'client-key-data': data(readFileSync(other.key)) },
        {},
        /client-key of user u does not belong to its client-certificate/,
      ],
      [
        { 'client-certificate': '/no/cert', 'client-key-data': key },
        {},
        /client-certificate of user u: \/no\/cert: no such file or folder/,
      ],
      [
        { token: 't' },
        { 'certificate-authority-data': data('garbage') },
        /certificate-authority of cluster c is no certificate/,
      ],
      [
        { token: 't' },
        { 'certificate-authority': '/no/ca.crt' },
        /certificate-authority of cluster c: \/no\/ca\.crt: no such file or folder/,
      ],
      [{ token: 't' }, { 'certificate-authority': folder }, /certificate-authority of cluster c: .*: is a folder/],
      [
        { token: 't' },
        { 'certificate-authority': '/dev/zero' },
        /certificate-authority of cluster c: .*: is a device, not a file/,
      ],
      [{ tokenFile: '/no/token' }, {}, /tokenFile of user u: \/no\/token: no such file or folder/],
      [{ token: 'a\nb' }, {}, /token of user u: it holds a line break/],
    ];
    for (const [user, cluster, message] of cases) {
      const client = await openClient(
        writeKubeconfig('https://127.0.0.1:1', { user: { ...user }, cluster: { ...cluster } }),
      );
      await expect(client.request(GET_ONE)).rejects.toThrow(message);
      await expect(client.request(GET_ONE)).rejects.toMatchObject({ exitCode: 7 });
    }
  });
});

describe('over plain HTTP', () => {
  it.each([
    ['a token', { token: 'CANARY' }],
    ['a password', { username: 'jane', password: 'CANARY' }],
    ['a token of a plugin', { exec: plugin(credential('{"token":"CANARY"}')).exec }],
  ])('%s is not sent through a proxy, where it could be read', async (_, user) => {
    const seen: IncomingMessage['headers'][] = [];
    await using server = await testServer((request, response) => {
      seen.push(request.headers);
      response.writeHead(401).end('{}');
    });
    const proxy = createHttp().on('connect', (_request, socket) => {
      const upstream = connect(server.port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      upstream.pipe(socket).pipe(upstream);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const cluster = { 'proxy-url': `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    const file = writeKubeconfig('http://api.example:8080', { cluster, user: { ...user, as: 'jane' } });
    const client = await openClient(file);
    const refused = await client.request(GET_ONE).catch((error: unknown) => error);
    client.close();
    proxy.close();
    expect(seen).toMatchObject([{ host: 'api.example:8080', 'impersonate-user': 'jane' }]);
    expect(seen[0]).not.toHaveProperty('authorization');
    expect((refused as Iter8Error).hint).toContain('credentials do not go over plain HTTP');
  });

  it('credentials go to this machine, and to no other', async () => {
    const file = writeKubeconfig('https://api.example', { user: { token: 't', 'client-key-data': 'a', as: 'jane' } });
    const userAt = async (server: string) => (await chooseConfig({ kubeconfig: file, server }, {}, '/')).user;
    for (const here of ['http://127.0.0.1:8001', 'http://localhost:8001', 'http://[::1]:8001', 'https://10.0.0.1'])
      expect(await userAt(here)).toMatchObject({ token: 't', impersonateUser: 'jane' });
    for (const there of ['http://10.0.0.1', 'http://api.example:8080', 'HTTP://localhost.example', 'http://[x'])
      expect(await userAt(there)).toEqual({ name: 'u', impersonateUser: 'jane' });
  });
});

it('who acts as another says so in full: as, as-uid, as-groups and as-user-extra', async () => {
  const seen: IncomingMessage['headers'][] = [];
  await using server = await testServer((request, response) => {
    seen.push({ ...request.headers, groups: request.headersDistinct['impersonate-group']?.join() });
    response.end(ONE);
  });
  const user = {
    token: 't',
    as: 'jané',
    'as-uid': '42',
    'as-groups': ['dev', 'ops'],
    'as-user-extra': { scopes: ['view', 'edit'], 'acme.com/Project(1)': ['x'] },
  };
  const client = await openClient(writeKubeconfig(server.url, { user }));
  await client.request(GET_ONE);
  client.close();
  expect(seen[0]).toMatchObject({
    'impersonate-user': Buffer.from('jané').toString('latin1'),
    'impersonate-uid': '42',
    groups: 'dev,ops',
    'impersonate-extra-scopes': 'view, edit',
    'impersonate-extra-acme.com%2fproject%281%29': 'x',
  });
});
