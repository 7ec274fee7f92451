/**
 * Traffic that really moves, on a real node: kube-proxy divides the connections of one Service between the pods of two Deployments, or
 * nginx those of an HTTPRoute between two Services. Prometheus counts. What users saw is computed from the servers' own counts.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { bareCrd } from '../../support/bare-crd.ts';
import { clusterTool, describeLab, freshNamespace, iter8ctlProcess, kubectl, Running } from '../../support/cluster.ts';
import { answers, countedBy, scrapePods, startGateway, Users } from '../../support/data-plane.ts';

const root = path.join(import.meta.dirname, '../../..');
const IMAGE = 'shop:test';
const RATE = 220;
/** Every 20th answer of the bad version is a 503. */
const BAD_EVERY = 20;

const deployment = (version: string, replicas: number, counts: string, errorEvery = 0) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: version },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'shop', version } },
    template: {
      metadata: { labels: { app: 'shop', version } },
      spec: {
        terminationGracePeriodSeconds: 5,
        securityContext: { runAsUser: 0 },
        containers: [
          {
            name: 'shop',
            image: IMAGE,
            imagePullPolicy: 'Never',
            env: [
              { name: 'VERSION', value: version },
              { name: 'ERROR_EVERY', value: String(errorEvery) },
            ],
            readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
            volumeMounts: [{ name: 'counts', mountPath: '/counts' }],
          },
        ],
        volumes: [{ name: 'counts', hostPath: { path: counts, type: 'Directory' } }],
      },
    },
  },
});

const service = (name: string, selector: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector, ports: [{ port: 80, targetPort: 8080 }] },
});

/** The sample, quicker: with this Prometheus, these steps, and a limit that 5 % of errors are well beyond. */
function experiment(sample: string, prometheus: string): string {
  return (
    readFileSync(path.join(root, 'samples/traffic', sample, 'experiment.yaml'), 'utf8')
      .replaceAll('http://prometheus.monitoring:9090/', prometheus)
      .replace('maxCandidateWeight: 50', 'maxCandidateWeight: 100')
      .replace('maxCandidateWeightIncrement: 10', 'maxCandidateWeightIncrement: 25')
      .replace('upperLimit: "0.01"', 'upperLimit: "0.02"')
      .replace('intervalSeconds: 30', 'intervalSeconds: 4')
      // These requests end at once.
      .replace('  criteria:\n', '  criteria:\n    strength: { inFlightSeconds: 1 }\n')
  );
}

/** Of a candidate whose share of the traffic never was more than this, users saw no more errors than that. */
function expectFewErrors(counts: string, shares: readonly number[]): void {
  const [old, bad] = [countedBy(counts, 'shop-v1'), countedBy(counts, 'shop-v2')];
  const n = old.n + bad.n;
  const most = Math.max(...shares);
  expect(bad.errors).toBeGreaterThan(0);
  expect(old.errors).toBe(0);
  expect(bad.errors / bad.n).toBeLessThanOrEqual(1 / BAD_EVERY);
  // Each request goes where it goes by itself: five standard deviations.
  const slack = 5 * Math.sqrt((most * (1 - most)) / n);
  expect(bad.n / n).toBeLessThanOrEqual(most + slack);
  expect(bad.errors / n).toBeLessThanOrEqual((most + slack) / BAD_EVERY);
}

/** Shares of the candidate that the run says it moved to, from 0 to 1. */
const sharesSaid = (err: string): number[] =>
  [...err.matchAll(/traffic is split shop-v1 [\d.]+ %, shop-v2 ([\d.]+) %/g)].map(
    ([, percent]) => Number(percent) / 100,
  );

