/**
 * The samples for Argo Rollouts before its real controller, which runs beside the cluster and asks our API: a good canary goes through, a bad
 * one is aborted, and one without traffic is inconclusive, which pauses it.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  describeLab,
  freshNamespace,
  iter8ctlProcess,
  kubectl,
  KUBECONFIG,
  runningApi,
  type Running,
} from '../../../support/cluster.ts';
import { verdictToken } from '../../../support/cluster-objects.ts';
import { freePort } from '../../../support/free-port.ts';
import { makeImage } from '../../../support/lab-image.ts';
import { fileOfGoModule } from '../../../support/go-module.ts';
import { testServer, type TestServer } from '../../../support/test-server.ts';

const root = path.join(import.meta.dirname, '../../../..');
const MODULE = 'github.com/argoproj/argo-rollouts@v1.9.2';
const CRDS = [
  'rollout-crd',
  'analysis-run-crd',
  'analysis-template-crd',
  'cluster-analysis-template-crd',
  'experiment-crd',
];
/** The first time the controller is built: 400 s of CPU. */
const BUILD_MS = 1_200_000;
const SHOP = 'shop:argo';
const OURS = 'iter8ctl:argo';

const sample = (name: string) => readFileSync(path.join(root, 'samples/argo-rollouts', name), 'utf8');

