/** The commands on a cluster: alike to local mode to the letter, and what only a cluster has. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accountKubeconfig,
  beginWatch,
  contextName,
  describeCluster,
  describeWithOldCrds,
  freshNamespace,
  iter8ctlProcess,
  kubectl,
  OLD_CRDS,
  OUR_CRDS,
  replaceCrds,
  storyOf,
  watchWithKubectl,
} from '../../../support/cluster.ts';
import { ok, testServer, type TestServer } from '../../../support/test-server.ts';

interface Written {
  readonly metadata: { namespace: string };
  readonly spec: { readonly versionInfo: { readonly baseline: Record<string, unknown> } };
}

describeCluster('on a cluster', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-commands-'));
  let server: TestServer;
  let namespace: string;

  const manifest = (
    name: string,
    change: { readonly seconds?: number; readonly start?: readonly object[]; readonly target?: string } = {},
  ): string => {
    const file = path.join(folder, `${name}.json`);
    const collect = {
      task: 'metrics/collect',
      with: { time: `${change.seconds ?? 3}s`, qps: 50, versions: [{ name: 'v1', url: server.url }] },
    };
    writeFileSync(
      file,
      JSON.stringify({
        apiVersion: 'iter8.tools/v2alpha2',
        kind: 'Experiment',
        metadata: { name, namespace, labels: { team: 'shop' } },
        spec: {
          target: change.target ?? name,
          strategy: { testingPattern: 'Conformance', actions: { start: [...(change.start ?? []), collect] } },
          criteria: { objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.05' }] },
          duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
          versionInfo: { baseline: { name: 'v1' } },
        },
      }),
    );
    return file;
  };
  const run = (args: readonly string[]) => iter8ctlProcess(args);

  beforeAll(async () => {
    server = await testServer(ok);
    namespace = freshNamespace();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const kinds = [
    { name: 'ours', files: OUR_CRDS, describeOn: describe },
    { name: 'those of Iter8 0.7', files: OLD_CRDS, describeOn: describeWithOldCrds },
  ];
  for (const { name: crdNames, files, describeOn } of kinds) {
    describeOn(`with CRDs: ${crdNames}`, () => {
      beforeAll(() => replaceCrds(files));

      it('run creates and drives it while kubectl tells the story; describe, get, assert, debug and watch show it', async () => {
        const file = manifest('told');
        const { lines } = await beginWatch('told', namespace, /ExperimentCompleted/);
        kubectl(['create', '-f', file]);
        const ran = await run(['run', '-f', file]);
        expect(ran.code, ran.err).toBe(0);
        expect(ran.out).toMatch(/^promote v1\n/);
        expect(storyOf(await lines)).toEqual([
          'Conformance | told',
          'Conformance | told | Waiting | 0',
          'Conformance | told | Waiting | 0 | ExperimentInitialized: Experiment status initialized',
          'Conformance | told | Waiting | 0 | TargetAcquired',
          'Conformance | told | Initializing | 0 | StageAdvanced: Advanced to Initializing',
          "Conformance | told | Initializing | 0 | HandlerLaunched: Start handler 'start' launched",
          'Conformance | told | Running | 0 | StageAdvanced: Advanced to Running',
          'Conformance | told | Running | 1 | IterationUpdate: Completed Loop 1',
          'Conformance | told | Completed | 1 | ExperimentCompleted: Experiment completed successfully',
        ]);
        // The CRDs of Iter8 0.7 have no column for it.
        const isOurs = files !== OLD_CRDS;
        expect((await lines).at(-1)).toMatch(/Experiment completed successfully( +promote)?$/);
        expect((await lines).at(-1)!.endsWith(' promote')).toBe(isOurs);
        const here = ['told', '-n', namespace];
        const described = await run(['describe', ...here]);
        const raw = await run(['describe', ...here, '-o', 'raw']);
        const fromFile = await iter8ctlProcess(['describe', '-f', '-'], { input: raw.out });
        const withoutAges = (text: string) => text.replace(/(now|\d+ \w+ ago)/, 'AGE');
        expect(withoutAges(fromFile.out)).toBe(withoutAges(described.out));
        expect((await run(['get', '-n', namespace, '-l', 'team=shop'])).out).toMatch(
          /told +Conformance +told +Completed/,
        );
        expect(await run(['assert', ...here, '-c', 'successful'])).toMatchObject({ code: 0 });
        expect((await run(['debug', ...here, '-p', '1'])).out).toMatch(/1 {2}Completed: promote v1/);
        expect(await run(['watch', ...here])).toMatchObject({ code: 0 });
        const again = await run(['run', ...here]);
        expect(again).toMatchObject({ code: 2 });
        expect(again.err).toMatch(/has already run to its end/);
      });
    });
  }

  describe('by hand', () => {
    beforeAll(() => replaceCrds(OUR_CRDS));

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

    it('plan asks for every permission, and changes nothing', async () => {
      const planned = await run(['plan', '-f', manifest('planned')]);
      expect(planned.out).toMatch(/permissions +9 of 9/);
      expect(planned.code, planned.err).toBe(0);
      expect(kubectl(['get', 'experiments', '-n', namespace, '-o', 'name'])).not.toMatch(/planned/);
    });

    it('plan finds out what a run of it would be refused, and reads the weights as a run does', async () => {
      kubectl(['create', 'configmap', 'split', '-n', namespace, '--from-literal=v1=a']);
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
      const kubeconfig = accountKubeconfig('planner', namespace, { role, folder });
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

    it('readiness waits for every object, and says which is missing', async () => {
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

    it('scripts of a file run here, with the context in use alone; of an experiment in the cluster only when allowed', async () => {
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
      kubectl(['create', '-f', file]);
      const other = { env: { XDG_STATE_HOME: path.join(folder, 'another-user') } };
      const refused = await iter8ctlProcess(['run', 'foreign', '-n', namespace], other);
      expect(refused).toMatchObject({ code: 2 });
      expect(refused.err).toMatch(/has scripts \(run\).*\n.*--allow-scripts/);
      expect(await iter8ctlProcess(['run', 'foreign', '-n', namespace, '--allow-scripts'], other)).toMatchObject({
        code: 0,
      });
    });

    it('a second experiment of the same target waits for the first, and says for whom', async () => {
      const file = manifest('first', { target: 'shared', seconds: 12 });
      kubectl(['create', '-f', file]);
      const first = run(['run', '-f', file]);
      await watchWithKubectl('first', namespace, /HandlerLaunched/);
      const second = await run(['run', '-f', manifest('second', { target: 'shared' })]);
      expect(second.code, second.err).toBe(0);
      expect(second.err).toMatch(new RegExp(`: Waiting for target shared, which experiment ${namespace}/first has`));
      expect(await first).toMatchObject({ code: 0 });
    });

    it('without CRDs says how to install them; install makes them, twice without a change; uninstall asks first', async () => {
      kubectl(['delete', 'crd', 'experiments.iter8.tools', 'metrics.iter8.tools', '--wait']);
      const none = await run(['get']);
      expect(none).toMatchObject({ code: 7 });
      expect(none.err).toMatch(
        /does not know experiments\.iter8\.tools: its CRD is not installed\n {2}install it: iter8ctl install/,
      );
      const dry = await run(['install', '--dry-run', '--image', 'x:1']);
      expect(dry.out).toMatch(/kind: Deployment/);
      kubectl(['apply', '--dry-run=client', '--validate=false', '-f', '-'], dry.out);
      const installed = await run(['install']);
      expect(installed.code, installed.err).toBe(0);
      expect((await run(['install'])).out).not.toMatch(/created|configured/);
      kubectl(['create', '-f', manifest('kept')]);
      const refused = await run(['uninstall']);
      expect(refused).toMatchObject({ code: 2 });
      expect(refused.err).toMatch(
        new RegExp(`there is 1 experiment in context ${contextName()}: ${namespace}/kept\\n.*--delete-experiments`),
      );
      const removed = await run(['uninstall', '--delete-experiments']);
      expect(removed.code, removed.err).toBe(0);
      expect(kubectl(['get', 'crd', '-o', 'name'])).not.toMatch(/iter8/);
      expect(kubectl(['get', 'clusterroles', '-o', 'name'])).not.toMatch(/iter8ctl/);
    });
  });
});
