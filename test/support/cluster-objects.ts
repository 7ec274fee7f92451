/**
 * Objects that tests on a cluster share: an experiment that sends requests, versions whose traffic is held by a route or by replicas, and
 * the metrics that judge these.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { kubectl } from './cluster.ts';

const GATEWAY = 'gateway.networking.k8s.io/v1';

/** Creates all of them, by one kubectl. */
export const createObjects = (namespace: string, ...items: readonly object[]): Promise<string> =>
  kubectl(['create', '-n', namespace, '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));

/** An HTTPRoute to these backends by their weights. */
export const httpRoute = (weights: Readonly<Record<string, number>>, name = 'shop') => ({
  apiVersion: GATEWAY,
  kind: 'HTTPRoute',
  metadata: { name },
  spec: {
    rules: [{ backendRefs: Object.entries(weights).map(([backend, weight]) => ({ name: backend, port: 80, weight })) }],
  },
});

/** Where the weight of its so many-th backend is held, from 0. */
export const routeWeight = (index: number, name = 'shop') => ({
  apiVersion: GATEWAY,
  kind: 'HTTPRoute',
  name,
  fieldPath: `.spec.rules[0].backendRefs[${index}].weight`,
});

/** What `routeWeight` names, of all backends: `100 0`. */
export const routeWeightsOf = (namespace: string, name = 'shop'): Promise<string> =>
  kubectl(['get', 'httproute', name, '-n', namespace, '-o', 'jsonpath={.spec.rules[0].backendRefs[*].weight}']);

/** Of an image that nobody has: where there is no node, its replicas are a number. */
export const idleDeployment = (name: string, replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'app', image: 'none.test/none' }] },
    },
  },
});

/** Where the replicas of a Deployment are held. */
export const replicasOf = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  name,
  fieldPath: '.spec.replicas',
});

/** Metrics of a backend that answers with a number at `requests` and at `errors`; `?version=` says of which version. */
export const errorMetrics = (url: string) => {
  const metric = (name: string, spec: object) => ({
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Metric',
    metadata: { name },
    spec: {
      urlTemplate: `${url}${name}`,
      params: [{ name: 'version', value: '$name' }],
      jqExpression: '.',
      provider: 'test',
      ...spec,
    },
  });
  return [metric('requests', { type: 'Counter' }), metric('errors', { type: 'Gauge', sampleSize: 'requests' })];
};

/** Such a backend: 10,000 requests of each version, and a share of errors that any limit allows, or none. */
export function answerErrorMetric(asked: string, { broken }: { readonly broken: string }): string {
  const { pathname, searchParams } = new URL(asked, 'http://x');
  if (pathname === '/requests') return '10000';
  return searchParams.get('version') === broken ? '0.3' : '0.001';
}

export interface LoadedChange {
  readonly labels?: Readonly<Record<string, string>>;
  readonly seconds?: number;
  readonly qps?: number;
  /** Tasks before the load. */
  readonly start?: readonly object[];
  readonly target?: string;
  /** Of the spec: instead of what it has. */
  readonly spec?: object;
}

/** An experiment that sends requests to `url` for a while, and promotes what answers. Its target is its own: those of one target run one after another. */
export function loadedExperiment(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  url: string,
  change: LoadedChange = {},
) {
  const { labels, seconds = 3, qps = 50, start = [], target = `${namespace}/${name}`, spec } = change;
  const collect = { task: 'metrics/collect', with: { time: `${seconds}s`, qps, versions: [{ name: 'v1', url }] } };
  return {
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name, namespace, labels },
    spec: {
      target,
      strategy: { testingPattern: 'Conformance', actions: { start: [...start, collect] } },
      criteria: { objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.05' }] },
      duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
      versionInfo: { baseline: { name: 'v1' } },
      ...spec,
    },
  };
}

/** Path of a manifest of it in this folder. */
export function loadedManifest(folder: string, ...[key, url, change]: Parameters<typeof loadedExperiment>): string {
  const file = path.join(folder, `${key.name}.json`);
  writeFileSync(file, JSON.stringify(loadedExperiment(key, url, change)));
  return file;
}

/** The token of the account that asks for verdicts (samples/argo-rollouts/access.yaml), once the cluster has written it. */
export async function verdictToken(namespace: string): Promise<string> {
  const secret = ['secret/iter8ctl-verdicts', '-n', namespace];
  await kubectl(['wait', '--for=jsonpath={.data.token}', ...secret, '--timeout=60s']);
  return Buffer.from(await kubectl(['get', ...secret, '-o', 'jsonpath={.data.token}']), 'base64').toString();
}
