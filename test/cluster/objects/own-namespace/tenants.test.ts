/**
 * Two tenants of one cluster, and a controller that may read the secrets and move the traffic of both: what one of them writes into
 * an experiment gains nothing of the other. And what people ask of experiments, by kubectl and by our commands.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  accountKubeconfig,
  describeCluster,
  freshNamespace,
  iter8ctlProcess,
  kubectl,
  Running,
  tryKubectl,
  watchWithKubectl,
} from '../../../support/cluster.ts';
import { messageServer, type MessageServer } from '../../../support/message-server.ts';

const CANARY = 'CANARY-of-tenant-b';

describeCluster('tenants', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-tenants-'));
  let server: MessageServer;
  let a: string;
  let b: string;
  let ofController: string;
  let ofA: string;

  const create = (...items: object[]) =>
    kubectl(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const version = (name: string, weightObjRef?: object) => ({
    name,
    ...(weightObjRef === undefined ? {} : { weightObjRef }),
  });
  const experiment = (
    name: string,
    change: { readonly start?: object[]; readonly spec?: object; readonly namespace?: string },
  ) => ({
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Experiment',
    metadata: { name, namespace: change.namespace ?? a },
    spec: {
      target: name,
      strategy: { testingPattern: 'Conformance', actions: { start: change.start ?? [] } },
      duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
      versionInfo: { baseline: version('v1') },
      ...change.spec,
    },
  });
  const replicas = (namespace: string, name: string) =>
    kubectl(['get', 'deployment', name, '-n', namespace, '-o', 'jsonpath={.spec.replicas}']);

  beforeAll(async () => {
    server = await messageServer();
    [a, b] = [await freshNamespace('tenant-a'), await freshNamespace('tenant-b')];
    ofA = await accountKubeconfig('alice', a, { role: 'iter8ctl-driver', folder });
    await kubectl([
      'create',
      'rolebinding',
      'secrets',
      '-n',
      a,
      '--clusterrole=iter8ctl-secrets',
      `--serviceaccount=${a}:alice`,
    ]);
    ofController = await accountKubeconfig('controller', b, { role: 'iter8ctl-controller', folder });
    const bound = `--serviceaccount=${b}:controller`;
    // Everywhere, and more than it is given by any installation: nothing but the controller itself stands between the tenants.
    await kubectl(['create', 'clusterrole', `all-${b}`, '--verb=get,patch', '--resource=deployments.apps,secrets']);
    for (const role of ['iter8ctl-controller', 'iter8ctl-secrets', `all-${b}`])
      await kubectl(['create', 'clusterrolebinding', `${role}-${b}`, `--clusterrole=${role}`, bound]);
    const deployment = (name: string) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: b },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'none' }] } },
      },
    });
    await create(
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'own', namespace: b },
        stringData: { token: CANARY, username: 'u', password: CANARY },
      },
      deployment('stable'),
      deployment('canary'),
      {
        apiVersion: 'iter8.tools/v2alpha2',
        kind: 'Metric',
        metadata: { name: 'revenue', namespace: b },
        spec: { urlTemplate: server.url, secret: `${b}/own`, authType: 'Bearer', jqExpression: '.' },
      },
    );
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await server[Symbol.asyncDispose]();
  });

  it('the controller reads no secret, metric or object of another tenant, and moves none of its traffic', async () => {
    const http = (inputs: object) => [
      { task: 'notification/http', with: { url: server.url, ignoreFailure: false, ...inputs } },
    ];
    const weight = (name: string) =>
      version(name, { apiVersion: 'apps/v1', kind: 'Deployment', name, namespace: b, fieldPath: '.spec.replicas' });
    const collect = {
      task: 'metrics/collect',
      with: { numQueries: 5, versions: [{ name: 'v1', url: server.url, headersFrom: { secret: `${b}/own` } }] },
    };
    const metric = {
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Metric',
      metadata: { name: 'stolen', namespace: a },
      spec: {
        urlTemplate: server.url,
        secret: `${b}/own`,
        authType: 'Bearer',
        headerTemplates: [{ name: 'x', value: '$token' }],
        jqExpression: '.',
      },
    };
    const ready = (waitFor: string) => [
      {
        task: 'common/readiness',
        with: {
          initialDelaySeconds: 0,
          numRetries: 0,
          objRefs: [{ kind: 'Secret', name: 'own', namespace: b, waitFor }],
        },
      },
    ];
    const tries = {
      bearer: { start: http({ secret: `${b}/own`, authType: 'Bearer' }) },
      body: { start: http({ secret: `${b}/own`, body: '@< .secret.token >@' }) },
      headers: { start: http({ headersFrom: { secret: `${b}/own` } }) },
      slack: { start: [{ task: 'notification/slack', with: { channel: 'c', secret: `${b}/own`, url: server.url } }] },
      load: { start: [collect] },
      script: { start: [{ run: 'echo @< .Secret "token" >@', with: { secret: `${b}/own` } }] },
      looks: { start: ready('jsonpath={.data.token}=x') },
      metric: { spec: { criteria: { objectives: [{ metric: `${b}/revenue`, upperLimit: '1' }] } } },
      'sample-size': { spec: { criteria: { objectives: [{ metric: 'sized', upperLimit: '1' }] } } },
      'own-metric': { spec: { criteria: { objectives: [{ metric: 'stolen', upperLimit: '1' }] } } },
      traffic: {
        spec: {
          strategy: { testingPattern: 'Canary', deploymentPattern: 'BlueGreen' },
          versionInfo: { baseline: weight('stable'), candidates: [weight('canary')] },
        },
      },
    };
    const sized = {
      ...metric,
      metadata: { name: 'sized', namespace: a },
      spec: { urlTemplate: server.url, sampleSize: `${b}/revenue`, jqExpression: '.' },
    };
    await create(metric, sized, ...Object.entries(tries).map(([name, change]) => experiment(name, change)));
    const running = new Running(
      [
        'controller',
        '-n',
        a,
        '--no-leader-election',
        '--allow-scripts',
        '--script-image',
        'none',
        '--log-level',
        'debug',
      ],
      ofController,
    );
    await Promise.all(Object.keys(tries).map((name) => watchWithKubectl(name, a, /ExperimentCompleted/)));
    running.kill('SIGTERM');
    const { out, err } = await running.done;
    const list = JSON.parse(await kubectl(['get', 'experiments', '-n', a, '-o', 'json'])) as {
      readonly items: readonly { readonly metadata: { name: string }; readonly status: { message: string } }[];
    };
    const messages = Object.fromEntries(list.items.map(({ metadata, status }) => [metadata.name, status.message]));
    expect(Object.keys(messages).toSorted()).toEqual(Object.keys(tries).toSorted());
    const { 'own-metric': ownMetric, ...refused } = messages;
    for (const [name, message] of Object.entries(refused))
      expect(message, name).toMatch(/of another namespace|of namespace tenant-b-\w+; the controller/);
    expect(ownMetric).not.toMatch(/promote/);
    const stored = await kubectl(['get', 'experiments,events,jobs', '-n', a, '-o', 'yaml']);
    const encoded = Buffer.from(CANARY).toString('base64');
    for (const text of [out, err, stored, JSON.stringify(server.got)]) {
      expect(text).not.toContain(CANARY);
      expect(text).not.toContain(encoded);
    }
    expect([await replicas(b, 'stable'), await replicas(b, 'canary')]).toEqual(['0', '0']);
    expect(await kubectl(['get', 'jobs', '-A', '-l', 'app.kubernetes.io/component=script', '-o', 'name'])).toBe('');
  });

  it('a tenant who runs it themselves is refused by the API server, and answers for no experiment of another', async () => {
    await create(experiment('of-b', { namespace: b, start: [{ task: 'gate' }] }));
    const run = await iter8ctlProcess(['run', '-f', '-', '-n', a], {
      kubeconfig: ofA,
      input: JSON.stringify(
        experiment('by-hand', {
          start: [
            {
              task: 'notification/http',
              with: { url: server.url, secret: `${b}/own`, authType: 'Bearer', ignoreFailure: false },
            },
          ],
        }),
      ),
    });
    expect([run.code, run.out + run.err]).toEqual([4, expect.stringMatching(/secret|forbidden|may not/i)]);
    for (const verb of ['approve', 'reject', 'pause', 'abort']) {
      const { code, err } = await iter8ctlProcess([verb, 'of-b', '-n', b], { kubeconfig: ofA });
      expect([code, err]).toEqual([7, expect.stringMatching(/may not|forbidden/i)]);
    }
    const annotated = await tryKubectl(['annotate', 'experiment', 'of-b', '-n', b, 'iter8.tools/abort=true'], ofA);
    expect(annotated.err).toMatch(/forbidden/i);
    expect(JSON.stringify(server.got) + run.out + run.err).not.toContain(CANARY);
  });

  it('a gate is passed by kubectl annotate, and by approve, which says which account it was', async () => {
    const gated = experiment('gated', { start: [{ task: 'gate', with: { message: 'Begin?' } }, { task: 'gate' }] });
    await create(gated);
    const running = new Running(['run', 'gated', '-n', a]);
    await running.said(/gate of start waits for approval: Begin\?.*annotate iter8\.tools\/approve=start\/0/);
    await kubectl(['annotate', 'experiment', 'gated', '-n', a, 'iter8.tools/approve=start/0']);
    await running.said(/gate of start was approved$/);
    await running.said(/gate of start waits for approval \(/);
    expect(await iter8ctlProcess(['approve', 'gated', '-n', a], { kubeconfig: ofA })).toMatchObject({ code: 0 });
    await running.done;
    const by = `system:serviceaccount:${a}:alice`;
    expect(running.err).toContain(`gate of start was approved by ${by}`);
    const events = await kubectl(['get', 'events', '-n', a, '-o', 'custom-columns=R:.reason,M:.message']);
    expect(events).toMatch(new RegExp(`Answered +gate of start was approved by ${by}`));
  });
});
