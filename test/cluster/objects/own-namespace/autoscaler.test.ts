/** Others that move the same traffic, for real: a HorizontalPodAutoscaler of the controller manager, and a server-side apply of GitOps. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeCluster, freshNamespace, kubectl, Running } from '../../../support/cluster.ts';
import {
  answerErrorMetric,
  createObjects,
  errorMetrics,
  httpRoute,
  idleDeployment,
  replicasOf,
  routeWeight,
  routeWeightsOf,
} from '../../../support/cluster-objects.ts';
import { testServer, type TestServer } from '../../../support/test-server.ts';

describeCluster('others that move the same traffic', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await testServer(({ url = '' }, response) => response.end(answerErrorMetric(url, { broken: 'broken' })));
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** Without metrics it keeps to its bounds, and that is all. */
  const autoscaler = (name: string, minReplicas: number) => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name },
    spec: { minReplicas, maxReplicas: 9, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } },
  });
  const route = httpRoute({ old: 100, new: 0 });

  /** A run that has moved traffic once, and looks at it again after so many seconds. */
  async function moved(
    references: readonly [object, object],
    { intervalSeconds, objects }: { readonly intervalSeconds: number; readonly objects: readonly object[] },
  ): Promise<{ readonly run: Running; readonly namespace: string }> {
    const namespace = await freshNamespace('scaled');
    const [old, fresh] = references;
    const experiment = {
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Experiment',
      metadata: { name: 'move' },
      spec: {
        // Those of one target run one after another.
        target: namespace,
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
    await createObjects(namespace, ...errorMetrics(server.url), ...objects, experiment);
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
      objects: [idleDeployment('old', 4), idleDeployment('new', 0), autoscaler('old', 3)],
    });
    const { code, out, err } = await run.done;
    expect(code, err).toBe(4);
    expect((out + err).replace(/\s+/g, ' ')).toMatch(
      /Deployment old at \.spec\.replicas holds 3, not 2; it was changed by kube-controller-manager/,
    );
    expect(await replicas(namespace)).toBe('3 2');
  });

  it.concurrent('what an autoscaler did since the last look is not undone when a run is ended', async () => {
    const { run, namespace } = await moved(byReplicas, {
      intervalSeconds: 300,
      objects: [idleDeployment('old', 4), idleDeployment('new', 0), autoscaler('old', 3)],
    });
    await scaledTo3(namespace);
    run.kill('SIGTERM');
    const { code, err } = await run.done;
    expect(code, err).toBe(143);
    expect(err.replace(/\s+/g, ' ')).toMatch(/holds 3, not 2; it was changed by kube-controller-manager/);
    expect(await replicas(namespace)).toBe('3 2');
  });

  it.concurrent('GitOps that applies its file again is named, and its weights are left to it', async () => {
    const { run, namespace } = await moved([routeWeight(0), routeWeight(1)], { intervalSeconds: 2, objects: [route] });
    await kubectl(
      ['apply', '--server-side', '--force-conflicts', '--field-manager=argocd-controller', '-n', namespace, '-f', '-'],
      JSON.stringify(route),
    );
    const { code, out, err } = await run.done;
    expect(code, err).toBe(4);
    expect((out + err).replace(/\s+/g, ' ')).toMatch(
      /backendRefs\[0\]\.weight holds 100, not 50; it was changed by argocd-controller/,
    );
    expect(await routeWeightsOf(namespace)).toBe('100 0');
  });
});
