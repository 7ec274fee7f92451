/**
 * Two versions of a shop as Deployments on the node of the lab, which count what they answer, and the samples of moving traffic made
 * quicker for them. What users saw is computed from the servers' own counts.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { clusterTool, freshNamespace, kubectl } from './cluster.ts';
import { countedBy } from './data-plane.ts';

const root = path.join(import.meta.dirname, '../..');
/** Of this file alone: a tag that another one moves would change what runs in mid-run. */
const IMAGE = `shop:${randomBytes(4).toString('hex')}`;
/** Users of each test, a second: a version that gets a quarter of them shows in some iterations what it is. Several tests share two cores. */
export const RATE = 100;
/** Every 10th answer of the bad version is a 503: with 5 % of the traffic, which it gets first, half a percent of users see it. */
export const BAD_EVERY = 10;

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

export const service = (name: string, selector: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector, ports: [{ port: 80, targetPort: 8080 }] },
});

/** The sample, quicker: with this Prometheus, these steps, and a limit that 10 % of errors are well beyond. */
export function quickSample(
  sample: string,
  how: {
    readonly namespace: string;
    readonly prometheus: string;
    readonly intervalSeconds: number;
    readonly iterations: number;
  },
): string {
  return (
    readFileSync(path.join(root, 'samples/traffic', sample, 'experiment.yaml'), 'utf8')
      .replaceAll('http://prometheus.monitoring:9090/', how.prometheus)
      // Those of one target run one after another.
      .replace('  target: shop\n', `  target: ${how.namespace}\n`)
      .replace('maxCandidateWeight: 50', 'maxCandidateWeight: 100')
      .replace('maxCandidateWeightIncrement: 10', 'maxCandidateWeightIncrement: 25')
      .replace('upperLimit: "0.01"', 'upperLimit: "0.02"')
      .replace('intervalSeconds: 30', `intervalSeconds: ${how.intervalSeconds}`)
      .replace('iterationsPerLoop: 20', `iterationsPerLoop: ${how.iterations}`)
      // These requests end at once.
      .replace('  criteria:\n', '  criteria:\n    strength: { inFlightSeconds: 1 }\n')
  );
}

/** Of a candidate whose share of the traffic never was more than this, users saw no more errors than that. */
export function expectFewErrors(counts: string, shares: readonly number[]): void {
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
export const sharesSaid = (err: string): number[] =>
  [...err.matchAll(/traffic is split shop-v1 [\d.]+ %, shop-v2 ([\d.]+) %/g)].map(
    ([, percent]) => Number(percent) / 100,
  );

/** The image of the shop on the node. */
export async function installShop(): Promise<void> {
  const folder = path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-image-')), 'shop');
  execFileSync(process.execPath, [path.join(root, 'deploy/image-root.mjs'), folder, 'hello']);
  copyFileSync(path.join(root, 'test/fixtures/cluster/counting-server.mjs'), path.join(folder, 'app/server.mjs'));
  await clusterTool('image', [IMAGE, folder, '/app/run']);
}

/** A namespace with both versions, and where they keep their counts. Its pods end with the test: they would cost the next ones CPU. */
export async function placeShop(how: {
  readonly replicas: readonly [number, number];
  readonly errorEvery: number;
  readonly more: readonly object[];
}) {
  const namespace = await freshNamespace('dp');
  const counts = mkdtempSync(path.join(tmpdir(), 'iter8ctl-counts-'));
  mkdirSync(counts, { recursive: true });
  const [old, fresh] = how.replicas;
  const items = [deployment('shop-v1', old, counts), deployment('shop-v2', fresh, counts, how.errorEvery), ...how.more];
  await kubectl(['apply', '-n', namespace, '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  for (const version of ['shop-v1', 'shop-v2'])
    await kubectl(['rollout', 'status', `deployment/${version}`, '-n', namespace, '--timeout=120s']);
  const end = () => kubectl(['delete', 'deployment', 'shop-v1', 'shop-v2', '-n', namespace, '--wait=false']);
  return {
    namespace,
    counts,
    [Symbol.asyncDispose]: async () => void (await end()),
  };
}
export const getOf = (namespace: string, ...what: string[]) => kubectl(['get', '-n', namespace, ...what]);
