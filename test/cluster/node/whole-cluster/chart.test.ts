/** The Helm chart on a real node: installed by the real Helm it drives an experiment, and what it leaves behind is what it says. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CRD_NAMES, installedObjects } from '../../../support/installed-objects.ts';
import {
  clusterTool,
  describeLab,
  iter8ctlProcess,
  KUBECONFIG,
  kubectl,
  tryKubectl,
} from '../../../support/cluster.ts';
import { describeUnless, missingHelm } from '../../../support/needs.ts';

const root = path.join(import.meta.dirname, '../../../..');
const HELLO = 'gcr.io/google-samples/hello-app:2.0';
const CONTROLLER = 'iter8ctl:test';
const RELEASE = ['iter8ctl', '-n', 'default'];

const helm = (...args: readonly string[]) =>
  spawnSync('helm', [...args], { encoding: 'utf8', env: { ...process.env, KUBECONFIG } });

function makeImage(name: string, what: 'hello' | 'iter8ctl'): void {
  const folder = path.join(mkdtempSync(path.join(tmpdir(), 'iter8ctl-image-')), what);
  execFileSync(process.execPath, [path.join(root, 'deploy/image-root.mjs'), folder, what]);
  clusterTool('image', [name, folder, '/app/run']);
}

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
    beforeAll(async () => {
      await clean();
      makeImage(HELLO, 'hello');
      makeImage(CONTROLLER, 'iter8ctl');
      kubectl(['apply', '-f', path.join(root, 'test/fixtures/hello-candidate.yaml')]);
    });
    afterAll(clean);

    it('installs what iter8ctl install makes', async () => {
      const made = await iter8ctlProcess(['install', '--image', CONTROLLER]);
      expect(made.code, made.err).toBe(0);
      const ours = installedObjects();
      expect(ours.length).toBeGreaterThan(8);
      await clean();
      const installed = helm(
        'install',
        ...RELEASE,
        path.join(root, 'deploy/chart'),
        '--set',
        `controller.image=${CONTROLLER}`,
      );
      expect(installed.status, installed.stderr).toBe(0);
      expect(installedObjects()).toEqual(ours);
    });

    it('drives an experiment to its end', async () => {
      kubectl(['wait', '--for=condition=Available', 'deployment', '--all', '-n', 'iter8-system', '--timeout=90s']);
      kubectl(['wait', '--for=condition=Available', 'deployment/hello-candidate', '--timeout=90s']);
      kubectl(['apply', '-f', path.join(root, 'samples/hello/experiment.yaml')]);
      const watched = await iter8ctlProcess(['watch', 'hello-experiment', '--timeout', '3m']);
      expect(watched.code, `${watched.out}${watched.err}`).toBe(0);
      expect(watched.out).toMatch(/^promote hello-candidate\n/);
    });

    it('leaves experiments, their CRDs and the namespace, and nothing that runs, when it is uninstalled', () => {
      const removed = helm('uninstall', ...RELEASE, '--wait');
      expect(removed.status, removed.stderr).toBe(0);
      for (const name of CRD_NAMES) expect(removed.stdout).toContain(name);
      expect(kubectl(['get', 'experiments.iter8.tools', 'hello-experiment', '-o', 'jsonpath={.status.stage}'])).toBe(
        'Completed',
      );
      expect(installedObjects().map(({ kind }) => kind)).toEqual([
        'CustomResourceDefinition',
        'CustomResourceDefinition',
        'Namespace',
      ]);
    });

    it('is installed again over what it left', () => {
      const again = helm('install', ...RELEASE, path.join(root, 'deploy/chart'));
      expect(again.status, again.stderr).toBe(0);
      expect(kubectl(['get', 'experiments.iter8.tools', 'hello-experiment', '-o', 'jsonpath={.status.stage}'])).toBe(
        'Completed',
      );
    });
  });
});
