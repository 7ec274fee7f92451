/** Others that move the same traffic, for real: a HorizontalPodAutoscaler of the controller manager, and a server-side apply of GitOps. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  describeCluster,
  freshNamespace,
  installOurs,
  installRoutes,
  kubectl,
  Running,
} from '../../../support/cluster.ts';
import { testServer, type TestServer } from '../../../support/test-server.ts';

describeCluster('others that move the same traffic', () => {
  let server: TestServer;

  beforeAll(async () => {
    installOurs();
    installRoutes();
    server = await testServer(({ url = '' }, response) =>
      response.end(url.startsWith('/requests') ? '10000' : '0.001'),
    );
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const create = (namespace: string, ...items: object[]) =>
    kubectl(['create', '-n', namespace, '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const metric = (name: string, spec: object) => ({
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Metric',
    metadata: { name },
    spec: { urlTemplate: `${server.url}${name}`, jqExpression: '.', provider: 'test', ...spec },
  });
  const deployment = (name: string, replicas: number) => ({
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
  /** Without metrics it keeps to its bounds, and that is all. */
  const autoscaler = (name: string, minReplicas: number) => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name },
    spec: { minReplicas, maxReplicas: 9, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } },
  });
  const route = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'shop' },
    spec: {
      rules: [
        {
          backendRefs: [
            { name: 'old', port: 80, weight: 100 },
            { name: 'new', port: 80, weight: 0 },
          ],
        },
      ],
    },
  };
  const weightOf = (index: number) => ({
    apiVersion: route.apiVersion,
    kind: route.kind,
    name: 'shop',
    fieldPath: `.spec.rules[0].backendRefs[${index}].weight`,
  });
  const replicasOf = (name: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name,
    fieldPath: '.spec.replicas',
  });

  /** A run that has moved traffic once, and looks at it again after so many seconds. */
  async function moved(
    references: readonly [object, object],
    { intervalSeconds, objects }: { readonly intervalSeconds: number; readonly objects: readonly object[] },
  ): Promise<{ readonly run: Running; readonly namespace: string }> {
    const namespace = freshNamespace('scaled');
    const [old, fresh] = references;
    const experiment = {
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Experiment',
      metadata: { name: 'move' },
      spec: {
        target: 'shop',
        strategy: {
          testingPattern: 'Canary',
          deploymentPattern: 'Progressive',
          weights: { maxCandidateWeight: 50, maxCandidateWeightIncrement: 50 },
        },
        criteria: {
          objectives: [{ metric: 'errors', upperLimit: '0.05', rollback_on_failure: true }],
          strength: { extend: false },
        },
        duration: { intervalSeconds, iterationsPerLoop: 40 },
        versionInfo: {
          baseline: { name: 'old', weightObjRef: old },
          candidates: [{ name: 'new', weightObjRef: fresh }],
        },
      },
    };
    const metrics = [
      metric('requests', { type: 'Counter' }),
      metric('errors', { type: 'Gauge', sampleSize: 'requests' }),
    ];
    create(namespace, ...metrics, ...objects, experiment);
    const run = new Running(['run', 'move', '-n', namespace]);
    await run.said(/traffic is split old 50 %, new 50 %/);
    return { run, namespace };
  }
  const byReplicas = [replicasOf('old'), replicasOf('new')] as const;
  const replicas = (namespace: string) =>
    kubectl(['get', 'deployment', 'old', 'new', '-n', namespace, '-o', 'jsonpath={.items[*].spec.replicas}']);
  const scaledTo3 = (namespace: string) =>
    kubectl(['wait', 'deployment/old', '-n', namespace, '--for=jsonpath={.spec.replicas}=3', '--timeout=60s']);

  it.concurrent('an autoscaler that scales a version up again is named, and its pods are left to it', async () => {
    const { run, namespace } = await moved(byReplicas, {
      intervalSeconds: 2,
      objects: [deployment('old', 4), deployment('new', 0), autoscaler('old', 3)],
    });
    const { code, out, err } = await run.done;
    expect(code, err).toBe(4);
    expect((out + err).replace(/\s+/g, ' ')).toMatch(
      /Deployment old at \.spec\.replicas holds 3, not 2; it was changed by kube-controller-manager/,
    );
    expect(replicas(namespace)).toBe('3 2');
  });

  it.concurrent('what an autoscaler did since the last look is not undone when a run is ended', async () => {
    const { run, namespace } = await moved(byReplicas, {
      intervalSeconds: 300,
      objects: [deployment('old', 4), deployment('new', 0), autoscaler('old', 3)],
    });
    scaledTo3(namespace);
    run.kill('SIGTERM');
    const { code, err } = await run.done;
    expect(code, err).toBe(143);
    expect(err.replace(/\s+/g, ' ')).toMatch(/holds 3, not 2; it was changed by kube-controller-manager/);
    expect(replicas(namespace)).toBe('3 2');
  });

  it.concurrent('GitOps that applies its file again is named, and its weights are left to it', async () => {
    const { run, namespace } = await moved([weightOf(0), weightOf(1)], { intervalSeconds: 2, objects: [route] });
    kubectl(
      ['apply', '--server-side', '--force-conflicts', '--field-manager=argocd-controller', '-n', namespace, '-f', '-'],
      JSON.stringify(route),
    );
    const { code, out, err } = await run.done;
    expect(code, err).toBe(4);
    expect((out + err).replace(/\s+/g, ' ')).toMatch(
      /backendRefs\[0\]\.weight holds 100, not 50; it was changed by argocd-controller/,
    );
    const path = 'jsonpath={.spec.rules[0].backendRefs[*].weight}';
    expect(kubectl(['get', 'httproute', 'shop', '-n', namespace, '-o', path])).toBe('100 0');
  });
});
