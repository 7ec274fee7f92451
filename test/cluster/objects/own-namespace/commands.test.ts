/** The commands on a cluster: alike to local mode to the letter, and what only a cluster has. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  accountKubeconfig,
  describeCluster,
  freshNamespace,
  iter8ctlProcess,
  kubectl,
  watchWithKubectl,
} from '../../../support/cluster.ts';
import { loadedManifest, type LoadedChange } from '../../../support/cluster-objects.ts';
import { ok, testServer, type TestServer } from '../../../support/test-server.ts';

interface Written {
  readonly metadata: { namespace: string };
  readonly spec: { readonly versionInfo: { readonly baseline: Record<string, unknown> } };
}

describeCluster('on a cluster', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-commands-'));
  let server: TestServer;
  let namespace: string;

  const manifest = (name: string, change: LoadedChange = {}): string =>
    loadedManifest(folder, { namespace, name }, server.url, { labels: { team: 'shop' }, ...change });
  const run = (args: readonly string[]) => iter8ctlProcess(args);

  beforeAll(async () => {
    server = await testServer(ok);
    namespace = await freshNamespace();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  // Not beside others: where requests leave late, it is said, and more of them are sent.
  it('says what it does to the letter as local mode does', async () => {
    const local = path.join(folder, 'local');
    const file = manifest('alike');
    const there = await run(['run', '-f', file, '-o', 'json']);
    const here = await run(['run', '-f', file, '-o', 'json', '--dir', local]);
    const shape = (text: string): unknown =>
      JSON.parse(text, (key, value: unknown) =>
        typeof value === 'number' || /time|At$|uid/i.test(key) ? typeof value : value,
      );
    expect(shape(there.out)).toEqual(shape(here.out));
    const lines = (text: string) =>
      text.split('\n').map((line) => line.replace(/^\d\d:\d\d:\d\d /, '').replace(/[\d.,]+ ?(ms|s|%)?/g, '#'));
    expect(lines(there.err).filter((line) => !line.startsWith('targets are locked'))).toEqual(lines(here.err));
  });

  it.concurrent('plan asks for every permission, and changes nothing', async () => {
    const planned = await run(['plan', '-f', manifest('planned')]);
    expect(planned.out).toMatch(/permissions +9 of 9/);
    expect(planned.code, planned.err).toBe(0);
    expect(await kubectl(['get', 'experiments', '-n', namespace, '-o', 'name'])).not.toMatch(/planned/);
  });

  it.concurrent('plan finds out what a run of it would be refused, and reads the weights as a run does', async () => {
    await kubectl(['create', 'configmap', 'split', '-n', namespace, '--from-literal=v1=a']);
    const withWeight = (name: string, fieldPath: string) => {
      const file = manifest(name);
      const written = JSON.parse(readFileSync(file, 'utf8')) as Written;
      written.spec.versionInfo.baseline['weightObjRef'] = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name: 'split',
        fieldPath,
      };
      writeFileSync(file, JSON.stringify(written));
      return file;
    };
    const nope = await run(['plan', '-f', withWeight('nope', '.spec.nope')]);
    expect(nope.out.replace(/\s+/g, ' ')).toMatch(
      /may end undecided how traffic is split cannot be read: ConfigMap split at \.spec\.nope holds nothing; expected a weight/,
    );
    expect(nope.code, nope.err).toBe(3);
    expect(nope.out).toMatch(/permissions +10 of 10/);
    const role = [
      '--verb=get,list,watch,create,update,patch',
      '--resource=experiments.iter8.tools,experiments.iter8.tools/status,leases.coordination.k8s.io,events',
    ];
    const kubeconfig = await accountKubeconfig('planner', namespace, { role, folder });
    const blind = await run(['plan', '-f', withWeight('blind', '.data.v1'), '--kubeconfig', kubeconfig]);
    expect(blind.out).toMatch(/blind would not run: permissions are missing/);
    expect(blind.out).toMatch(new RegExp(`may not get configmaps split in namespace ${namespace}`));
    expect(blind.code, blind.err).toBe(7);
    const elsewhere = JSON.parse(readFileSync(manifest('lost'), 'utf8')) as Written;
    elsewhere.metadata.namespace = 'not-there';
    const input = JSON.stringify(elsewhere);
    const lost = await iter8ctlProcess(['plan', '-f', '-'], { input });
    const ran = await iter8ctlProcess(['run', '-f', '-'], { input });
    expect([lost.code, ran.code]).toEqual([6, 6]);
    expect(lost.err).toMatch(/not-there/);
  });

  it.concurrent('readiness waits for every object, and says which is missing', async () => {
    const start = [
      {
        task: 'common/readiness',
        with: {
          initialDelaySeconds: 0,
          intervalSeconds: 1,
          numRetries: 1,
          objRefs: [
            { kind: 'Service', name: 'not-there' },
            { kind: 'cm', name: 'kube-root-ca.crt' },
            { kind: 'Namespace', name: namespace, waitFor: 'jsonpath={.status.phase}=Gone' },
          ],
        },
      },
    ];
    const ran = await run(['run', '-f', manifest('unready', { start })]);
    expect(ran.code).toBe(4);
    const said = ran.out.replace(/\s+/g, ' ');
    expect(said).toMatch(/Start actions failed: common\/readiness: Service .*not-there is not there;/);
    expect(said).toMatch(/\.status\.phase is Active, expected Gone \(after 2 tries, 1 s\)/);
    expect(ran.out).not.toMatch(/kube-root-ca/);
  });

  it.concurrent('scripts of a file run here, with the context in use alone; of an experiment in the cluster only when allowed', async () => {
    const start = [
      {
        run: 'kubectl get ns @< .Namespace >@ -o name; kubectl config view -o name; echo "$ITER8_EXPERIMENT in $SCRATCH_DIR"',
      },
    ];
    const ran = await run(['run', '-f', manifest('scripted', { start })]);
    expect(ran.code, ran.err).toBe(0);
    expect(ran.err).toMatch(new RegExp(`run: namespace/${namespace}\\n`));
    expect(ran.err).toMatch(/run: scripted in \/.*iter8ctl-script-/);
    const file = manifest('foreign', { start });
    await kubectl(['create', '-f', file]);
    const other = { env: { XDG_STATE_HOME: path.join(folder, 'another-user') } };
    const refused = await iter8ctlProcess(['run', 'foreign', '-n', namespace], other);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toMatch(/has scripts \(run\).*\n.*--allow-scripts/);
    expect(await iter8ctlProcess(['run', 'foreign', '-n', namespace, '--allow-scripts'], other)).toMatchObject({
      code: 0,
    });
  });

  it.concurrent('a second experiment of the same target waits for the first, and says for whom', async () => {
    const file = manifest('first', { target: 'shared', seconds: 12 });
    await kubectl(['create', '-f', file]);
    const first = run(['run', '-f', file]);
    await watchWithKubectl('first', namespace, /HandlerLaunched/);
    const second = await run(['run', '-f', manifest('second', { target: 'shared' })]);
    expect(second.code, second.err).toBe(0);
    expect(second.err).toMatch(new RegExp(`: Waiting for target shared, which experiment ${namespace}/first has`));
    expect(await first).toMatchObject({ code: 0 });
  });
});