describeLab('a real data plane', () => {
  beforeAll(async () => {
    const folder = path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-image-')), 'shop');
    execFileSync(process.execPath, [path.join(root, 'deploy/image-root.mjs'), folder, 'hello']);
    copyFileSync(path.join(root, 'test/fixtures/cluster/counting-server.mjs'), path.join(folder, 'app/server.mjs'));
    clusterTool('image', [IMAGE, folder, '/app/run']);
    const installed = await iter8ctlProcess(['install']);
    expect(installed.code, installed.err).toBe(0);
    kubectl(['apply', '-f', '-'], bareCrd('gateway.networking.k8s.io', 'v1', 'HTTPRoute', 'httproutes'));
    kubectl(['wait', '--for=condition=Established', 'crd/httproutes.gateway.networking.k8s.io', '--timeout=60s']);
  });

  /** A namespace with both versions, and where they keep their counts. */
  function place(how: {
    readonly replicas: readonly [number, number];
    readonly errorEvery: number;
    readonly more: readonly object[];
  }) {
    const namespace = freshNamespace('dp');
    const counts = mkdtempSync(path.join(tmpdir(), 'iter8ctl-counts-'));
    mkdirSync(counts, { recursive: true });
    const [old, fresh] = how.replicas;
    const items = [
      deployment('shop-v1', old, counts),
      deployment('shop-v2', fresh, counts, how.errorEvery),
      ...how.more,
    ];
    kubectl(['apply', '-n', namespace, '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    for (const version of ['shop-v1', 'shop-v2'])
      kubectl(['rollout', 'status', `deployment/${version}`, '-n', namespace, '--timeout=120s']);
    return { namespace, counts };
  }
  const get = (namespace: string, ...what: string[]) => kubectl(['get', '-n', namespace, ...what]);

  describe('kube-proxy between two Deployments of one Service', () => {
    const more = [service('shop', { app: 'shop' })];
    const replicas = (namespace: string) => get(namespace, 'deployment', '-o', 'jsonpath={.items[*].spec.replicas}');

    it.each([
      ['a good candidate gets all of it', 0, 0, '0 4'],
      ['a bad candidate is rolled back, and few users saw it', BAD_EVERY, 1, '4 0'],
    ])('%s', async (_, errorEvery, code, after) => {
      const { namespace, counts } = place({ replicas: [4, 0], errorEvery, more });
      await answers(namespace, 'shop');
      await using prometheus = await scrapePods(namespace);
      const host = get(namespace, 'service', 'shop', '-o', 'jsonpath={.spec.clusterIP}');
      const users = new Users(() => ({ host, port: 80 }), RATE);
      const ran = await iter8ctlProcess(['run', '-f', '-', '-n', namespace], {
        input: experiment('replicas', prometheus.url),
      });
      await users[Symbol.asyncDispose]();
      expect(ran.code, ran.out + ran.err).toBe(code);
      expect(replicas(namespace)).toBe(after);
      if (errorEvery > 0) expectFewErrors(counts, sharesSaid(ran.err));
    });
  });

  describe('nginx, by the weights of an HTTPRoute', () => {
    const more = [
      ...['shop-v1', 'shop-v2'].map((version) => service(version, { app: 'shop', version })),
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        metadata: { name: 'shop' },
        spec: {
          rules: [
            {
              backendRefs: [
                { name: 'shop-v1', port: 80, weight: 100 },
                { name: 'shop-v2', port: 80, weight: 0 },
              ],
            },
          ],
        },
      },
    ];

    it.each([
      ['a good candidate gets all of it', 0, 0, '0 100'],
      ['a bad candidate is rolled back, and few users saw it', BAD_EVERY, 1, '100 0'],
    ])('%s', async (_, errorEvery, code, after) => {
      const { namespace, counts } = place({ replicas: [1, 1], errorEvery, more });
      await answers(namespace, 'shop-v1', 'shop-v2');
      await using prometheus = await scrapePods(namespace);
      await using gateway = await startGateway(namespace, 'shop');
      const users = new Users(() => ({ host: '127.0.0.1', port: gateway.port }), RATE);
      const ran = await iter8ctlProcess(['run', '-f', '-', '-n', namespace], {
        input: experiment('gateway-api', prometheus.url),
      });
      await users[Symbol.asyncDispose]();
      expect(ran.code, ran.out + ran.err).toBe(code);
      expect(get(namespace, 'httproute', 'shop', '-o', 'jsonpath={.spec.rules[0].backendRefs[*].weight}')).toBe(after);
      expect(gateway.splits.length).toBeGreaterThan(2);
      for (const version of ['shop-v1', 'shop-v2']) expect(users.seenOf(version)).toEqual(countedBy(counts, version));
      // nginx closes connections when it loads a new configuration.
      expect(users.unanswered).toBeLessThan(50);
      if (errorEvery > 0) expectFewErrors(counts, sharesSaid(ran.err));
    });

    it('a candidate that is deployed anew in mid-run is undecided, and its traffic is taken back', async () => {
      const { namespace } = place({ replicas: [1, 1], errorEvery: 0, more });
      await answers(namespace, 'shop-v1', 'shop-v2');
      await using prometheus = await scrapePods(namespace);
      await using gateway = await startGateway(namespace, 'shop');
      await using _users = new Users(() => ({ host: '127.0.0.1', port: gateway.port }), RATE);
      const file = path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-changed-')), 'experiment.yaml');
      execFileSync('tee', [file], { input: experiment('gateway-api', prometheus.url) });
      const run = new Running(['run', '-f', file, '-n', namespace]);
      await run.said(/traffic is split/);
      kubectl(['set', 'env', 'deployment/shop-v2', '-n', namespace, 'NEW=1']);
      const { code, out } = await run.done;
      expect(code).toBe(3);
      expect(out.replace(/\s+/g, ' ')).toMatch(/^undecided: keep shop-v1 for now candidate shop-v2 changed at \S+: /);
      expect(get(namespace, 'httproute', 'shop', '-o', 'jsonpath={.spec.rules[0].backendRefs[*].weight}')).toBe(
        '100 0',
      );
    });
  });
});
