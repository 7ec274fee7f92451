/** Metrics of a backend and a reward, in a cluster: with a secret, by the controller. With the CRDs of Iter8 0.7 where they are. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installObjects } from '../../../../src/install/manifests.ts';
import {
  describeCluster,
  freshNamespace,
  iter8ctlProcess,
  kubectl,
  missingOldCrds,
  OLD_CRDS,
  OUR_CRDS,
  replaceCrds,
  Running,
  watchWithKubectl,
} from '../../../support/cluster.ts';
import { testServer, type TestServer } from '../../../support/test-server.ts';

const TOKEN = 'never-to-be-seen-8f31';
/** By the clock of the backend. */
const ROUND_SECONDS = 20;
const CONVERSIONS: Readonly<Record<string, number>> = { 'shop-v1': 0.1, 'shop-v2': 0.2 };
const PER_ROUND = 2000;

describeCluster('metrics of a backend', () => {
  let server: TestServer;
  let namespace: string;
  const asked = new Map<string, number>();
  const refused: string[] = [];

  beforeAll(async () => {
    await replaceCrds(missingOldCrds === undefined ? OLD_CRDS : OUR_CRDS);
    for (const { object } of installObjects())
      if (object.kind !== 'CustomResourceDefinition') await kubectl(['apply', '-f', '-'], JSON.stringify(object));
    server = await testServer((request, response) => {
      if (request.headers.authorization !== `Bearer ${TOKEN}`) {
        refused.push(String(request.headers.authorization));
        response.writeHead(401).end(`who are you? ${String(request.headers.authorization)}`);
        return;
      }
      const url = new URL(request.url ?? '', 'http://x');
      const [kind, version] = [url.pathname.slice(1), url.searchParams.get('version') ?? ''];
      const k = asked.get(url.search + kind) ?? 0;
      asked.set(url.search + kind, k + 1);
      const n = 5000 + k * PER_ROUND;
      const hits = kind === 'errors' ? 0 : Math.round(n * (CONVERSIONS[version] ?? 0));
      const at = 1_700_000_000 + k * ROUND_SECONDS;
      const rows = [
        { series: 'pod', at, hits },
        { series: 'pod', at, others: n - hits },
      ];
      response.end(JSON.stringify({ shares: rows }));
    });
    namespace = await freshNamespace();
    const objects = [
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'backend', namespace },
        stringData: { token: TOKEN },
      },
      ...['errors', 'conversions'].map((name) => ({
        apiVersion: 'iter8.tools/v2alpha2',
        kind: 'Metric',
        metadata: { name, namespace },
        spec: {
          urlTemplate: `${server.url}${name}`,
          params: [{ name: 'version', value: '$name' }],
          headerTemplates: [{ name: 'Authorization', value: 'Bearer ${token}' }],
          authType: 'Bearer',
          secret: `${namespace}/backend`,
          jqExpression: '{shares}',
        },
      })),
      // Any number will do for a weight; 80 and 20 are ports here.
      ...[80, 20].map((port) => ({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: `weight-${port}`, namespace },
        spec: { ports: [{ port }] },
      })),
    ];
    await kubectl(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('are judged with a secret, the best reward wins, and traffic that does not follow its weights is reported', async () => {
    const version = (name: string, port: number) => ({
      name,
      weightObjRef: { apiVersion: 'v1', kind: 'Service', name: `weight-${port}`, fieldPath: '.spec.ports[0].port' },
    });
    await kubectl(
      ['create', '-f', '-'],
      JSON.stringify({
        apiVersion: 'iter8.tools/v2alpha2',
        kind: 'Experiment',
        metadata: { name: 'live', namespace },
        spec: {
          target: 'shop',
          strategy: { testingPattern: 'A/B', deploymentPattern: 'FixedSplit' },
          criteria: {
            objectives: [{ metric: 'errors', upperLimit: '0.01' }],
            rewards: [{ metric: 'conversions', preferredDirection: 'High' }],
          },
          duration: { intervalSeconds: 1, iterationsPerLoop: 4 },
          versionInfo: { baseline: version('shop-v1', 80), candidates: [version('shop-v2', 20)] },
        },
      }),
    );
    const controller = new Running(['controller', '-n', namespace]);
    await watchWithKubectl('live', namespace, /ExperimentCompleted/);
    controller.kill('SIGTERM');
    const { err } = await controller.done;
    const { out, code } = await iter8ctlProcess(['describe', 'live', '-n', namespace, '--exit-code']);
    const text = out.replace(/\s+/g, ' ');
    expect(text).toMatch(/^promote shop-v2 conversions of shop-v2 is the highest/);
    expect(code).toBe(0);
    expect(text).toMatch(/Traffic shop-v1 80 %, shop-v2 20 % \(observed: shop-v1 50 %, shop-v2 50 %/);
    expect(text).toMatch(/traffic does not follow its weights: shop-v1 got 50 % of the requests, not 80 %/);
    expect(text).toMatch(/errors <= 1 % 0 % .*satisfied/);
    expect(text).toMatch(/shop-v2 0\.2 8,000 best/);
    // The secret is used, and seen nowhere.
    expect(refused).toEqual([]);
    const stored = await kubectl(['get', 'experiment,event', '-n', namespace, '-o', 'json']);
    for (const seen of [err, out, stored]) expect(seen).not.toContain(TOKEN);
  });

  it('need permission to be read where they are, and say what is missing', async () => {
    const manifest = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        {
          apiVersion: 'iter8.tools/v2alpha2',
          kind: 'Experiment',
          metadata: { name: 'planned', namespace },
          spec: {
            target: 'planned',
            strategy: { testingPattern: 'Conformance' },
            criteria: { objectives: [{ metric: 'errors', upperLimit: '0.01' }] },
            versionInfo: { baseline: { name: 'shop-v1' } },
          },
        },
      ],
    });
    const { out } = await iter8ctlProcess(['plan', '-f', '-', '-n', namespace], { input: manifest });
    expect(out.replace(/\s+/g, ' ')).toMatch(/errors of shop-v1: raw counters: 2 samples of 2 series GET http/);
    expect(out).not.toContain(TOKEN);
  });
});
