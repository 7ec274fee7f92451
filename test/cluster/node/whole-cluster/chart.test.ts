/** The Helm chart on a real node: installed by the real Helm it drives an experiment, and what it leaves behind is what it says. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CRD_NAMES, installedObjects } from '../../../support/installed-objects.ts';
import {
  describeLab,
  freshNamespace,
  iter8ctlProcess,
  KUBECONFIG,
  kubectl,
  tokenOf,
  tryKubectl,
} from '../../../support/cluster.ts';
import { installApi, PUSH_AUTHORIZATION, type InstalledApi } from '../../../support/installed-api.ts';
import { makeImage } from '../../../support/lab-image.ts';
import { describeUnless, missingHelm } from '../../../support/needs.ts';

const root = path.join(import.meta.dirname, '../../../..');
const HELLO = 'gcr.io/google-samples/hello-app:2.0';
const EXPERIMENT = JSON.stringify({
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Experiment',
  metadata: { name: 'x' },
  spec: { target: 'x', strategy: { testingPattern: 'Conformance' }, versionInfo: { baseline: { name: 'shop' } } },
});
const RELEASE = ['iter8ctl', '-n', 'default'];

const helm = (...args: readonly string[]) =>
  spawnSync('helm', [...args], { encoding: 'utf8', env: { ...process.env, KUBECONFIG } });

/** Whatever an earlier file installed, or this one leaves. */
async function clean(): Promise<void> {
  helm('uninstall', ...RELEASE, '--ignore-not-found', '--wait');
  for (const kind of ['experiments.iter8.tools', 'metrics.iter8.tools'])
    await tryKubectl(['delete', kind, '--all', '-A']);
  await iter8ctlProcess(['uninstall']);
  await tryKubectl(['delete', 'namespace', 'iter8-system', '--ignore-not-found']);
  await tryKubectl(['delete', 'crd', ...CRD_NAMES, '--ignore-not-found']);
}

describeLab('the chart', () => {
  describeUnless(missingHelm())('by helm', () => {
    let api: InstalledApi;

    beforeAll(async () => {
      await clean();
      await makeImage(HELLO, 'hello');
      await kubectl(['apply', '-f', path.join(root, 'test/fixtures/hello-candidate.yaml')]);
    });
    afterAll(async () => {
      await clean();
      await api?.[Symbol.asyncDispose]();
    });

    it('is compared with an install whose API answers through its Service, over TLS, accounts that may', async () => {
      api = await installApi(() => ({ good: 0, failed: 0 }));
      const namespace = await freshNamespace('api');
      const role = readFileSync(path.join(root, 'samples/argo-rollouts/access.yaml'), 'utf8');
      await kubectl(['apply', '-n', namespace, '-f', '-'], role);
      await kubectl(['create', 'serviceaccount', 'outsider', '-n', namespace]);
      await kubectl(['create', '-n', namespace, '-f', '-'], EXPERIMENT);
      const target = `/v1/namespaces/${namespace}/experiments/x`;
      const { status, text } = await api.get(target, await tokenOf('iter8ctl-verdicts', namespace));
      expect([status, JSON.parse(text)]).toMatchObject([200, { experiment: { name: 'x', namespace } }]);
      expect((await api.get(target, await tokenOf('outsider', namespace))).status).toBe(403);
      expect((await api.get(target)).status).toBe(401);
      expect((await api.get(target, 'of.nobody.else')).status).toBe(401);
    });

    it('is compared with an install that pushes measured values, with the headers of a Secret', async () => {
      expect(await api.pushed).toBe(PUSH_AUTHORIZATION);
      const deployment = await kubectl([
        'get',
        'deployment',
        'iter8ctl-controller',
        '-n',
        'iter8-system',
        '-o',
        'yaml',
      ]);
      expect(deployment).toContain('otel-headers');
      expect(deployment).not.toContain(encodeURIComponent(PUSH_AUTHORIZATION));
    });

    it('installs what iter8ctl install makes', async () => {
      const ours = await installedObjects();
      expect(ours.length).toBeGreaterThan(8);
      await clean();
      const sets = api.chartValues.flatMap((pair) => ['--set', pair]);
      const installed = helm('install', ...RELEASE, path.join(root, 'deploy/chart'), ...sets);
      expect(installed.status, installed.stderr).toBe(0);
      expect(await installedObjects()).toEqual(ours);
      // The pod waits for them.
      await api.makeSecrets();
    });

    it('drives an experiment to its end', async () => {
      await kubectl([
        'wait',
        '--for=condition=Available',
        'deployment',
        '--all',
        '-n',
        'iter8-system',
        '--timeout=90s',
      ]);
      await kubectl(['wait', '--for=condition=Available', 'deployment/hello-candidate', '--timeout=90s']);
      const sample = readFileSync(path.join(root, 'samples/hello/experiment.yaml'), 'utf8');
      await kubectl(['apply', '-f', '-'], sample.replace('time: 20s', 'time: 6s').replace('qps: 50', 'qps: 100'));
      const watched = await iter8ctlProcess(['watch', 'hello-experiment', '--timeout', '3m']);
      expect(watched.code, `${watched.out}${watched.err}`).toBe(0);
      expect(watched.out).toMatch(/^promote hello-candidate\n/);
    });

    it('leaves experiments, their CRDs and the namespace, and nothing that runs, when it is uninstalled', async () => {
      const removed = helm('uninstall', ...RELEASE, '--wait');
      expect(removed.status, removed.stderr).toBe(0);
      for (const name of CRD_NAMES) expect(removed.stdout).toContain(name);
      expect(
        await kubectl(['get', 'experiments.iter8.tools', 'hello-experiment', '-o', 'jsonpath={.status.stage}']),
      ).toBe('Completed');
      expect((await installedObjects()).map(({ kind }) => kind)).toEqual([
        'CustomResourceDefinition',
        'CustomResourceDefinition',
        'Namespace',
      ]);
    });

    it('is installed again over what it left', async () => {
      const again = helm('install', ...RELEASE, path.join(root, 'deploy/chart'));
      expect(again.status, again.stderr).toBe(0);
      expect(
        await kubectl(['get', 'experiments.iter8.tools', 'hello-experiment', '-o', 'jsonpath={.status.stage}']),
      ).toBe('Completed');
    });
  });
});
