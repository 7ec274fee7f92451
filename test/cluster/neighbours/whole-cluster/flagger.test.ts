/**
 * The sample for Flagger before its real controller, which runs beside the cluster and moves the weights of HTTPRoutes: a good canary is
 * promoted, a bad one is rolled back, and our reason can be read.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bareCrd } from '../../../support/bare-crd.ts';
import {
  describeLab,
  freshNamespace,
  iter8ctlProcess,
  kubectl,
  KUBECONFIG,
  tryKubectl,
} from '../../../support/cluster.ts';
import { verdictToken } from '../../../support/cluster-objects.ts';
import { freePort } from '../../../support/free-port.ts';
import { fileOfGoModule } from '../../../support/go-module.ts';
import { installApi, type InstalledApi } from '../../../support/installed-api.ts';
import { makeImage } from '../../../support/lab-image.ts';

const root = path.join(import.meta.dirname, '../../../..');
const MODULE = 'github.com/fluxcd/flagger@v1.36.1';
/** The first time the controller is built: 250 s of CPU. */
const BUILD_MS = 1_200_000;
const SHOP = 'shop:flagger';

const sample = (name: string) => readFileSync(path.join(root, 'samples', name), 'utf8');

describeLab('Flagger', () => {
  let namespace: string;
  let api: InstalledApi;
  let crds: string;
  const apply = (text: string) => kubectl(['apply', '-n', namespace, '-f', '-'], text);
  const get = (...what: string[]) => kubectl(['get', '-n', namespace, ...what]);
  const becomes = async (phase: string, ...names: string[]) => {
    const canaries = names.map((name) => `canary/${name}`);
    const until = ['--timeout=170s', `--for=jsonpath={.status.phase}=${phase}`];
    const waited = await tryKubectl(['wait', '-n', namespace, ...until, ...canaries]);
    expect(waited.code, `${waited.err}${await get('events')}`).toBe(0);
  };

  const deployment = (name: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'shop', image: SHOP, imagePullPolicy: 'Never', ports: [{ containerPort: 8080 }] }],
        },
      },
    },
  });
  /** As the sample writes it, but for its pace, and the gateway that this Flagger moves. */
  const canary = (name: string, token: string) =>
    sample('flagger/canary.yaml')
      .replaceAll('shop', name)
      .replaceAll('TOKEN', token)
      .replace('interval: 1m', 'interval: 10s')
      .replace('stepWeight: 10', 'stepWeight: 50')
      .replace('targetPort: 8080', 'targetPort: 8080, gatewayRefs: [{ name: public }]');

  beforeAll(async () => {
    crds = [
      fileOfGoModule(MODULE, 'artifacts/flagger/crd.yaml'),
      bareCrd('gateway.networking.k8s.io', 'v1', 'HTTPRoute', 'httproutes'),
    ].join('\n---\n');
    await kubectl(['apply', '--server-side', '-f', '-'], crds);
    await kubectl(['wait', '--for=condition=Established', '-f', '-', '--timeout=60s'], crds);
    await makeImage(SHOP, 'hello');
    api = await installApi((version) =>
      version === 'good' ? { good: 3_000, failed: 0 } : { good: 1_800, failed: 200 },
    );
    namespace = await freshNamespace('flagger');
    await apply(sample('argo-rollouts/access.yaml'));
    const token = await verdictToken(namespace);
    await apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: ['good', 'bad', 'gated'].map(deployment) }));
    await apply(canary('good', token));
    await apply(canary('bad', token));
    // Without the hook that rolls back, the one that lets a rollout go on stops it.
    const [before, , after] = canary('gated', token).split(/(?= {6}- name: (?:its objectives are violated|events))/);
    await apply(`${before}${after}`.replace('threshold: 5', 'threshold: 1'));
    const program = execFileSync(path.join(root, 'test/cluster/lab/flagger'), { encoding: 'utf8' }).trim();
    api.beside(program, [
      `-kubeconfig=${KUBECONFIG}`,
      `-namespace=${namespace}`,
      '-mesh-provider=gatewayapi:v1',
      '-control-loop-interval=1s',
      `-port=${await freePort()}`,
    ]);
    await becomes('Initialized', 'good', 'bad', 'gated');
    for (const name of ['good', 'bad', 'gated']) {
      const patch = { spec: { template: { metadata: { annotations: { release: 'new' } } } } };
      await kubectl(['patch', 'deployment', name, '-n', namespace, '--type=merge', '-p', JSON.stringify(patch)]);
    }
  }, BUILD_MS);
  afterAll(async () => {
    for (const name of ['good', 'bad', 'gated'])
      await kubectl(['delete', 'canary', name, '-n', namespace, '--ignore-not-found']);
    await api[Symbol.asyncDispose]();
    const removed = await iter8ctlProcess(['uninstall', '--delete-experiments']);
    expect(removed.code, removed.err).toBe(0);
    await kubectl(['delete', '--ignore-not-found', '--timeout=60s', '-f', '-'], crds);
  });

  /** What users get: the release of the primary, and the weights of primary and canary. */
  const served = async (name: string) => [
    await get('deployment', `${name}-primary`, '-o', 'jsonpath={.spec.template.metadata.annotations.release}'),
    await get('httproute', name, '-o', 'jsonpath={.spec.rules[0].backendRefs[*].weight}'),
  ];
  const events = (name: string) =>
    get(
      'events',
      '--field-selector',
      `involvedObject.kind=Canary,involvedObject.name=${name}`,
      '-o',
      'jsonpath={.items[*].message}',
    );
  const log = () => kubectl(['logs', '-n', 'iter8-system', 'deployment/iter8ctl-controller']);

  it('rolls a bad canary back, and our log says why', async () => {
    await becomes('Failed', 'bad');
    expect(await served('bad')).toEqual(['', '100 0']);
    expect(await events('bad')).toContain('Rollback check its objectives are violated passed');
    expect(await log()).toMatch(/"hook":"rollback".*"reason":"violated: .*error-rate/);
  });

  it('stops one that its rollout hook speaks against, and its events say why', async () => {
    await becomes('Failed', 'gated');
    expect(await served('gated')).toEqual(['', '100 0']);
    expect(await events('gated')).toMatch(
      /Halt gated\.\S+ advancement external check nothing speaks against it failed violated: /,
    );
  });

  it('promotes a good one when its objectives are satisfied', async () => {
    await becomes('Succeeded', 'good');
    expect(await served('good')).toEqual(['new', '100 0']);
    expect(await events('good')).toContain('Confirm-promotion check its objectives are satisfied passed');
    expect(await log()).toMatch(/"hook":"confirm-promotion".*"reason":"satisfied: /);
  });
});
