/** What goes wrong in mid-run, caused for real: the object deleted or changed, a driver killed or suspended, a token that expires. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  accountKubeconfig,
  contextName,
  describeCluster,
  freshNamespace,
  iter8ctlProcess,
  kubectl,
  Running,
  tokenOf,
  writeToken,
} from '../../../support/cluster.ts';
import { loadedManifest } from '../../../support/cluster-objects.ts';
import { freezableProxy } from '../../../support/freezable-proxy.ts';
import { ok, testServer } from '../../../support/test-server.ts';

// All at once: most of their time they wait for leases and loads, each of its own experiment.
describeCluster('in mid-run', () => {
  let namespace: string;
  let url: string;
  let close: () => Promise<void>;
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-mid-run-'));
  let count = 0;

  /** A manifest file of an experiment that takes `seconds`. */
  const manifest = (seconds: number, name = `e${++count}`): { readonly name: string; readonly file: string } => ({
    name,
    file: loadedManifest(folder, { namespace, name }, url, { seconds, qps: 40 }),
  });
  const satisfied = /error-rate of v1 is satisfied/;

  beforeAll(async () => {
    namespace = await freshNamespace();
    const server = await testServer(ok);
    url = server.url;
    close = () => Promise.resolve(server[Symbol.asyncDispose]());
  });
  afterAll(() => close());

  it.concurrent('a connection that is frozen is noticed: the watch says so, and goes on over another one', async () => {
    const { name, file } = manifest(45);
    const admin = JSON.parse(await kubectl(['config', 'view', '--raw', '--flatten', '--minify', '-o', 'json'])) as {
      clusters: { cluster: { server: string; 'tls-server-name'?: string } }[];
    };
    const { cluster } = admin.clusters[0]!;
    const { hostname, port } = new URL(cluster.server);
    await using proxy = await freezableProxy({ host: hostname, port: Number(port || 443) });
    cluster['tls-server-name'] ??= hostname;
    cluster.server = `https://127.0.0.1:${proxy.port}`;
    const config = path.join(folder, 'frozen');
    writeFileSync(config, JSON.stringify(admin), { mode: 0o600 });
    await kubectl(['create', '-f', file]);
    const watch = new Running(['watch', name, '-n', namespace], config);
    // It has listed: what it says from now on comes by the connection that is to freeze.
    await watch.said(new RegExp(name));
    const run = new Running(['run', '-f', file]);
    await watch.said(satisfied);
    proxy.freeze();
    await watch.said(/^stale: .*it was to end after \d+ s, and has not: it is frozen/);
    await watch.said(/up to date again/);
    expect(await run.done).toMatchObject({ code: 0 });
    expect(await watch.done).toMatchObject({ code: 0 });
  });

  it.concurrent('a spec that somebody changes is reported, and the run goes on with the one that it began with', async () => {
    const { name, file } = manifest(20);
    const run = new Running(['run', '-f', file]);
    await run.said(satisfied);
    await kubectl([
      'patch',
      'experiment',
      name,
      '-n',
      namespace,
      '--type=merge',
      '-p',
      '{"spec":{"criteria":{"objectives":[{"metric":"iter8-system/error-rate","upperLimit":"0.5"}]}},"metadata":{"labels":{"theirs":"kept"}}}',
    ]);
    await kubectl([
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
    const object = await kubectl(['get', 'experiment', name, '-n', namespace, '-o', 'json']);
    expect(object).toMatch(/"theirs": "kept"/);
    expect(object).toMatch(/"upperLimit": "0\.5"/);
  });

  it.concurrent('a driver that is killed is followed by another, which goes on where it was', async () => {
    const { name, file } = manifest(20);
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
      await kubectl([
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
    const { name, file } = manifest(20);
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
    expect(view.objectives[0]!.n, (await second.done).err).toBe(800);
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
    const config = await accountKubeconfig('driver', namespace, { role: 'cluster-admin', folder });
    // The API server accepts a token for up to ten seconds after its account is gone.
    const { file } = manifest(25);
    const run = new Running(['run', '-f', file, '--timeout', '45s'], config);
    await run.said(satisfied);
    await kubectl(['delete', 'serviceaccount', 'driver', '-n', namespace]);
    await run.said(/cannot save for now, going on: .*does not accept the credentials: unauthorized/);
    const { code, err } = await run.done;
    expect(code).toBe(7);
    expect(err).toMatch(/the token of user \S+ has expired/);
  });

  it.concurrent('a token that expires and is replaced in the kubeconfig meanwhile: everything is saved', async () => {
    const config = await accountKubeconfig('renewed', namespace, { role: 'cluster-admin', folder });
    const { file } = manifest(25);
    const run = new Running(['run', '-f', file], config);
    await run.said(satisfied);
    await kubectl(['delete', 'serviceaccount', 'renewed', '-n', namespace]);
    await run.said(/cannot save for now, going on/);
    await kubectl(['create', 'serviceaccount', 'renewed', '-n', namespace]);
    await writeToken(config, await tokenOf('renewed', namespace));
    const { code, err } = await run.done;
    expect(code, err).toBe(0);
    expect(err).toMatch(/answers again; everything measured meanwhile is saved/);
  });

  it.concurrent('an object that is deleted ends the run with a clear sentence', async () => {
    const { name, file } = manifest(60);
    const run = new Running(['run', '-f', file]);
    await run.said(satisfied);
    await kubectl(['delete', 'experiment', name, '-n', namespace]);
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
    await kubectl(['delete', 'experiment', name, '-n', namespace]);
    await kubectl(['create', '-f', file]);
    expect(await run.done).toMatchObject({ code: 6 });
    expect(await kubectl(['get', 'experiment', name, '-n', namespace, '-o', 'jsonpath={.status}'])).toBe('');
  });

  it.concurrent('an account that may read but not write: run says what it may not, describe and watch work', async () => {
    const role = ['--verb=get,list,watch', '--resource=experiments.iter8.tools'];
    const config = await accountKubeconfig('looker', namespace, { role, folder });
    const { name, file } = manifest(5);
    const refused = await iter8ctlProcess(['run', '-f', file], { kubeconfig: config });
    expect(refused.code).toBe(7);
    expect(refused.err).toMatch(new RegExp(`may not create experiments\\.iter8\\.tools .*in namespace ${namespace}`));
    await kubectl(['create', '-f', file]);
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
    expect(listed.err).toContain(`namespace no-such-place does not exist in context ${await contextName()}`);
    const described = await iter8ctlProcess(['describe', 'x', '-n', 'no-such-place']);
    expect(described.err).toMatch(/namespace no-such-place does not exist/);
    const { file } = manifest(5);
    const text = readFileSync(file, 'utf8').replace(namespace, 'no-such-place');
    const run = await iter8ctlProcess(['run', '-f', '-'], { input: text });
    expect(run).toMatchObject({ code: 6 });
    expect(run.err).toContain(
      `namespace no-such-place does not exist in context ${await contextName()}\n  make it (kubectl create namespace no-such-place)`,
    );
  });

  it.concurrent('an experiment that is not there is named with those that are', async () => {
    const { name, file } = manifest(5);
    await kubectl(['create', '-f', file]);
    const described = await iter8ctlProcess(['describe', `${name}x`, '-n', namespace]);
    expect(described).toMatchObject({ code: 6 });
    expect(described.err).toMatch(
      new RegExp(
        `no experiment "${name}x" in namespace ${namespace} of context ${await contextName()}\\n {2}there are: .*${name}`,
      ),
    );
  });
});
