/** The API server killed and started again: what measures, moves traffic, watches or stands by meanwhile goes on, and loses nothing. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  describeLab,
  freshNamespace,
  installOurs,
  iter8ctlProcess,
  kubectl,
  Running,
  watchWithKubectl,
} from '../../../support/cluster.ts';
import { answerErrorMetric, createObjects, errorMetrics, loadedExperiment } from '../../../support/cluster-objects.ts';
import { Outage } from '../../../support/outage.ts';
import { ok, testServer, type TestServer } from '../../../support/test-server.ts';

// All in one outage, each in a namespace of its own.
describeLab('while the API server is away', () => {
  const outage = new Outage(4);
  let server: TestServer;

  beforeAll(async () => {
    await installOurs();
    server = await testServer(ok);
  });
  afterAll(async () => {
    await outage.end();
    await server[Symbol.asyncDispose]();
  });

  const loaded = (namespace: string, seconds: number) =>
    loadedExperiment({ namespace, name: 'shop' }, server.url, { seconds, qps: 40 });
  const satisfied = /error-rate of v1 is satisfied/;

  it.concurrent('no measurement stops, and the status catches up', () =>
    outage.takePart(async (during) => {
      const namespace = await freshNamespace();
      await createObjects(namespace, loaded(namespace, 25));
      const run = new Running(['run', 'shop', '-n', namespace]);
      await run.said(satisfied);
      await during(() => run.said(/cannot save for now, going on: .*does not answer/));
      const { code, out, err } = await run.done;
      expect(code, err).toBe(0);
      expect(err).toMatch(/answers again; everything measured meanwhile is saved/);
      expect(out).toMatch(/^promote v1\n/);
      const described = await iter8ctlProcess(['describe', 'shop', '-n', namespace, '-o', 'json']);
      const view = JSON.parse(described.out) as { objectives: { n: number; verdict: string }[] };
      expect(view.objectives[0]).toMatchObject({ n: 1000, verdict: 'satisfied' });
    }));

  it.concurrent('traffic stays where it is, goes on afterwards, and nothing is done twice', () =>
    outage.takePart(async (during) => {
      const namespace = await freshNamespace();
      const paths: string[] = [];
      // The next step to be decided on is decided on while the API server is away.
      let held: Promise<void> = Promise.resolve();
      await using shop = await testServer(({ url = '' }, response) => {
        const { pathname } = new URL(url, 'http://x');
        paths.push(pathname);
        if (!/requests|errors/.test(pathname)) response.end('ok');
        else void held.then(() => response.end(answerErrorMetric(url, { broken: 'broken' })));
      });
      const weights = (name: string, weight: string) => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name },
        data: { weight },
      });
      const version = (name: string) => ({
        name,
        weightObjRef: { apiVersion: 'v1', kind: 'ConfigMap', name, fieldPath: '.data.weight' },
      });
      const versions = ['old', 'new'].map((name) => ({ name, url: `${shop.url}${name}` }));
      const experiment = {
        apiVersion: 'iter8.tools/v2alpha2',
        kind: 'Experiment',
        metadata: { name: 'moving' },
        spec: {
          target: namespace,
          strategy: {
            testingPattern: 'Canary',
            deploymentPattern: 'Progressive',
            weights: { maxCandidateWeightIncrement: 40 },
            actions: {
              start: [{ task: 'metrics/collect', with: { numQueries: 40, qps: 40, versions } }],
              finish: [{ task: 'notification/http', with: { url: `${shop.url}message`, method: 'POST' } }],
            },
          },
          criteria: {
            objectives: [{ metric: 'errors', upperLimit: '0.05', rollback_on_failure: true }],
            strength: { extend: false },
          },
          duration: { intervalSeconds: 3, iterationsPerLoop: 6 },
          versionInfo: { baseline: version('old'), candidates: [version('new')] },
        },
      };
      await createObjects(namespace, ...errorMetrics(shop.url), weights('old', '100'), weights('new', '0'), experiment);
      const run = new Running(['run', 'moving', '-n', namespace]);
      await run.said(/traffic is split old 60 %/);
      let letGo = () => {};
      held = new Promise((resolve) => (letGo = resolve));
      await during(() => {
        letGo();
        return run.said(/traffic stays where it is for now: .*does not answer/);
      });
      const { code, err } = await run.done;
      expect(code, err).toBe(0);
      expect(err).toMatch(/answers again; everything measured meanwhile is saved/);
      const both = ['configmap', 'old', 'new', '-n', namespace];
      expect(await kubectl(['get', ...both, '-o', 'jsonpath={.items[*].data.weight}'])).toBe('0 100');
      const asked = (path: string) => paths.filter((one) => one === path).length;
      expect([asked('/old'), asked('/new'), asked('/message')]).toEqual([40, 40, 1]);
    }));

  it.concurrent('a watch goes on, and says that it is stale', () =>
    outage.takePart(async (during) => {
      const namespace = await freshNamespace();
      await createObjects(namespace, loaded(namespace, 25));
      const run = new Running(['run', 'shop', '-n', namespace]);
      await run.said(satisfied);
      const watch = new Running(['watch', 'shop', '-n', namespace]);
      await watch.said(satisfied);
      await during(() => watch.said(/^stale: /));
      await watch.said(/up to date again/);
      expect(await run.done).toMatchObject({ code: 0 });
      expect(await watch.done).toMatchObject({ code: 0 });
    }));

  it.concurrent('a controller that stands by goes on doing so, and takes over afterwards', () =>
    outage.takePart(async (during) => {
      const namespace = await freshNamespace();
      // Those of one namespace choose one that leads.
      const env = { POD_NAMESPACE: namespace };
      const controller = () => new Running(['controller', '-n', namespace], undefined, env);
      const first = controller();
      await first.said(/"message":"leading"/);
      const second = controller();
      await second.said(/"message":"standing by"/);
      await during(() => second.said(/"message":"the lease of the leader cannot be read"/));
      await first.said(/"message":"the watch goes on"/);
      await createObjects(namespace, loaded(namespace, 6));
      await watchWithKubectl('shop', namespace, /ExperimentCompleted/);
      first.kill('SIGTERM');
      expect(await first.done).toMatchObject({ code: 0 });
      await second.said(/"message":"leading"/);
      second.kill('SIGTERM');
      await second.done;
    }));
});
