/** The controller as a process, against a real API server: it drives what nobody else drives, and is replaced when it dies. */
import { beforeAll, afterAll, afterEach, expect, it } from 'vitest';
import {
  describeCluster,
  freshNamespace,
  iter8ctlProcess,
  kubectl,
  installOurs,
  Running,
  watchWithKubectl,
} from '../../../support/cluster.ts';
import { ok, testServer, type TestServer } from '../../../support/test-server.ts';

describeCluster('the controller', () => {
  let server: TestServer;
  let namespace: string;
  const started: Running[] = [];

  const experiment = (
    name: string,
    change: {
      readonly seconds?: number;
      readonly start?: readonly object[];
      readonly spec?: object;
      readonly target?: string;
    } = {},
  ): string => {
    const collect = {
      task: 'metrics/collect',
      with: { time: `${change.seconds ?? 2}s`, qps: 50, versions: [{ name: 'v1', url: server.url }] },
    };
    return JSON.stringify({
      apiVersion: 'iter8.tools/v2alpha2',
      kind: 'Experiment',
      metadata: { name, namespace },
      spec: {
        target: change.target ?? name,
        strategy: { testingPattern: 'Conformance', actions: { start: [...(change.start ?? []), collect] } },
        criteria: { objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.05' }] },
        duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
        versionInfo: { baseline: { name: 'v1' } },
        ...change.spec,
      },
    });
  };
  const create = (manifest: string) => kubectl(['create', '-f', '-'], manifest);
  const controller = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Running => {
    const running = new Running(['controller', '-n', namespace, ...args], undefined, env);
    started.push(running);
    return running;
  };
  const ended = (name: string) => watchWithKubectl(name, namespace, /ExperimentCompleted/);
  const messageOf = (name: string) =>
    kubectl(['get', 'experiment', name, '-n', namespace, '-o', 'jsonpath={.status.message}']);

  beforeAll(async () => {
    installOurs();
    server = await testServer(ok);
  });
  afterAll(() => server[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const running of started.splice(0)) {
      running.kill('SIGTERM');
      await running.done;
    }
  });

  it('drives what is created before and after it starts, logs it as JSON, and answers health checks', async () => {
    namespace = freshNamespace();
    create(experiment('before'));
    const running = controller(['--health-address', '127.0.0.1:18091']);
    await running.said(/"message":"experiments listed","unfinished":1/);
    create(experiment('after'));
    await Promise.all([ended('before'), ended('after')]);
    const described = await iter8ctlProcess(['describe', 'after', '-n', namespace, '--exit-code']);
    expect(described.out).toMatch(/^promote v1\n/);
    await running.said(new RegExp(`"message":"ended","experiment":"${namespace}/after","recommendation":"promote v1"`));
    for (const entry of running.err.split('\n')) expect(() => JSON.parse(entry) as unknown).not.toThrow();
    expect((await fetch('http://127.0.0.1:18091/healthz')).status).toBe(200);
    expect((await fetch('http://127.0.0.1:18091/readyz')).status).toBe(200);
    const metrics = async () => (await fetch('http://127.0.0.1:18091/metrics')).text();
    const own = (name: string) => `{namespace="${namespace}",experiment="${name}"`;
    const text = await metrics();
    expect(text).toMatch(/iter8ctl_experiments_completed_total 2\n/);
    expect(text).toMatch(/iter8ctl_leader 1\n/);
    for (const name of ['before', 'after']) {
      expect(text).toContain(`iter8ctl_experiment_recommendation${own(name)},recommendation="promote"} 1\n`);
      expect(text).toContain(`iter8ctl_experiment_ended${own(name)}} 1\n`);
    }
    kubectl(['delete', 'experiment', 'before', '-n', namespace]);
    await expect.poll(metrics, { timeout: 20_000 }).not.toContain(own('before'));
    expect(await metrics()).toContain(own('after'));
    running.kill('SIGTERM');
    expect(await running.done).toMatchObject({ code: 0 });
  });

  it('gives way to a second one when it is killed, which goes on where it was', async () => {
    namespace = freshNamespace();
    const first = controller();
    await first.said(/"message":"leading"/);
    const second = controller();
    await second.said(/"message":"standing by"/);
    create(experiment('taken-over', { seconds: 12 }));
    await first.said(/error-rate of v1 is satisfied/);
    await watchWithKubectl('taken-over', namespace, /HandlerLaunched/);
    first.kill('SIGKILL');
    await ended('taken-over');
    expect(second.err).toMatch(/goes on with it/);
    const view = JSON.parse((await iter8ctlProcess(['describe', 'taken-over', '-n', namespace, '-o', 'json'])).out) as {
      recommendation: object;
      objectives: { n: number }[];
    };
    expect(view.recommendation).toMatchObject({ verdict: 'promote' });
    expect(view.objectives[0]!.n).toBeGreaterThanOrEqual(500);
  });

  it('saves and lets go on SIGTERM, and goes on after its restart', async () => {
    namespace = freshNamespace();
    const first = controller();
    create(experiment('restarted', { seconds: 10 }));
    await first.said(/error-rate of v1 is satisfied/);
    first.kill('SIGTERM');
    expect(await first.done).toMatchObject({ code: 0 });
    expect(first.err).toMatch(/interrupted, to be resumed/);
    const counted = JSON.parse(kubectl(['get', 'experiment', 'restarted', '-n', namespace, '-o', 'json'])) as {
      status: {
        analysis: { aggregatedBuiltinHists: { data: { iter8ctl: { tasks: Record<string, { counted: object[] }> } } } };
      };
    };
    expect(counted.status.analysis.aggregatedBuiltinHists.data.iter8ctl.tasks['start/0']!.counted).toHaveLength(1);
    controller();
    await ended('restarted');
    const view = JSON.parse((await iter8ctlProcess(['describe', 'restarted', '-n', namespace, '-o', 'json'])).out) as {
      objectives: { n: number }[];
    };
    expect(view.objectives[0]!.n).toBe(500);
  });

  it('leaves alone what a run drives, and runs experiments of one target one after another', async () => {
    namespace = freshNamespace();
    create(experiment('by-hand', { seconds: 6 }));
    const run = new Running(['run', 'by-hand', '-n', namespace]);
    await run.said(/sending 300 requests/);
    const running = controller(['--log-level', 'debug']);
    await running.said(/"message":"driven by another"/);
    create(experiment('one', { target: 'same', seconds: 4 }));
    create(experiment('two', { target: 'same' }));
    await Promise.all([ended('one'), ended('two')]);
    expect(running.err).toMatch(/Waiting for target same, which experiment/);
    expect(await run.done).toMatchObject({ code: 0 });
    expect(running.err).not.toMatch(/"message":"ended","experiment":"[^"]*by-hand/);
  });

  it('fails what it may not or cannot do, with the reason', async () => {
    namespace = freshNamespace();
    create(experiment('script', { start: [{ run: 'id' }] }));
    create(experiment('no-versions', { spec: { versionInfo: undefined } }));
    const collect = {
      task: 'metrics/collect',
      with: { versions: [{ name: 'v1', url: server.url, headersFrom: { secret: 'kube-system/token' } }] },
    };
    create(
      experiment('foreign-secret', {
        spec: { strategy: { testingPattern: 'Conformance', actions: { start: [collect] } } },
      }),
    );
    create(experiment('too-many', { spec: { strategy: { testingPattern: 'Canary' } } }));
    controller();
    await Promise.all(['script', 'no-versions', 'foreign-secret', 'too-many'].map(ended));
    expect(messageOf('script')).toMatch(
      /InvalidExperiment|scripts are not allowed here: the controller was installed without --allow-scripts/,
    );
    expect(messageOf('no-versions')).toMatch(/No versionInfo in experiment/);
    expect(messageOf('foreign-secret')).toMatch(/secret kube-system\/token is of another namespace/);
    expect(messageOf('too-many')).toMatch(/Invalid number of candidates for Canary experiment/);
    const events = kubectl([
      'get',
      'events',
      '-n',
      namespace,
      '--field-selector',
      'type=Warning',
      '-o',
      'custom-columns=R:.reason,M:.message',
    ]);
    expect(events).toMatch(/InvalidExperiment +Invalid number of candidates/);
  });
});
