/** A controller that stands by, while the API server goes away and comes back. */
import { beforeAll, expect } from 'vitest';
import {
  clusterTool,
  describeCluster,
  freshNamespace,
  installOurs,
  itInLab,
  kubectl,
  Running,
  watchWithKubectl,
} from '../../../support/cluster.ts';
import { ok, testServer } from '../../../support/test-server.ts';

const experiment = (namespace: string, url: string): string =>
  JSON.stringify({
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name: 'after-restart', namespace },
    spec: {
      target: 'after-restart',
      strategy: {
        testingPattern: 'Conformance',
        actions: {
          start: [{ task: 'metrics/collect', with: { time: '6s', qps: 50, versions: [{ name: 'v1', url }] } }],
        },
      },
      criteria: { objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.05' }] },
      duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
      versionInfo: { baseline: { name: 'v1' } },
    },
  });

describeCluster('the controller', () => {
  beforeAll(installOurs);

  itInLab('a second one that stands by survives a restart of the API server, and takes over afterwards', async () => {
    const namespace = freshNamespace();
    await using server = await testServer(ok);
    const controller = () => new Running(['controller', '-n', namespace]);
    const first = controller();
    await first.said(/"message":"leading"/);
    const second = controller();
    await second.said(/"message":"standing by"/);
    clusterTool('stop', ['-KILL', 'kube-apiserver']);
    try {
      await second.said(/"message":"the lease of the leader cannot be read"/);
    } finally {
      clusterTool('start', ['kube-apiserver']);
    }
    await first.said(/"message":"the watch goes on"/);
    kubectl(['create', '-f', '-'], experiment(namespace, server.url));
    await watchWithKubectl('after-restart', namespace, /ExperimentCompleted/);
    first.kill('SIGTERM');
    expect(await first.done).toMatchObject({ code: 0 });
    await second.said(/"message":"leading"/);
    second.kill('SIGTERM');
    await second.done;
  });
});
