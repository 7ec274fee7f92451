/** The HTTP API before a real API server: whose tokens it takes, and that a tenant sees nothing of another. */
import { createPrivateKey, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  describeCluster,
  freshNamespace,
  itInLab,
  kubectl,
  installOurs,
  runningApi,
  type Running,
  tokenOf,
  writeToken,
} from '../../../support/cluster.ts';
import { schemaErrors } from '../../../support/output-shape.ts';
import { ok, testServer, type TestServer } from '../../../support/test-server.ts';

/** Of the lab: what its API server signs tokens with. */
const SIGNING_KEY = path.join(
  process.env['CLUSTER_DIR'] ?? path.join(homedir(), '.cache/iter8-cluster'),
  'run/pki/sa.key',
);
const claimsOf = (payload: string) =>
  JSON.parse(Buffer.from(payload, 'base64url').toString()) as Readonly<Record<string, unknown>>;
const encoded = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url');

describeCluster('the HTTP API', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-api-'));
  let controller: Running;
  let url: string;
  let target: TestServer;
  let prometheus: TestServer;
  const asked: string[] = [];
  let a: string;
  let b: string;

  const account = async (name: string, namespace: string, role: string) => {
    await kubectl(['create', 'serviceaccount', name, '-n', namespace]);
    await kubectl([
      'create',
      'rolebinding',
      name,
      '-n',
      namespace,
      `--clusterrole=${role}`,
      `--serviceaccount=${namespace}:${name}`,
    ]);
    return tokenOf(name, namespace);
  };
  const create = (name: string, namespace: string, url_ = target.url) =>
    kubectl(
      ['create', '-f', '-'],
      JSON.stringify({
        apiVersion: 'iter8.tools/v2alpha2',
        kind: 'Experiment',
        metadata: { name, namespace },
        spec: {
          target: `${namespace}/${name}`,
          strategy: {
            testingPattern: 'Conformance',
            actions: {
              start: [
                { task: 'metrics/collect', with: { numQueries: 100, qps: 100, versions: [{ name: 'v1', url: url_ }] } },
              ],
            },
          },
          criteria: { objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.2' }] },
          duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
          versionInfo: { baseline: { name: 'v1' } },
        },
      }),
    );
  async function ask(target_: string, token: string | undefined, body?: object) {
    const answer = await fetch(`${url}${target_}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        'Content-Type': 'application/json',
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, text, body: JSON.parse(text) as { readonly [name: string]: unknown } };
  }

  beforeAll(async () => {
    await installOurs();
    target = await testServer(ok);
    prometheus = await testServer((request, response) => {
      asked.push(request.url ?? '');
      response.end(JSON.stringify({ status: 'success', data: { result: [] } }));
    });
    [a, b] = [await freshNamespace('tenant-a'), await freshNamespace('tenant-b')];
    const kubeconfig = path.join(folder, 'controller');
    await writeToken(kubeconfig, await tokenOf('iter8ctl-controller', 'iter8-system'));
    ({ controller, url } = await runningApi(prometheus.url, { kubeconfig }));
  });
  afterAll(async () => {
    controller.kill('SIGTERM');
    const { err } = await controller.done;
    expect(err).not.toMatch(/failed by a defect|a request of the API failed/);
    await target[Symbol.asyncDispose]();
    await prometheus[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  it('answers a tenant about their experiments, waits until they are decided, and says nothing of those of another', async () => {
    const [alice, bob] = [await account('alice', a, 'iter8ctl-viewer'), await account('bob', b, 'iter8ctl-viewer')];
    await create('shop', a);
    const decided = await ask(`/v1/namespaces/${a}/experiments/shop?wait=60s`, alice);
    expect([decided.status, schemaErrors('experiment-view', decided.body)]).toEqual([200, []]);
    expect(decided.body['recommendation']).toMatchObject({ verdict: 'promote', version: 'v1' });

    for (const name of ['shop', 'none']) {
      const other = await ask(`/v1/namespaces/${a}/experiments/${name}`, bob);
      expect([other.status, other.body['message']]).toEqual([
        403,
        `system:serviceaccount:${b}:bob may not get experiments.iter8.tools ${name} in namespace ${a}`,
      ]);
    }
    expect((await ask(`/v1/namespaces/${a}/experiments/none`, alice)).status).toBe(404);
  });

  it('takes no caller without a token, or with one that is forged or was made for another audience', async () => {
    const token = await account('carol', a, 'iter8ctl-viewer');
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const forged = encoded({ ...claimsOf(payload), exp: 4_000_000_000 });
    const foreign = (await kubectl(['create', 'token', 'carol', '-n', a, '--audience=elsewhere'])).trim();
    for (const shown of [undefined, 'x', `${header}.${forged}.${signature}`, foreign])
      expect((await ask(`/v1/namespaces/${a}/experiments/none`, shown)).status).toBe(401);
    expect((await ask(`/v1/namespaces/${a}/experiments/none`, token)).status).toBe(404);
  });

  itInLab('takes no token that has expired', async () => {
    const [header, payload] = (await account('frank', a, 'iter8ctl-viewer')).split('.') as [string, string];
    const claims = claimsOf(payload);
    const key = createPrivateKey(readFileSync(SIGNING_KEY));
    const signed = (change: object): string => {
      const text = `${header}.${encoded({ ...claims, ...change })}`;
      const how = key.asymmetricKeyType === 'ec' ? { key, dsaEncoding: 'ieee-p1363' as const } : key;
      return `${text}.${sign('sha256', Buffer.from(text), how).toString('base64url')}`;
    };
    const path_ = `/v1/namespaces/${a}/experiments/none`;
    // The one that has not expired shows that it is not the signature.
    expect((await ask(path_, signed({ exp: Number(claims['exp']) - 1 }))).status).toBe(404);
    const past = Number(claims['iat']) - 7_200;
    expect((await ask(path_, signed({ iat: past, nbf: past, exp: past + 3_600 }))).status).toBe(401);
  });

  it('judges for whoever could make the controller do it anyway, and for nobody else', async () => {
    const question = {
      versionInfo: { baseline: { name: 'v1' } },
      criteria: { objectives: [{ metric: 'errors', upperLimit: '0.01' }] },
      metrics: [{ name: 'errors', query: 'x' }],
    };
    const [viewer, driver] = [await account('dave', a, 'iter8ctl-viewer'), await account('erin', a, 'iter8ctl-driver')];
    expect((await ask(`/v1/namespaces/${a}/verdicts`, viewer, question)).status).toBe(403);
    expect((await ask(`/v1/namespaces/${b}/verdicts`, driver, question)).status).toBe(403);
    expect(asked).toEqual([]);
    const { status, body } = await ask(`/v1/namespaces/${a}/verdicts`, driver, question);
    expect([status, body['verdict']]).toEqual([200, 'inconclusive']);
    expect(asked).toEqual(['/api/v1/query?query=x&timeout=10s']);
  });
});