describeLab('Argo Rollouts', () => {
  let namespace: string;
  let prometheus: TestServer;
  let controller: Running | undefined;
  let rollouts: ChildProcess | undefined;
  /** What the canary counted in the last ten minutes. */
  let counts = { good: 0, failed: 0 };
  const crds: string[] = [];

  /** Samples of one pod, 15 s apart, all series of it together, as Prometheus answers them. */
  const counters = (code: string, grown: number, now: number) => ({
    metric: { code, job: 'shop', instance: 'pod-1' },
    values: Array.from({ length: 40 }, (_, k) => [now - 600 + 15 * k, String(100 + (grown * k) / 39)]),
  });

  beforeAll(async () => {
    for (const crd of CRDS) {
      const text = fileOfGoModule(MODULE, `manifests/crds/${crd}.yaml`);
      if (text === undefined) throw new Error(`${MODULE} cannot be had`);
      await kubectl(['apply', '--server-side', '-f', '-'], text);
      crds.push(text);
    }
    await makeImage(SHOP, 'hello');
    await makeImage(OURS, 'iter8ctl');
    expect((await iter8ctlProcess(['install'])).code).toBe(0);
    namespace = await freshNamespace('argo');
    prometheus = await testServer((_, response) => {
      const { good, failed } = counts;
      const now = Date.now() / 1000;
      const result = good + failed === 0 ? [] : [counters('200', good, now), counters('500', failed, now)];
      response.end(JSON.stringify({ status: 'success', data: { result } }));
    });
    const { url: api, ...running } = await runningApi(prometheus.url, { namespace });
    controller = running.controller;
    const program = execFileSync(path.join(root, 'test/cluster/lab/argo-rollouts'), { encoding: 'utf8' }).trim();
    const log = openSync(path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-argo-')), 'log'), 'w');
    const [metricsPort, healthzPort] = [await freePort(), await freePort()];
    rollouts = spawn(
      program,
      [
        `--kubeconfig=${KUBECONFIG}`,
        '--leader-elect=false',
        `--metricsPort=${metricsPort}`,
        `--healthzPort=${healthzPort}`,
      ],
      { stdio: ['ignore', log, log] },
    );
    const apply = (text: string) => kubectl(['apply', '-n', namespace, '-f', '-'], text);
    await apply(sample('access.yaml'));
    await verdictToken(namespace); // is in the Secret that the analysis reads
    await apply(sample('analysis-web.yaml').replace('https://iter8ctl-api.iter8-system', api));
    // No latency: on a busy machine our own requests leave late, and then it is undecided. And a pod that goes may break one off.
    const job = sample('analysis-job.yaml')
      .replace(/,\s*--slo,\s*"p95<=500ms"/, '')
      .replace('error-rate<=1%', 'error-rate<=5%');
    await apply(job.replace('REGISTRY/iter8ctl:0.1.0', OURS));
    await apply(sample('rollout.yaml').replace('REGISTRY/shop:1', SHOP).replace('duration: 10m', 'duration: 1s'));
    await rolloutIs(({ phase }) => phase === 'Healthy');
  }, BUILD_MS);
  afterAll(async () => {
    await kubectl(['delete', 'rollout', 'shop', '-n', namespace, '--ignore-not-found', '--timeout=60s']);
    rollouts?.kill();
    controller?.kill('SIGTERM');
    await controller?.done;
    await prometheus[Symbol.asyncDispose]();
    // Argo has Experiments of its own: kubectl would take `experiments` for these.
    for (const text of crds) await kubectl(['delete', '--ignore-not-found', '--timeout=60s', '-f', '-'], text);
  });

  interface Seen {
    readonly phase: string;
    readonly abort: boolean;
    readonly stable: string;
    readonly current: string;
    readonly paused: string;
  }

  /** Watches the rollout until it is so. */
  function rolloutIs(isSo: (seen: Seen) => boolean): Promise<Seen> {
    const fields =
      '{.status.phase},{.status.abort},{.status.stableRS},{.status.currentPodHash},{.status.pauseConditions[0].reason},{.metadata.generation},{.status.observedGeneration}{"\\n"}';
    const watch = spawn(
      'kubectl',
      [`--kubeconfig=${KUBECONFIG}`, 'get', 'rollout', 'shop', '-n', namespace, '--watch', '-o', `jsonpath=${fields}`],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    return new Promise((resolve, reject) => {
      const lines: string[] = [];
      let found: Seen | undefined;
      createInterface({ input: watch.stdout }).on('line', (line) => {
        lines.push(line);
        const [phase = '', abort, stable = '', current = '', paused = '', generation, observed] = line.split(',');
        const seen = { phase, abort: abort === 'true', stable, current, paused };
        if (generation !== observed || !isSo(seen)) return;
        found = seen;
        watch.kill();
      });
      watch.once('close', () => (found === undefined ? reject(new Error(lines.join('\n'))) : resolve(found)));
    });
  }

  /** A new version of the shop, which gets these answers. */
  async function release(name: string, counted: typeof counts): Promise<void> {
    counts = counted;
    const patch = { spec: { template: { metadata: { annotations: { release: name } } } } };
    await kubectl(['patch', 'rollout', 'shop', '-n', namespace, '--type=merge', '-p', JSON.stringify(patch)]);
  }
  const analyses = () =>
    kubectl([
      'get',
      'analysisruns',
      '-n',
      namespace,
      '--sort-by=.metadata.creationTimestamp',
      '-o',
      'jsonpath={.items[*].status.phase}',
    ]);

  it('lets a good canary through', async () => {
    const before = await rolloutIs(({ phase }) => phase === 'Healthy');
    await release('good', { good: 3_000, failed: 0 });
    await rolloutIs(
      ({ phase, stable, current }) => phase === 'Healthy' && stable === current && current !== before.current,
    );
    expect(await analyses()).toBe('Successful');
  });

  it('aborts a bad one', async () => {
    await release('bad', { good: 1_800, failed: 200 });
    const { stable, current } = await rolloutIs(({ abort }) => abort);
    expect(stable).not.toBe(current);
    expect(await analyses()).toBe('Successful Failed');
  });

  it('pauses one without traffic, of which nothing is known', async () => {
    await release('idle', { good: 0, failed: 0 });
    const { abort } = await rolloutIs(({ paused }) => paused === 'InconclusiveAnalysisRun');
    expect(abort).toBe(false);
    expect(await analyses()).toBe('Successful Failed Inconclusive');
  });

  it('runs an experiment in a Job', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'shop' },
      spec: { selector: { app: 'shop' }, ports: [{ port: 80, targetPort: 8080 }] },
    };
    await kubectl(['apply', '-n', namespace, '-f', '-'], JSON.stringify(service));
    const template = JSON.parse(
      await kubectl(['get', 'analysistemplate', 'iter8ctl-run', '-n', namespace, '-o', 'json']),
    ) as {
      readonly spec: { readonly metrics: object[]; readonly args: readonly { readonly name: string }[] };
    };
    const args = template.spec.args.map((one) =>
      one.name === 'url' ? { ...one, value: `http://shop.${namespace}` } : one,
    );
    const run = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AnalysisRun',
      metadata: { name: 'job' },
      spec: { ...template.spec, args },
    };
    await kubectl(['create', '-n', namespace, '-f', '-'], JSON.stringify(run));
    await kubectl([
      'wait',
      '--for=jsonpath={.status.phase}=Successful',
      'analysisrun/job',
      '-n',
      namespace,
      '--timeout=120s',
    ]);
  });
});
