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
  installOurs,
  installRoutes,
  Running,
  tokenOf,
  writeToken,
} from '../../../support/cluster.ts';
import { testServer, type TestServer } from '../../../support/test-server.ts';

/** Of the Gateway API, as far as weights go. */
describeCluster('traffic', () => {
  let server: TestServer;
  let namespace: string;
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-traffic-'));
  const create = (...items: object[]) =>
    kubectl(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const get = (...args: string[]): unknown => JSON.parse(kubectl(['get', ...args, '-n', namespace, '-o', 'json']));

  beforeAll(async () => {
    installOurs();
    installRoutes();
    server = await testServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      if (url.pathname === '/requests') response.end('10000');
      else response.end(url.searchParams.get('version') === 'broken' ? '0.3' : '0.001');
    });
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await server[Symbol.asyncDispose]();
  });

  function setUp(): void {
    namespace = freshNamespace();
    const metric = (name: string, spec: object) => ({
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Metric',
      metadata: { name, namespace },
      spec: {
        urlTemplate: `${server.url}${name}`,
        params: [{ name: 'version', value: '$name' }],
        jqExpression: '.',
        provider: 'test',
        ...spec,
      },
    });
    create(metric('requests', { type: 'Counter' }), metric('errors', { type: 'Gauge', sampleSize: 'requests' }));
  }

  const experiment = (
    candidate: string,
    references: { readonly old?: object; readonly new?: object },
    change: object = {},
  ) => ({
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name: 'move', namespace },
    spec: {
      target: 'shop',
      strategy: {
        testingPattern: 'Canary',
        deploymentPattern: 'Progressive',
        weights: { maxCandidateWeightIncrement: 40 },
      },
      criteria: { objectives: [{ metric: 'errors', upperLimit: '0.05', rollback_on_failure: true }] },
      duration: { intervalSeconds: 1, iterationsPerLoop: 4 },
      versionInfo: {
        baseline: { name: 'old', ...(references.old === undefined ? {} : { weightObjRef: references.old }) },
        candidates: [{ name: candidate, ...(references.new === undefined ? {} : { weightObjRef: references.new }) }],
      },
      ...change,
    },
  });
  const route = (index: number) => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    name: 'shop',
    fieldPath: `.spec.rules[0].backendRefs[${index}].weight`,
  });
  const createRoute = () =>
    create({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'shop', namespace },
      spec: {
        rules: [
          {
            backendRefs: [
              { name: 'old', port: 80, weight: 1 },
              { name: 'new', port: 80, weight: 0 },
            ],
          },
        ],
      },
    });
  const createDeployment = (name: string, replicas: number) =>
    create({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace },
      spec: {
        replicas,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: { containers: [{ name: 'app', image: 'none.test/none' }] },
        },
      },
    });
  const routeWeights = () =>
    (
      get('httproute', 'shop') as { spec: { rules: { backendRefs: { weight: number }[] }[] } }
    ).spec.rules[0]!.backendRefs.map(({ weight }) => weight);
  const run = (object: object, ...flags: string[]) =>
    iter8ctlProcess(['run', '-f', '-', '-n', namespace, ...flags], { input: JSON.stringify(object) });

  it('goes to a good candidate step by step through an HTTPRoute, and is all its own when it is promoted', async () => {
    setUp();
    createRoute();
    const object = experiment('new', { old: route(0), new: route(1) });
    const plan = await iter8ctlProcess(['plan', '-f', '-', '-n', namespace], { input: JSON.stringify(object) });
    expect(plan.out.replace(/\s+/g, ' ')).toMatch(
      /traffic now old 100 %, new 0 % at fastest old 60 %, new 40 % \| old 20 %, new 80 % \| old 5 %, new 95 % if promoted old 0 %, new 100 % otherwise as it is now/,
    );
    const { code, err } = await run(object);
    expect(code, err).toBe(0);
    expect(err).toContain('traffic is split old 60 %, new 40 % (before: old 100 %, new 0 %)');
    expect(routeWeights()).toEqual([0, 100]);
    const managers = kubectl(['get', 'httproute', 'shop', '-n', namespace, '-o', 'json', '--show-managed-fields']);
    expect(managers).toContain('"manager": "iter8ctl"');
  });

  it('goes back to what it was when the candidate fails', async () => {
    setUp();
    createRoute();
    const { code, out } = await run(experiment('broken', { old: route(0), new: route(1) }));
    expect(code, out).toBe(1);
    expect(routeWeights()).toEqual([1, 0]);
  });

  it('moves by an annotation that is not there yet, and takes it away again', async () => {
    setUp();
    create({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'canary', namespace },
      spec: { defaultBackend: { service: { name: 'new', port: { number: 80 } } } },
    });
    const reference = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      name: 'canary',
      fieldPath: ".metadata.annotations['nginx.ingress.kubernetes.io/canary-weight']",
    };
    const kept = await run(experiment('new', { new: reference }));
    expect(kept.code, kept.err).toBe(0);
    const annotations = () =>
      (get('ingress', 'canary') as { metadata: { annotations?: object } }).metadata.annotations ?? {};
    expect(annotations()).toEqual({ 'nginx.ingress.kubernetes.io/canary-weight': '100' });
    kubectl(['annotate', 'ingress', 'canary', '-n', namespace, 'nginx.ingress.kubernetes.io/canary-weight-']);
    const broken = await run({ ...experiment('broken', { new: reference }), metadata: { name: 'again', namespace } });
    expect(broken.code, broken.out).toBe(1);
    expect(annotations()).toEqual({});
  });

  it('is replicas of two Deployments, in whole pods', async () => {
    setUp();
    createDeployment('old', 4);
    createDeployment('new', 0);
    const reference = (name: string) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name,
      fieldPath: '.spec.replicas',
    });
    const { code, err } = await run(experiment('new', { old: reference('old'), new: reference('new') }));
    expect(code, err).toBe(0);
    const pods = (name: string) => (get('deployment', name) as { spec: { replicas: number } }).spec.replicas;
    expect([pods('old'), pods('new')]).toEqual([0, 4]);
  });

  it('fails the experiment when somebody else moves it, says who, and leaves it to them', async () => {
    setUp();
    createRoute();
    create(
      experiment('new', { old: route(0), new: route(1) }, { duration: { intervalSeconds: 2, iterationsPerLoop: 8 } }),
    );
    const running = new Running(['run', 'move', '-n', namespace]);
    await running.said(/traffic is split old 60 %/);
    kubectl([
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
    expect(routeWeights()).toEqual([60, 33]);
  });

  it('fails also when somebody puts back what was there at the start: a GitOps controller, an autoscaler', async () => {
    setUp();
    createRoute();
    createDeployment('old', 4);
    createDeployment('new', 0);
    const replicas = (name: string) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name,
      fieldPath: '.spec.replicas',
    });
    const slow = { duration: { intervalSeconds: 2, iterationsPerLoop: 8 } };
    create(experiment('new', { old: route(0), new: route(1) }, slow), {
      ...experiment('new', { old: replicas('old'), new: replicas('new') }, slow),
      metadata: { name: 'pods', namespace },
    });
    const routes = new Running(['run', 'move', '-n', namespace]);
    await routes.said(/traffic is split old 60 %/);
    const backendRefs = [
      { name: 'old', port: 80, weight: 1 },
      { name: 'new', port: 80, weight: 0 },
    ];
    const git = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'shop', namespace },
      spec: { rules: [{ backendRefs }] },
    };
    // Times are recorded in whole seconds: what was put back in that of our own change is seen when it is put back again.
    await setTimeout(1_000);
    kubectl(['apply', '--server-side', '--force-conflicts', '--field-manager=gitops', '-f', '-'], JSON.stringify(git));
    const reverted = await routes.done;
    expect(reverted.code, reverted.err).toBe(4);
    expect((reverted.out + reverted.err).replace(/\s+/g, ' ')).toMatch(
      /weight holds 0, not \d+; it was changed by gitops at /,
    );
    expect(routeWeights()).toEqual([1, 0]);
    const pods = new Running(['run', 'pods', '-n', namespace]);
    await pods.said(/traffic is split old (50|75) %/);
    await setTimeout(1_000);
    kubectl(['scale', 'deployment', 'old', '-n', namespace, '--replicas=4']);
    const scaled = await pods.done;
    expect(scaled.code, scaled.err).toBe(4);
    expect((scaled.out + scaled.err).replace(/\s+/g, ' ')).toMatch(
      /replicas holds 4, not \d; it was changed by kubectl/,
    );
    expect((get('deployment', 'old') as { spec: { replicas: number } }).spec.replicas).toBe(4);
  });

  it('is put back on SIGTERM, and by --keep-split left where it is', async () => {
    setUp();
    createRoute();
    create(
      experiment('new', { old: route(0), new: route(1) }, { duration: { intervalSeconds: 2, iterationsPerLoop: 30 } }),
    );
    for (const [flags, expected] of [
      [[], [1, 0]],
      [['--keep-split'], [60, 40]],
    ] as const) {
      const running = new Running(['run', 'move', '-n', namespace, ...flags]);
      await running.said(/traffic is split old 60 %/);
      running.kill('SIGTERM');
      const { code, err } = await running.done;
      expect(code, err).toBe(143);
      expect(routeWeights()).toEqual(expected);
    }
  });

  it('needs no more than the Roles that are printed for its experiment', async () => {
    setUp();
    createRoute();
    const object = experiment('new', { old: route(0), new: route(1) });
    const printed = await iter8ctlProcess(['install', '--print-role', '-f', '-'], { input: JSON.stringify(object) });
    expect(printed.code, printed.err).toBe(0);
    kubectl(['create', 'serviceaccount', 'driver', '-n', namespace]);
    kubectl(['apply', '-f', '-'], printed.out);
    for (const at of [namespace, 'iter8-system'])
      kubectl([
        'create',
        'rolebinding',
        `move-${namespace}`,
        '-n',
        at,
        '--role=iter8ctl-move',
        `--serviceaccount=${namespace}:driver`,
      ]);
    const kubeconfig = path.join(folder, 'driver');
    writeToken(kubeconfig, tokenOf('driver', namespace));
    const plan = await iter8ctlProcess(['plan', '-f', '-', '-n', namespace], {
      kubeconfig,
      input: JSON.stringify(object),
    });
    expect(plan.out, plan.err).toMatch(/permissions +(\d+) of \1\n/);
    const { code, err } = await iter8ctlProcess(['run', '-f', '-', '-n', namespace], {
      kubeconfig,
      input: JSON.stringify(object),
    });
    expect(code, err).toBe(0);
    expect(routeWeights()).toEqual([0, 100]);
    // Another route of the namespace is none of its business.
    create({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'other', namespace },
      spec: {},
    });
    const other = { ...route(0), name: 'other' };
    const refused = await iter8ctlProcess(['plan', '-f', '-', '-n', namespace], {
      kubeconfig,
      input: JSON.stringify({ ...experiment('new', { new: other }), metadata: { name: 'second', namespace } }),
    });
    expect(refused.code).toBe(7);
    expect(refused.out.replace(/\s+/g, ' ')).toContain(
      'may not patch httproutes.gateway.networking.k8s.io other in namespace',
    );
  });

  it('that would be dropped by the schema is seen by plan, and by a run before anything is sent', async () => {
    setUp();
    createDeployment('new', 1);
    const nowhere = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'new', fieldPath: '.spec.nope' };
    const object = experiment('new', { new: nowhere });
    const plan = await iter8ctlProcess(['plan', '-f', '-', '-n', namespace], { input: JSON.stringify(object) });
    expect(plan.code, plan.err).toBe(4);
    expect(plan.out.replace(/\s+/g, ' ')).toMatch(
      /traffic cannot be moved: Deployment new at \.spec\.nope would hold nothing where 100 is written: the server drops or changes it; check fieldPath/,
    );
    const { code, out } = await run(object);
    expect(code, out).toBe(4);
    expect(out.replace(/\s+/g, ' ')).toContain('would hold nothing where 100 is written');
  });

  it('that a killed driver has left is kept in mind: neither restart nor delete forget what it was before', async () => {
    setUp();
    createRoute();
    const object = experiment(
      'new',
      { old: route(0), new: route(1) },
      { duration: { intervalSeconds: 2, iterationsPerLoop: 30 } },
    );
    create(object);
    const running = new Running(['run', 'move', '-n', namespace]);
    await running.said(/traffic is split old 60 %/);
    running.kill('SIGKILL');
    await running.done;
    expect(routeWeights()).toEqual([60, 40]);
    // As if its locks had run out.
    kubectl(['delete', 'lease', '--all', '-n', namespace]);
    const restarted = await run(object, '--restart');
    expect(restarted.code, restarted.out).toBe(7);
    expect(restarted.err.replace(/\s+/g, ' ')).toMatch(/has moved traffic, which was not put back/);
    const deleted = await iter8ctlProcess(['delete', 'move', '-n', namespace]);
    expect(deleted.code).toBe(7);
    const again = new Running(['run', 'move', '-n', namespace]);
    await again.said(/traffic is split/);
    again.kill('SIGTERM');
    expect((await again.done).code).toBe(143);
    expect(routeWeights()).toEqual([1, 0]);
    expect((await iter8ctlProcess(['delete', 'move', '-n', namespace])).code).toBe(0);
  });
});
