/** What goes wrong in mid-run, caused for real: the API server killed, the object deleted or changed, a token that expires. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  accountKubeconfig,
  clusterTool,
  contextName,
  describeCluster,
  freshNamespace,
  iter8ctlProcess,
  itInLab,
  kubectl,
  OUR_CRDS,
  replaceCrds,
  Running,
  tokenOf,
  writeToken,
} from '../../../support/cluster.ts';
import { freezableProxy } from '../../../support/freezable-proxy.ts';
import { ok, testServer } from '../../../support/test-server.ts';

describeCluster('in mid-run', () => {
  // Those without the lab's tools run at once: most of their time they wait for leases and loads, each of its own experiment.
  let namespace: string;
  let url: string;
  let close: () => Promise<void>;
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-faults-'));
  let count = 0;

  /** A manifest file of an experiment that takes `seconds`. */
  const manifest = (seconds: number, name = `e${++count}`): { readonly name: string; readonly file: string } => {
    const file = path.join(folder, `${name}.json`);
    writeFileSync(
      file,
      JSON.stringify({
        apiVersion: 'iter8.tools/v2alpha2',
        kind: 'Experiment',
        metadata: { name, namespace },
        spec: {
          target: name,
          strategy: {
            testingPattern: 'Conformance',
            actions: {
              start: [
                { task: 'metrics/collect', with: { time: `${seconds}s`, qps: 40, versions: [{ name: 'v1', url }] } },
              ],
            },
          },
          criteria: { objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.05' }] },
          duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
          versionInfo: { baseline: { name: 'v1' } },
        },
      }),
    );
    return { name, file };
  };
  const satisfied = /error-rate of v1 is satisfied/;

  beforeAll(async () => {
    replaceCrds(OUR_CRDS);
    namespace = freshNamespace();
    const server = await testServer(ok);
    url = server.url;
    close = () => Promise.resolve(server[Symbol.asyncDispose]());
  });
  afterAll(() => close());

  itInLab('an API server that is killed stops no measurement, and the status catches up', async () => {
    const { name, file } = manifest(15);
    const run = new Running(['run', '-f', file]);
    await run.said(satisfied);
    clusterTool('stop', ['-KILL', 'kube-apiserver']);
    try {
      await run.said(/cannot save for now, going on: .*does not answer/);
    } finally {
      clusterTool('start', ['kube-apiserver']);
    }
    const { code, out, err } = await run.done;
    expect(code, err).toBe(0);
    expect(err).toMatch(/answers again; everything measured meanwhile is saved/);
    expect(out).toMatch(/^promote v1\n/);
    const described = await iter8ctlProcess(['describe', name, '-n', namespace, '-o', 'json']);
    const view = JSON.parse(described.out) as { objectives: { n: number; verdict: string }[] };
    expect(view.objectives[0]).toMatchObject({ n: 600, verdict: 'satisfied' });
  });

  itInLab(
    'an API server that is away while traffic moves: it stays, goes on when it is back, and nothing is done twice',
    async () => {
      const paths: string[] = [];
      const server = await testServer((request, response) => {
        const { pathname } = new URL(request.url ?? '', 'http://x');
        paths.push(pathname);
        response.end(pathname === '/requests' ? '10000' : pathname === '/errors' ? '0.001' : 'ok');
      });
      try {
        const metric = (name: string, spec: object) => ({
          apiVersion: 'iter8.tools/v2alpha2',
          kind: 'Metric',
          metadata: { name, namespace },
          spec: { urlTemplate: `${server.url}${name}`, jqExpression: '.', provider: 'test', ...spec },
        });
        const weights = (name: string, weight: string) => ({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name, namespace },
          data: { weight },
        });
        const version = (name: string) => ({
          name,
          weightObjRef: { apiVersion: 'v1', kind: 'ConfigMap', name, fieldPath: '.data.weight' },
        });
        const versions = ['old', 'new'].map((name) => ({ name, url: `${server.url}${name}` }));
        const experiment = {
          apiVersion: 'iter8.tools/v2alpha2',
          kind: 'Experiment',
          metadata: { name: 'moving', namespace },
          spec: {
            target: 'moving',
            strategy: {
              testingPattern: 'Canary',
              deploymentPattern: 'Progressive',
              weights: { maxCandidateWeightIncrement: 40 },
              actions: {
                start: [{ task: 'metrics/collect', with: { numQueries: 40, qps: 40, versions } }],
                finish: [{ task: 'notification/http', with: { url: `${server.url}told`, method: 'POST' } }],
              },
            },
            criteria: {
              objectives: [{ metric: 'errors', upperLimit: '0.05', rollback_on_failure: true }],
              strength: { extend: false },
            },
            duration: { intervalSeconds: 3, iterationsPerLoop: 4 },
            versionInfo: { baseline: version('old'), candidates: [version('new')] },
          },
        };
        const items = [
          metric('requests', { type: 'Counter' }),
          metric('errors', { type: 'Gauge', sampleSize: 'requests' }),
          weights('old', '100'),
          weights('new', '0'),
          experiment,
        ];
        kubectl(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
        const run = new Running(['run', 'moving', '-n', namespace]);
        await run.said(/traffic is split old 60 %/);
        clusterTool('stop', ['-KILL', 'kube-apiserver']);
        try {
          await run.said(/traffic stays where it is for now: .*does not answer/);
        } finally {
          clusterTool('start', ['kube-apiserver']);
        }
        const { code, err } = await run.done;
        expect(code, err).toBe(0);
        expect(err).toMatch(/answers again; everything measured meanwhile is saved/);
        const held = (name: string) =>
          kubectl(['get', 'configmap', name, '-n', namespace, '-o', 'jsonpath={.data.weight}']);
        expect([held('old'), held('new')]).toEqual(['0', '100']);
        const asked = (path: string) => paths.filter((one) => one === path).length;
        expect([asked('/old'), asked('/new'), asked('/told')]).toEqual([40, 40, 1]);
      } finally {
        await server[Symbol.asyncDispose]();
      }
    },
  );

  itInLab('a watch survives it, and says that it is stale', async () => {
    const { name, file } = manifest(20);
    const run = new Running(['run', '-f', file]);
    await run.said(satisfied);
    const watch = new Running(['watch', name, '-n', namespace]);
    await watch.said(satisfied);
    clusterTool('stop', ['-KILL', 'kube-apiserver']);
    try {
      await watch.said(/^stale: /);
    } finally {
      clusterTool('start', ['kube-apiserver']);
    }
    await watch.said(/up to date again/);
    expect(await run.done).toMatchObject({ code: 0 });
    expect(await watch.done).toMatchObject({ code: 0 });
  });

  it.concurrent('an object that is deleted ends the run with a clear sentence', async () => {
    const { name, file } = manifest(60);
    const run = new Running(['run', '-f', file]);
    await run.said(satisfied);
    kubectl(['delete', 'experiment', name, '-n', namespace]);
    const { code, err } = await run.done;
    expect(code).toBe(6);
    expect(err).toMatch(
      new RegExp(`experiment ${namespace}/${name} was deleted while it was driven, so there is nothing to save to`),
    );
  });

  it.concurrent('an object that is deleted and made again is not written to', async () => {
    const { name, file } = manifest(60);
    const run = new Running(['run', '-f', file]);
    await run.said(satisfied);
    kubectl(['delete', 'experiment', name, '-n', namespace]);
    kubectl(['create', '-f', file]);
    expect(await run.done).toMatchObject({ code: 6 });
    expect(kubectl(['get', 'experiment', name, '-n', namespace, '-o', 'jsonpath={.status}'])).toBe('');
  });

  it.concurrent('a spec that somebody changes is reported, and the run goes on with the one that it began with', async () => {
    const { name, file } = manifest(20);
    const run = new Running(['run', '-f', file]);
    await run.said(satisfied);
    kubectl([
      'patch',
      'experiment',
      name,
      '-n',
      namespace,
      '--type=merge',
      '-p',
      '{"spec":{"criteria":{"objectives":[{"metric":"iter8-system/error-rate","upperLimit":"0.5"}]}},"metadata":{"labels":{"theirs":"kept"}}}',
    ]);
    kubectl([
      'patch',
      'experiment',
      name,
      '-n',
      namespace,
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"currentWeightDistribution":[{"name":"x","value":7}]}}',
    ]);
    const { code, out, err } = await run.done;
    expect(code, err).toBe(0);
    expect(err).toMatch(
      /its spec was changed by somebody else while it runs: this run goes on with the spec that it began with/,
    );
    expect(out).toMatch(/error-rate +<= 5 %/);
    const object = kubectl(['get', 'experiment', name, '-n', namespace, '-o', 'json']);
    expect(object).toMatch(/"theirs": "kept"/);
    expect(object).toMatch(/"upperLimit": "0\.5"/);
  });

  it.concurrent('a driver that is killed is followed by another, which goes on where it was', async () => {
    const { name, file } = manifest(25);
    const first = new Running(['run', '-f', file]);
    await first.said(satisfied);
    const second = new Running(['run', '-f', file]);
    await second.said(/is driven by process \d+ on .*: watching it/);
    first.kill('SIGKILL');
    await first.done;
    await second.said(/its driver is gone: going on with/);
    const { code, out, err } = await second.done;
    expect(code, err).toBe(0);
    expect(err).toMatch(/goes on with it/);
    expect(out).toMatch(/^promote v1\n/);
    expect(
      kubectl([
        'get',
        'leases',
        '-n',
        namespace,
        '-o',
        `jsonpath={.items[?(@.metadata.annotations.iter8\\.tools/experiment=="${namespace}/${name}")].spec.leaseTransitions}`,
      ]),
    ).not.toBe('');
  });

  it.concurrent('a driver that was suspended finds that another drives, and stores nothing more', async () => {
    const { name, file } = manifest(40);
    const first = new Running(['run', '-f', file]);
    await first.said(satisfied);
    const second = new Running(['run', '-f', file]);
    await second.said(/watching it/);
    first.kill('SIGSTOP');
    await second.said(/its driver is gone: going on with/);
    await second.said(/goes on with it/);
    first.kill('SIGCONT');
    const { code, err } = await first.done;
    expect(code, err).toBe(7);
    expect(err).toMatch(new RegExp(`somebody else drives ${name}`));
    expect(await second.done).toMatchObject({ code: 0 });
    const view = JSON.parse((await iter8ctlProcess(['describe', name, '-n', namespace, '-o', 'json'])).out) as {
      objectives: { n: number }[];
    };
    expect(view.objectives[0]!.n).toBe(1600);
  });

  it.concurrent('SIGINT saves, lets go of the lock at once, and a second run finishes it', async () => {
    const { name, file } = manifest(20);
    const first = new Running(['run', '-f', file]);
    await first.said(satisfied);
    first.kill('SIGINT');
    const { code, err } = await first.done;
    expect(code).toBe(130);
    expect(err).toMatch(new RegExp(`interrupted: what was measured is saved; go on with: iter8ctl run ${name}`));
    const second = await iter8ctlProcess(['run', name, '-n', namespace]);
    expect(second.code, second.err).toBe(0);
    expect(second.err).not.toMatch(/watching it/);
  });

  it.concurrent('a token that expires: measuring goes on, and the end says what to do', async () => {
    // The API server issues tokens of ten minutes and more only: this one dies with its service account.
    const config = accountKubeconfig('driver', namespace, { role: 'cluster-admin', folder });
    // The API server accepts a token for up to ten seconds after its account is gone.
    const { file } = manifest(25);
    const run = new Running(['run', '-f', file, '--timeout', '35s'], config);
    await run.said(satisfied);
    kubectl(['delete', 'serviceaccount', 'driver', '-n', namespace]);
    await run.said(/cannot save for now, going on: .*does not accept the credentials: unauthorized/);
    const { code, err } = await run.done;
    expect(code).toBe(7);
    expect(err).toMatch(/the token of user \S+ has expired/);
  });

  it.concurrent('a token that expires and is replaced in the kubeconfig meanwhile: everything is saved', async () => {
    const config = accountKubeconfig('renewed', namespace, { role: 'cluster-admin', folder });
    const { file } = manifest(25);
    const run = new Running(['run', '-f', file], config);
    await run.said(satisfied);
    kubectl(['delete', 'serviceaccount', 'renewed', '-n', namespace]);
    await run.said(/cannot save for now, going on/);
    kubectl(['create', 'serviceaccount', 'renewed', '-n', namespace]);
    writeToken(config, tokenOf('renewed', namespace));
    const { code, err } = await run.done;
    expect(code, err).toBe(0);
    expect(err).toMatch(/answers again; everything measured meanwhile is saved/);
  });

  it.concurrent('an account that may read but not write: run says what it may not, describe and watch work', async () => {
    const role = ['--verb=get,list,watch', '--resource=experiments.iter8.tools'];
    const config = accountKubeconfig('looker', namespace, { role, folder });
    const { name, file } = manifest(5);
    const refused = await iter8ctlProcess(['run', '-f', file], { kubeconfig: config });
    expect(refused.code).toBe(7);
    expect(refused.err).toMatch(new RegExp(`may not create experiments\\.iter8\\.tools .*in namespace ${namespace}`));
    kubectl(['create', '-f', file]);
    const driven = await iter8ctlProcess(['run', name, '-n', namespace], { kubeconfig: config });
    expect(driven.code).toBe(7);
    expect(driven.err).toMatch(/may not get leases\.coordination\.k8s\.io/);
    expect(await iter8ctlProcess(['describe', name, '-n', namespace], { kubeconfig: config })).toMatchObject({
      code: 0,
    });
  });

  it.concurrent('a namespace that does not exist is said to be that', async () => {
    const listed = await iter8ctlProcess(['get', '-n', 'no-such-place']);
    expect(listed).toMatchObject({ code: 6 });
    expect(listed.err).toContain(`namespace no-such-place does not exist in context ${contextName()}`);
    const described = await iter8ctlProcess(['describe', 'x', '-n', 'no-such-place']);
    expect(described.err).toMatch(/namespace no-such-place does not exist/);
    const { file } = manifest(5);
    const text = readFileSync(file, 'utf8').replace(namespace, 'no-such-place');
    const run = await iter8ctlProcess(['run', '-f', '-'], { input: text });
    expect(run).toMatchObject({ code: 6 });
    expect(run.err).toContain(
      `namespace no-such-place does not exist in context ${contextName()}\n  make it (kubectl create namespace no-such-place)`,
    );
  });

  it.concurrent('an experiment that is not there is named with those that are', async () => {
    const { name, file } = manifest(5);
    kubectl(['create', '-f', file]);
    const described = await iter8ctlProcess(['describe', `${name}x`, '-n', namespace]);
    expect(described).toMatchObject({ code: 6 });
    expect(described.err).toMatch(
      new RegExp(
        `no experiment "${name}x" in namespace ${namespace} of context ${contextName()}\\n {2}there are: .*${name}`,
      ),
    );
  });

  it.concurrent('a connection that is frozen is noticed: the watch says so, and goes on over another one', async () => {
    const { name, file } = manifest(50);
    const admin = JSON.parse(kubectl(['config', 'view', '--raw', '--flatten', '--minify', '-o', 'json'])) as {
      clusters: { cluster: { server: string; 'tls-server-name'?: string } }[];
    };
    const { cluster } = admin.clusters[0]!;
    const { hostname, port } = new URL(cluster.server);
    await using proxy = await freezableProxy({ host: hostname, port: Number(port || 443) });
    cluster['tls-server-name'] ??= hostname;
    cluster.server = `https://127.0.0.1:${proxy.port}`;
    const config = path.join(folder, 'frozen');
    writeFileSync(config, JSON.stringify(admin), { mode: 0o600 });
    const run = new Running(['run', '-f', file]);
    await run.said(satisfied);
    const watch = new Running(['watch', name, '-n', namespace], config);
    await watch.said(satisfied);
    proxy.freeze();
    await watch.said(/^stale: .*it was to end after \d+ s, and has not: it is frozen/);
    await watch.said(/up to date again/);
    expect(await run.done).toMatchObject({ code: 0 });
    expect(await watch.done).toMatchObject({ code: 0 });
  });
});
