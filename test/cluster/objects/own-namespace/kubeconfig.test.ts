/** Every kind of kubeconfig against the real API server, by the program as a process. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { idToken, oidcUser, startTestIssuer, type TestIssuer } from '../../../support/oidc-issuer.ts';
import {
  accountKubeconfig,
  describeCluster,
  describeLab,
  freshNamespace,
  iter8ctlProcess,
  KUBECONFIG,
  kubectl,
  openAdmin,
  tokenOf,
} from '../../../support/cluster.ts';

interface Written {
  clusters: { name: string; cluster: Record<string, unknown> }[];
  users: { name: string; user: Record<string, unknown> }[];
  contexts: { name: string; context: Record<string, unknown> }[];
  'current-context'?: string;
}

describeCluster('a kubeconfig', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-kubeconfig-'));
  let namespace: string;
  let server: string;
  let ca: string;
  let token: string;

  /** A file with one cluster, one user and one context, all changed as reported. */
  const write = (name: string, user: Record<string, unknown>, cluster: Record<string, unknown> = {}): string => {
    const file = path.join(folder, name);
    const config: Written = {
      clusters: [{ name: 'c', cluster: { server, 'certificate-authority-data': ca, ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'ctx', context: { cluster: 'c', user: 'u', namespace } }],
      'current-context': 'ctx',
    };
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }), { mode: 0o600 });
    return file;
  };
  const get = (kubeconfig: string, args: readonly string[] = [], env: Record<string, string> = {}) =>
    iter8ctlProcess(['get', '-o', 'name', ...args], { kubeconfig, env });

  beforeAll(async () => {
    namespace = await freshNamespace();
    const admin = JSON.parse(await kubectl(['config', 'view', '--raw', '--flatten', '-o', 'json'])) as Written;
    server = String(admin.clusters[0]!.cluster['server']);
    ca = String(admin.clusters[0]!.cluster['certificate-authority-data']);
    const role = ['--verb=get,list,watch', '--resource=experiments.iter8.tools'];
    await accountKubeconfig('reader', namespace, { role, folder });
    const alice = [`--clusterrole=reader-${namespace}`, '--user=oidc:alice', '--user=acting', '--group=acting-group'];
    await kubectl(['create', 'rolebinding', 'alice', '-n', namespace, ...alice]);
    await kubectl(['apply', '-n', namespace, '-f', 'samples/hello/experiment.yaml']);
    token = await tokenOf('reader', namespace);
  });
  const expected = { code: 0, out: 'experiment.iter8.tools/hello-experiment\n' };

  it('with a token', async () => {
    expect(await get(write('token', { token }))).toMatchObject(expected);
  });

  it('with a token in a file, which is read again when it was replaced', async () => {
    writeFileSync(path.join(folder, 'token.txt'), token);
    expect(await get(write('token-file', { tokenFile: 'token.txt' }))).toMatchObject(expected);
  });

  it('with a client certificate, in the file and in files beside it by relative paths', async () => {
    const admin = JSON.parse(await kubectl(['config', 'view', '--raw', '--flatten', '-o', 'json'])) as Written;
    const user = admin.users[0]!.user;
    expect(await get(write('certificate', user))).toMatchObject(expected);
    for (const part of ['certificate', 'key'])
      writeFileSync(path.join(folder, `client.${part}`), Buffer.from(String(user[`client-${part}-data`]), 'base64'), {
        mode: 0o600,
      });
    writeFileSync(path.join(folder, 'ca.crt'), Buffer.from(ca, 'base64'));
    const file = write(
      'files',
      { 'client-certificate': 'client.certificate', 'client-key': 'client.key' },
      {
        'certificate-authority-data': undefined,
        'certificate-authority': 'ca.crt',
      },
    );
    expect(await get(file)).toMatchObject(expected);
  });

  describe('with a credential plugin', () => {
    const plugin = (name: string, script: string): string => {
      const file = path.join(folder, name);
      writeFileSync(file, `#!/bin/bash\n${script}\n`);
      chmodSync(file, 0o755);
      return file;
    };
    const exec = (command: string, more: Record<string, unknown> = {}) => ({
      exec: { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never', ...more },
    });

    it('found by a path relative to the file, reported of the cluster, and run once for many requests', async () => {
      plugin(
        'plugin',
        `echo run >> ${folder}/runs; [[ "$KUBERNETES_EXEC_INFO" == *'"server":"${server}"'* ]] || exit 3\n` +
          `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'"$TOKEN"'"}}'`,
      );
      const file = write(
        'exec',
        exec('./plugin', { env: [{ name: 'TOKEN', value: token }], provideClusterInfo: true }),
      );
      expect(await get(file)).toMatchObject(expected);
      expect(await iter8ctlProcess(['describe', 'hello-experiment'], { kubeconfig: file })).toMatchObject({ code: 0 });
      expect(readFileSync(path.join(folder, 'runs'), 'utf8')).toBe('run\nrun\n');
    });

    it('asked again when the server refuses what it gave', async () => {
      plugin(
        'expiring',
        `if [ -e ${folder}/second ]; then t="$TOKEN"; else touch ${folder}/second; t=expired; fi\n` +
          `echo '{"kind":"ExecCredential","status":{"token":"'"$t"'"}}'`,
      );
      expect(
        await get(write('expiring-exec', exec('./expiring', { env: [{ name: 'TOKEN', value: token }] }))),
      ).toMatchObject(expected);
    });

    it('says which one is missing, failed, or printed nonsense, and never what it printed', async () => {
      const missing = await get(write('missing', exec('no-such-plugin', { installHint: 'install it with make' })));
      expect(missing.code).toBe(7);
      expect(missing.err).toMatch(
        /no-such-plugin, which the kubeconfig names, is not installed\n {2}install it with make/,
      );
      plugin('failing', 'echo secret-on-stdout; echo "please log in" >&2; exit 5');
      const failing = await get(write('failing-exec', exec('./failing')));
      expect(failing.code).toBe(7);
      expect(failing.err).toMatch(/failed \(exit code 5\): please log in/);
      plugin('nonsense', 'echo secret-on-stdout');
      const nonsense = await get(write('nonsense-exec', exec('./nonsense')));
      expect(nonsense.err).toMatch(/printed no ExecCredential: its output is not JSON/);
      expect(failing.err + nonsense.err).not.toMatch(/secret-on-stdout/);
    });
  });

  describeLab('with OpenID Connect', () => {
    let issuer: TestIssuer;

    beforeAll(async () => {
      issuer = await startTestIssuer();
      // The API server asks the issuer for its keys every ten seconds until it answers.
      const file = write('oidc-probe', oidcUser({ 'id-token': idToken(600) }));
      const deadline = Date.now() + 60_000;
      while ((await get(file)).code !== 0 && Date.now() < deadline);
    });
    afterAll(() => issuer.close());

    it('uses a token that is valid', async () => {
      expect(await get(write('oidc', oidcUser({ 'id-token': idToken(600) })))).toMatchObject(expected);
      expect(issuer.refreshed()).toBe(0);
    });

    it('refreshes one that has expired, and writes the new ones back', async () => {
      const file = write('oidc-expired', oidcUser({ 'id-token': idToken(-60), 'refresh-token': 'refresh-1' }));
      expect(await get(file)).toMatchObject(expected);
      expect(readFileSync(file, 'utf8')).toContain('refresh-2');
      expect(await get(file)).toMatchObject(expected);
      expect(issuer.refreshed()).toBe(1);
    });

    it('says that it has expired when it cannot be refreshed, and why', async () => {
      const alone = await get(write('oidc-alone', oidcUser({ 'id-token': idToken(-60) })));
      expect(alone).toMatchObject({ code: 7 });
      expect(alone.err).toMatch(/the OIDC token of the kubeconfig has expired\n {2}log in again/);
      const refused = await get(
        write('oidc-refused', oidcUser({ 'id-token': idToken(-60), 'refresh-token': 'used-up' })),
      );
      expect(refused.err).toMatch(/cannot refresh the token at .*: it answered 400: invalid_grant/);
      expect(refused.err).not.toMatch(/used-up|client-secret/);
    });
  });

  it('through a proxy, of the file and of the environment', async () => {
    let tunnels = 0;
    const proxy = createServer().on('connect', (req, client, head) => {
      tunnels += 1;
      const upstream = connect(Number(new URL(server).port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.write(head);
        upstream.pipe(client).pipe(upstream);
      });
      for (const socket of [upstream, client]) socket.on('error', () => undefined);
      expect(req.url).toMatch(new RegExp(`:${new URL(server).port}$`));
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    try {
      expect(await get(write('proxy', { token }, { 'proxy-url': url }))).toMatchObject(expected);
      expect(tunnels).toBe(1);
      // Loopback is never proxied by the environment: a name for it is.
      const named = write(
        'proxy-env',
        { token },
        { server: `https://kubernetes.default:${new URL(server).port}`, 'tls-server-name': 'kubernetes.default' },
      );
      expect(await get(named, [], { HTTPS_PROXY: url, NO_PROXY: 'example.com' })).toMatchObject(expected);
      expect(tunnels).toBe(2);
      expect(await get(named, [], { HTTPS_PROXY: url, NO_PROXY: '.default' })).toMatchObject({ code: 7 });
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  });

  it('over plain HTTP, as kubectl proxy serves it', async () => {
    const agent = createServer((req, res) => {
      const forward = request({ host: '127.0.0.1', port: 1, path: req.url });
      forward.on('error', () => res.writeHead(200, { 'Content-Type': 'application/json' }).end('{"items": []}'));
      forward.end();
    });
    await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve));
    const plain = write(
      'plain',
      {},
      { server: `http://127.0.0.1:${(agent.address() as AddressInfo).port}`, 'certificate-authority-data': undefined },
    );
    expect(await get(plain)).toMatchObject({ code: 0 });
    agent.closeAllConnections();
    agent.close();
  });

  it('of several files: the first to set a thing wins, missing ones are skipped', async () => {
    const first = path.join(folder, 'first');
    writeFileSync(first, JSON.stringify({ users: [{ name: 'u', user: { token } }] }));
    const second = write('second', { token: 'wrong' });
    const list = [path.join(folder, 'not-there'), first, second].join(path.delimiter);
    expect(await get(list)).toMatchObject(expected);
  });

  it('by flags: file, context, cluster, user and namespace', async () => {
    const file = path.join(folder, 'many');
    writeFileSync(
      file,
      JSON.stringify({
        clusters: [
          { name: 'c', cluster: { server, 'certificate-authority-data': ca } },
          { name: 'dead', cluster: { server: 'https://127.0.0.1:1' } },
        ],
        users: [
          { name: 'u', user: { token } },
          { name: 'nobody', user: { token: 'wrong' } },
        ],
        contexts: [
          { name: 'bad', context: { cluster: 'dead', user: 'nobody' } },
          { name: 'half', context: { cluster: 'c', user: 'nobody' } },
        ],
        'current-context': 'bad',
      }),
    );
    expect(await get('', ['--kubeconfig', file, '--cluster', 'c', '--user', 'u', '-n', namespace])).toMatchObject(
      expected,
    );
    expect(await get('', ['--kubeconfig', file, '--context', 'half', '--user', 'u', '-n', namespace])).toMatchObject(
      expected,
    );
    const refused = await get('', ['--kubeconfig', file, '--context', 'half']);
    expect(refused).toMatchObject({ code: 7 });
    expect(refused.err).toMatch(
      /does not accept the credentials: unauthorized\n {2}the token of user nobody has expired/,
    );
    const unknown = await get('', ['--kubeconfig', file, '--context', 'haff']);
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.err).toMatch(/no context "haff" .*\n {2}did you mean half\? there are: bad, half/);
    const dead = await get('', ['--kubeconfig', file]);
    expect(dead).toMatchObject({ code: 7 });
    expect(dead.err).toMatch(
      /https:\/\/127\.0\.0\.1:1 \(context bad\) does not answer: connect ECONNREFUSED.*\n {2}check the context .*--local/,
    );
  });

  it('that is missing or broken is an error which names --local', async () => {
    const home = path.join(folder, 'home');
    mkdirSync(home);
    const none = await iter8ctlProcess(['get'], { kubeconfig: '', env: { HOME: home } });
    expect(none).toMatchObject({ code: 7 });
    expect(none.err).toMatch(/no kubeconfig.*\n.*--local/);
    const broken = path.join(folder, 'broken');
    writeFileSync(broken, 'clusters: [');
    const read = await get(broken);
    expect(read).toMatchObject({ code: 7 });
    expect(read.err).toMatch(/broken is not a kubeconfig: .*\n.*--local/);
    expect(await get(path.join(folder, 'not-there'))).toMatchObject({ code: 7 });
  });

  it('whose certificate is not that of the server, whose server does not answer in time, or is no Kubernetes', async () => {
    const untrusted = await get(
      write(
        'untrusted',
        { token },
        {
          'certificate-authority-data': Buffer.from(readFileSync(process.env['ITER8_TEST_ISSUER_CERT'] ?? '')).toString(
            'base64',
          ),
        },
      ),
    );
    expect(untrusted).toMatchObject({ code: 7 });
    expect(untrusted.err).toMatch(/cannot be trusted: .*\n {2}check certificate-authority/);
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const file = write('silent', {}, { server: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` });
    const late = await get(file, ['--request-timeout', '200ms']);
    expect(late).toMatchObject({ code: 7 });
    expect(late.err).toMatch(/no answer within 0\.2 s/);
    silent.closeAllConnections();
    silent.close();
    const web = createServer((_, res) => res.end('<html>'));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const other = await get(write('web', {}, { server: `http://127.0.0.1:${(web.address() as AddressInfo).port}` }));
    expect(other.err).toMatch(/is not JSON: is it a Kubernetes API\?/);
    web.closeAllConnections();
    web.close();
  });

  it('of an account that may not look says which verb, resource and namespace', async () => {
    const refused = await get(write('forbidden', { token }), ['-n', 'kube-system']);
    expect(refused).toMatchObject({ code: 7 });
    expect(refused.err).toMatch(/may not list experiments\.iter8\.tools in namespace kube-system/);
    expect(refused.err).toMatch(/kubectl auth can-i list experiments\.iter8\.tools -n kube-system/);
    expect(KUBECONFIG).not.toBe('');
  });

  it('that acts as another does so in full: user, uid, groups and extra', async () => {
    const admin = JSON.parse(await kubectl(['config', 'view', '--raw', '--flatten', '-o', 'json'])) as Written;
    const acting = {
      as: 'acting',
      'as-uid': '42',
      'as-groups': ['dev', 'ops'],
      'as-user-extra': { 'acme.com/Team': ['a', 'b'] },
    };
    const file = write('acting', { ...admin.users[0]!.user, ...acting });
    expect(await get(file)).toMatchObject(expected);
    const client = await openAdmin({ kubeconfig: file });
    const review = await client.request<{ status: { userInfo: object } }>({
      verb: 'create',
      resource: { group: 'authentication.k8s.io', version: 'v1', plural: 'selfsubjectreviews', namespaced: false },
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    client.close();
    expect(review.status.userInfo).toMatchObject({
      username: 'acting',
      uid: '42',
      groups: ['dev', 'ops', 'system:authenticated'],
      extra: { 'acme.com/team': ['a', 'b'] },
    });
    const other = await get(write('other', { ...admin.users[0]!.user, as: 'nobody-else' }));
    expect(other).toMatchObject({ code: 7 });
    expect(other.err).toMatch(/may not list experiments/);
  });

  it('that speaks HTTP to a port of HTTPS, or has half a certificate, is reported apart from what the server forbids', async () => {
    const plain = await get(write('plain-to-https', { token }, { server: server.replace('https:', 'http:') }));
    expect(plain).toMatchObject({ code: 7 });
    expect(plain.err).toMatch(/HTTP request to an HTTPS server/);
    const admin = JSON.parse(await kubectl(['config', 'view', '--raw', '--flatten', '-o', 'json'])) as Written;
    const { 'client-key-data': _, ...half } = admin.users[0]!.user;
    const keyless = await get(write('keyless', half));
    expect(keyless).toMatchObject({ code: 7 });
    expect(keyless.err).toMatch(/client-key of user u is missing/);
  });
});
