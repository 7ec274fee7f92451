/** Traffic that is moved through objects of a real API server: routes, annotations and replicas; and what stands in the way. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  describeCluster,
  freshNamespace,
  iter8ctlProcess,
  kubectl,
  Running,
  tokenOf,
  writeToken,
} from '../../../support/cluster.ts';
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

const SPLIT = { old: routeWeight(0), new: routeWeight(1) };
/** Time to do something to it in mid-run. */
const slowly = (iterationsPerLoop: number) => ({ duration: { intervalSeconds: 2, iterationsPerLoop } });

// All at once, each in a namespace of its own: most of the time they wait for iterations.
describeCluster('traffic', () => {
  let server: TestServer;
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-traffic-'));

  beforeAll(async () => {
    server = await testServer(({ url = '' }, response) => response.end(answerErrorMetric(url, { broken: 'broken' })));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await server[Symbol.asyncDispose]();
  });

  /** A namespace with both metrics and these. */
  async function setUp(...objects: readonly object[]): Promise<string> {
    const namespace = await freshNamespace();
    await createObjects(namespace, ...errorMetrics(server.url), ...objects);
    return namespace;
  }

  /** From `old` to this candidate. Its target is its own: those of one target run one after another. */
  const experiment = (
    namespace: string,
    candidate: 'new' | 'broken',
    references: { readonly old?: object; readonly new?: object },
    change: { readonly name?: string; readonly duration?: object } = {},
  ) => ({
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name: change.name ?? 'move', namespace },
    spec: {
      target: namespace,
      strategy: {
        testingPattern: 'Canary',
        deploymentPattern: 'Progressive',
        weights: { maxCandidateWeightIncrement: 40 },
      },
      criteria: { objectives: [{ metric: 'errors', upperLimit: '0.05', rollback_on_failure: true }] },
      duration: change.duration ?? { intervalSeconds: 1, iterationsPerLoop: 4 },
      versionInfo: {
        baseline: { name: 'old', ...(references.old === undefined ? {} : { weightObjRef: references.old }) },
        candidates: [{ name: candidate, ...(references.new === undefined ? {} : { weightObjRef: references.new }) }],
      },
    },
  });
  const route = (old = 1, fresh = 0) => httpRoute({ old, new: fresh });
  const get = async (namespace: string, ...what: string[]): Promise<unknown> =>
    JSON.parse(await kubectl(['get', ...what, '-n', namespace, '-o', 'json']));
  const run = (namespace: string, object: object, ...flags: string[]) =>
    iter8ctlProcess(['run', '-f', '-', '-n', namespace, ...flags], { input: JSON.stringify(object) });

  it.concurrent('goes to a good candidate step by step through an HTTPRoute, and is all its own when it is promoted', async () => {
    const namespace = await setUp(route());
    const object = experiment(namespace, 'new', SPLIT);
    const plan = await iter8ctlProcess(['plan', '-f', '-', '-n', namespace], { input: JSON.stringify(object) });
    expect(plan.out.replace(/\s+/g, ' ')).toMatch(
      /traffic now old 100 %, new 0 % at fastest old 60 %, new 40 % \| old 20 %, new 80 % \| old 5 %, new 95 % if promoted old 0 %, new 100 % otherwise as it is now/,
    );
    const { code, err } = await run(namespace, object);
    expect(code, err).toBe(0);
    expect(err).toContain('traffic is split old 60 %, new 40 % (before: old 100 %, new 0 %)');
    expect(await routeWeightsOf(namespace)).toBe('0 100');
    const managers = await kubectl([
      'get',
      'httproute',
      'shop',
      '-n',
      namespace,
      '-o',
      'json',
      '--show-managed-fields',
    ]);
    expect(managers).toContain('"manager": "iter8ctl"');
  });

  it.concurrent('goes back to what it was when the candidate fails', async () => {
    const namespace = await setUp(route());
    const { code, out } = await run(namespace, experiment(namespace, 'broken', SPLIT));
    expect(code, out).toBe(1);
    expect(await routeWeightsOf(namespace)).toBe('1 0');
  });

  it.concurrent('moves by an annotation that is not there yet, and takes it away again', async () => {
    const namespace = await setUp({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'canary' },
      spec: { defaultBackend: { service: { name: 'new', port: { number: 80 } } } },
    });
    const reference = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      name: 'canary',
      fieldPath: ".metadata.annotations['nginx.ingress.kubernetes.io/canary-weight']",
    };
    const kept = await run(namespace, experiment(namespace, 'new', { new: reference }));
    expect(kept.code, kept.err).toBe(0);
    const annotations = async () =>
      ((await get(namespace, 'ingress', 'canary')) as { metadata: { annotations?: object } }).metadata.annotations ??
      {};
    expect(await annotations()).toEqual({ 'nginx.ingress.kubernetes.io/canary-weight': '100' });
    await kubectl(['annotate', 'ingress', 'canary', '-n', namespace, 'nginx.ingress.kubernetes.io/canary-weight-']);
    const broken = await run(namespace, experiment(namespace, 'broken', { new: reference }, { name: 'again' }));
    expect(broken.code, broken.out).toBe(1);
    expect(await annotations()).toEqual({});
  });

  it.concurrent('is replicas of two Deployments, in whole pods', async () => {
    const namespace = await setUp(idleDeployment('old', 4), idleDeployment('new', 0));
    const references = { old: replicasOf('old'), new: replicasOf('new') };
    const { code, err } = await run(namespace, experiment(namespace, 'new', references));
    expect(code, err).toBe(0);
    const pods = await kubectl([
      'get',
      'deployment',
      'old',
      'new',
      '-n',
      namespace,
      '-o',
      'jsonpath={.items[*].spec.replicas}',
    ]);
    expect(pods).toBe('0 4');
  });

  it.concurrent('fails the experiment when somebody else moves it, says who, and leaves it to them', async () => {
    const namespace = await setUp(route());
    await createObjects(namespace, experiment(namespace, 'new', SPLIT, slowly(8)));
    const running = new Running(['run', 'move', '-n', namespace]);
    await running.said(/traffic is split old 60 %/);
    await kubectl([
      'patch',
      'httproute',
      'shop',
      '-n',
      namespace,
      '--type=json',
      '--field-manager=gitops',
      '-p',
      JSON.stringify([{ op: 'replace', path: '/spec/rules/0/backendRefs/1/weight', value: 33 }]),
    ]);
    const { code, err, out } = await running.done;
    expect(code, err).toBe(4);
    expect((out + err).replace(/\s+/g, ' ')).toMatch(
      /backendRefs\[1\]\.weight holds 33, not 40; it was changed by gitops at /,
    );
    expect(await routeWeightsOf(namespace)).toBe('60 33');
  });

  it.concurrent('fails also when GitOps puts back what was there at the start', async () => {
    const namespace = await setUp(route());
    await createObjects(namespace, experiment(namespace, 'new', SPLIT, slowly(8)));
    const running = new Running(['run', 'move', '-n', namespace]);
    await running.said(/traffic is split old 60 %/);
    // Times are recorded in whole seconds: what was put back in that of our own change is seen when it is put back again.
    await setTimeout(1_000);
    await kubectl(
      ['apply', '--server-side', '--force-conflicts', '--field-manager=gitops', '-n', namespace, '-f', '-'],
      JSON.stringify(route()),
    );
    const { code, out, err } = await running.done;
    expect(code, err).toBe(4);
    expect((out + err).replace(/\s+/g, ' ')).toMatch(/weight holds 0, not \d+; it was changed by gitops at /);
    expect(await routeWeightsOf(namespace)).toBe('1 0');
  });

  it.concurrent('fails also when replicas are scaled back to what they were', async () => {
    const namespace = await setUp(idleDeployment('old', 4), idleDeployment('new', 0));
    const references = { old: replicasOf('old'), new: replicasOf('new') };
    await createObjects(namespace, experiment(namespace, 'new', references, slowly(8)));
    const running = new Running(['run', 'move', '-n', namespace]);
    await running.said(/traffic is split old (50|75) %/);
    await setTimeout(1_000);
    await kubectl(['scale', 'deployment', 'old', '-n', namespace, '--replicas=4']);
    const { code, out, err } = await running.done;
    expect(code, err).toBe(4);
    expect((out + err).replace(/\s+/g, ' ')).toMatch(/replicas holds 4, not \d; it was changed by kubectl/);
    expect(await kubectl(['get', 'deployment', 'old', '-n', namespace, '-o', 'jsonpath={.spec.replicas}'])).toBe('4');
  });

  it.concurrent('is put back on SIGTERM, and by --keep-split left where it is', async () => {
    const namespace = await setUp(route());
    await createObjects(namespace, experiment(namespace, 'new', SPLIT, slowly(30)));
    for (const [flags, expected] of [
      [[], '1 0'],
      [['--keep-split'], '60 40'],
    ] as const) {
      const running = new Running(['run', 'move', '-n', namespace, ...flags]);
      await running.said(/traffic is split old 60 %/);
      running.kill('SIGTERM');
      const { code, err } = await running.done;
      expect(code, err).toBe(143);
      expect(await routeWeightsOf(namespace)).toBe(expected);
    }
  });

  it.concurrent('needs no more than the Roles that are printed for its experiment', async () => {
    const namespace = await setUp(route());
    const input = JSON.stringify(experiment(namespace, 'new', SPLIT));
    const printed = await iter8ctlProcess(['install', '--print-role', '-f', '-'], { input });
    expect(printed.code, printed.err).toBe(0);
    await kubectl(['create', 'serviceaccount', 'driver', '-n', namespace]);
    await kubectl(['apply', '-f', '-'], printed.out);
    for (const at of [namespace, 'iter8-system'])
      await kubectl([
        'create',
        'rolebinding',
        `move-${namespace}`,
        '-n',
        at,
        '--role=iter8ctl-move',
        `--serviceaccount=${namespace}:driver`,
      ]);
    const kubeconfig = path.join(folder, 'driver');
    await writeToken(kubeconfig, await tokenOf('driver', namespace));
    const plan = await iter8ctlProcess(['plan', '-f', '-', '-n', namespace], { kubeconfig, input });
    expect(plan.out, plan.err).toMatch(/permissions +(\d+) of \1\n/);
    const { code, err } = await iter8ctlProcess(['run', '-f', '-', '-n', namespace], { kubeconfig, input });
    expect(code, err).toBe(0);
    expect(await routeWeightsOf(namespace)).toBe('0 100');
    // Another route of the namespace is none of its business.
    await createObjects(namespace, httpRoute({ old: 1, new: 0 }, 'other'));
    const refused = await iter8ctlProcess(['plan', '-f', '-', '-n', namespace], {
      kubeconfig,
      input: JSON.stringify(experiment(namespace, 'new', { new: routeWeight(0, 'other') }, { name: 'second' })),
    });
    expect(refused.code).toBe(7);
    expect(refused.out.replace(/\s+/g, ' ')).toContain(
      'may not patch httproutes.gateway.networking.k8s.io other in namespace',
    );
  });

  it.concurrent('that would be dropped by the schema is seen by plan, and by a run before anything is sent', async () => {
    const namespace = await setUp(idleDeployment('new', 1));
    const object = experiment(namespace, 'new', { new: { ...replicasOf('new'), fieldPath: '.spec.nope' } });
    const plan = await iter8ctlProcess(['plan', '-f', '-', '-n', namespace], { input: JSON.stringify(object) });
    expect(plan.code, plan.err).toBe(4);
    expect(plan.out.replace(/\s+/g, ' ')).toMatch(
      /traffic cannot be moved: Deployment new at \.spec\.nope would hold nothing where 100 is written: the server drops or changes it; check fieldPath/,
    );
    const { code, out } = await run(namespace, object);
    expect(code, out).toBe(4);
    expect(out.replace(/\s+/g, ' ')).toContain('would hold nothing where 100 is written');
  });

  it.concurrent('that a killed driver has left is kept in mind: neither restart nor delete forget what it was before', async () => {
    const namespace = await setUp(route());
    const object = experiment(namespace, 'new', SPLIT, slowly(30));
    await createObjects(namespace, object);
    const running = new Running(['run', 'move', '-n', namespace]);
    await running.said(/traffic is split old 60 %/);
    running.kill('SIGKILL');
    await running.done;
    expect(await routeWeightsOf(namespace)).toBe('60 40');
    // As if its locks had run out.
    await kubectl(['delete', 'lease', '--all', '-n', namespace]);
    const restarted = await run(namespace, object, '--restart');
    expect(restarted.code, restarted.out).toBe(7);
    expect(restarted.err.replace(/\s+/g, ' ')).toMatch(/has moved traffic, which was not put back/);
    const deleted = await iter8ctlProcess(['delete', 'move', '-n', namespace]);
    expect(deleted.code).toBe(7);
    const again = new Running(['run', 'move', '-n', namespace]);
    await again.said(/traffic is split/);
    again.kill('SIGTERM');
    expect((await again.done).code).toBe(143);
    expect(await routeWeightsOf(namespace)).toBe('1 0');
    expect((await iter8ctlProcess(['delete', 'move', '-n', namespace])).code).toBe(0);
  });
});
