/** The commands on a cluster with our CRDs, with those of Iter8 0.7, and without any. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
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
} from '../../../support/cluster.ts';
import { loadedManifest, type LoadedChange } from '../../../support/cluster-objects.ts';
import { ok, testServer, type TestServer } from '../../../support/test-server.ts';

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

  const kinds = [
    { name: 'ours', files: OUR_CRDS, describeOn: describe },
    { name: 'those of Iter8 0.7', files: OLD_CRDS, describeOn: describeWithOldCrds },
  ];
  for (const { name: crdNames, files, describeOn } of kinds) {
    describeOn(`with CRDs: ${crdNames}`, () => {
      beforeAll(() => replaceCrds(files));

      it('run creates and drives it while kubectl shows the story; describe, get, assert, debug and watch show it', async () => {
        const file = manifest('shown', { target: 'shown' });
        const { lines } = await beginWatch('shown', namespace, /ExperimentCompleted/);
        await kubectl(['create', '-f', file]);
        const ran = await run(['run', '-f', file]);
        expect(ran.code, ran.err).toBe(0);
        expect(ran.out).toMatch(/^promote v1\n/);
        expect(storyOf(await lines)).toEqual([
          'Conformance | shown',
          'Conformance | shown | Waiting | 0',
          'Conformance | shown | Waiting | 0 | ExperimentInitialized: Experiment status initialized',
          'Conformance | shown | Waiting | 0 | TargetAcquired',
          'Conformance | shown | Initializing | 0 | StageAdvanced: Advanced to Initializing',
          "Conformance | shown | Initializing | 0 | HandlerLaunched: Start handler 'start' launched",
          'Conformance | shown | Running | 0 | StageAdvanced: Advanced to Running',
          'Conformance | shown | Running | 1 | IterationUpdate: Completed Loop 1',
          'Conformance | shown | Completed | 1 | ExperimentCompleted: Experiment completed successfully',
        ]);
        // The CRDs of Iter8 0.7 have no column for it.
        const isOurs = files !== OLD_CRDS;
        expect((await lines).at(-1)).toMatch(/Experiment completed successfully( +promote)?$/);
        expect((await lines).at(-1)!.endsWith(' promote')).toBe(isOurs);
        const here = ['shown', '-n', namespace];
        const described = await run(['describe', ...here]);
        const raw = await run(['describe', ...here, '-o', 'raw']);
        const fromFile = await iter8ctlProcess(['describe', '-f', '-'], { input: raw.out });
        const withoutAges = (text: string) => text.replace(/(now|\d+ \w+ ago)/, 'AGE');
        expect(withoutAges(fromFile.out)).toBe(withoutAges(described.out));
        expect((await run(['get', '-n', namespace, '-l', 'team=shop'])).out).toMatch(
          /shown +Conformance +shown +Completed/,
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

  it('without CRDs says how to install them; install makes them, twice without a change; uninstall asks first', async () => {
    await kubectl(['delete', 'crd', 'experiments.iter8.tools', 'metrics.iter8.tools', '--wait']);
    const none = await run(['get']);
    expect(none).toMatchObject({ code: 7 });
    expect(none.err).toMatch(
      /does not know experiments\.iter8\.tools: its CRD is not installed\n {2}install it: iter8ctl install/,
    );
    const dry = await run(['install', '--dry-run', '--image', 'x:1']);
    expect(dry.out).toMatch(/kind: Deployment/);
    await kubectl(['apply', '--dry-run=client', '--validate=false', '-f', '-'], dry.out);
    const installed = await run(['install']);
    expect(installed.code, installed.err).toBe(0);
    expect((await run(['install'])).out).not.toMatch(/created|configured/);
    await kubectl(['create', '-f', manifest('kept')]);
    const refused = await run(['uninstall']);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toMatch(
      new RegExp(`there is 1 experiment in context ${await contextName()}: ${namespace}/kept\\n.*--delete-experiments`),
    );
    const removed = await run(['uninstall', '--delete-experiments']);
    expect(removed.code, removed.err).toBe(0);
    expect(await kubectl(['get', 'crd', '-o', 'name'])).not.toMatch(/iter8/);
    expect(await kubectl(['get', 'clusterroles', '-o', 'name'])).not.toMatch(/iter8ctl/);
  });
});
