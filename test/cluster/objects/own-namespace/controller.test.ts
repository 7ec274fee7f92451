/** The controller as a process, against a real API server: it drives what nobody else drives, and is replaced when it dies. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  describeCluster,
  freshNamespace,
  iter8ctlProcess,
  kubectl,
  Running,
  watchWithKubectl,
} from '../../../support/cluster.ts';
import { createObjects, loadedExperiment, type LoadedChange } from '../../../support/cluster-objects.ts';
import { ok, testServer, type TestServer } from '../../../support/test-server.ts';

let server: TestServer;

/** A namespace, and controllers that drive what is in it. */
class Place implements AsyncDisposable {
  readonly namespace: string;
  readonly #started: Running[] = [];

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  create(name: string, change: LoadedChange = {}): Promise<string> {
    const key = { namespace: this.namespace, name };
    return createObjects(this.namespace, loadedExperiment(key, server.url, { seconds: 2, ...change }));
  }

  /** Those of one namespace choose one that leads. */
  controller(args: readonly string[] = []): Running {
    const running = new Running(['controller', '-n', this.namespace, ...args], undefined, {
      POD_NAMESPACE: this.namespace,
    });
    this.#started.push(running);
    return running;
  }

  ended(name: string): Promise<string[]> {
    return watchWithKubectl(name, this.namespace, /ExperimentCompleted/);
  }

  messageOf(name: string): Promise<string> {
    return kubectl(['get', 'experiment', name, '-n', this.namespace, '-o', 'jsonpath={.status.message}']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#started) {
      running.kill('SIGTERM');
      await running.done;
    }
  }
}

// All at once, each in a namespace of its own: most of the time they wait for loads and leases.
describeCluster('the controller', () => {
  beforeAll(async () => {
    server = await testServer(ok);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const place = async () => new Place(await freshNamespace());

  it.concurrent('drives what is created before and after it starts, logs it as JSON, and answers health checks', async ({
    expect,
  }) => {
    await using here = await place();
    const { namespace } = here;
    await here.create('before');
    const running = here.controller(['--health-address', '127.0.0.1:18091']);
    await running.said(/"message":"experiments listed","unfinished":1/);
    await here.create('after');
    await Promise.all([here.ended('before'), here.ended('after')]);
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
    await kubectl(['delete', 'experiment', 'before', '-n', namespace]);
    await expect.poll(metrics, { timeout: 20_000 }).not.toContain(own('before'));
    expect(await metrics()).toContain(own('after'));
    running.kill('SIGTERM');
    expect(await running.done).toMatchObject({ code: 0 });
  });

  it.concurrent('gives way to a second one when it is killed, which goes on where it was', async () => {
    await using here = await place();
    const { namespace } = here;
    const first = here.controller();
    await first.said(/"message":"leading"/);
    const second = here.controller();
    await second.said(/"message":"standing by"/);
    await here.create('taken-over', { seconds: 12 });
    await first.said(/error-rate of v1 is satisfied/);
    await watchWithKubectl('taken-over', namespace, /HandlerLaunched/);
    first.kill('SIGKILL');
    await here.ended('taken-over');
    expect(second.err).toMatch(/goes on with it/);
    const view = JSON.parse((await iter8ctlProcess(['describe', 'taken-over', '-n', namespace, '-o', 'json'])).out) as {
      recommendation: object;
      objectives: { n: number }[];
    };
    expect(view.recommendation).toMatchObject({ verdict: 'promote' });
    expect(view.objectives[0]!.n).toBeGreaterThanOrEqual(500);
  });

  it.concurrent('saves and lets go on SIGTERM, and goes on after its restart', async () => {
    await using here = await place();
    const { namespace } = here;
    const first = here.controller();
    await here.create('restarted', { seconds: 10 });
    await first.said(/error-rate of v1 is satisfied/);
    first.kill('SIGTERM');
    expect(await first.done).toMatchObject({ code: 0 });
    expect(first.err).toMatch(/interrupted, to be resumed/);
    const counted = JSON.parse(await kubectl(['get', 'experiment', 'restarted', '-n', namespace, '-o', 'json'])) as {
      status: {
        analysis: { aggregatedBuiltinHists: { data: { iter8ctl: { tasks: Record<string, { counted: object[] }> } } } };
      };
    };
    expect(counted.status.analysis.aggregatedBuiltinHists.data.iter8ctl.tasks['start/0']!.counted).toHaveLength(1);
    here.controller();
    await here.ended('restarted');
    const view = JSON.parse((await iter8ctlProcess(['describe', 'restarted', '-n', namespace, '-o', 'json'])).out) as {
      objectives: { n: number }[];
    };
    expect(view.objectives[0]!.n).toBe(500);
  });

  it.concurrent('leaves alone what a run drives, and runs experiments of one target one after another', async () => {
    await using here = await place();
    const { namespace } = here;
    await here.create('by-hand', { seconds: 6 });
    const run = new Running(['run', 'by-hand', '-n', namespace]);
    await run.said(/sending 300 requests/);
    const running = here.controller(['--log-level', 'debug']);
    await running.said(/"message":"driven by another"/);
    await here.create('one', { target: 'same', seconds: 4 });
    await here.create('two', { target: 'same' });
    await Promise.all([here.ended('one'), here.ended('two')]);
    expect(running.err).toMatch(/Waiting for target same, which experiment/);
    expect(await run.done).toMatchObject({ code: 0 });
    expect(running.err).not.toMatch(/"message":"ended","experiment":"[^"]*by-hand/);
  });

  it.concurrent('fails what it may not or cannot do, with the reason', async () => {
    await using here = await place();
    const { namespace } = here;
    await here.create('script', { start: [{ run: 'id' }] });
    await here.create('no-versions', { spec: { versionInfo: undefined } });
    const collect = {
      task: 'metrics/collect',
      with: { versions: [{ name: 'v1', url: server.url, headersFrom: { secret: 'kube-system/token' } }] },
    };
    await here.create('foreign-secret', {
      spec: { strategy: { testingPattern: 'Conformance', actions: { start: [collect] } } },
    });
    await here.create('too-many', { spec: { strategy: { testingPattern: 'Canary' } } });
    here.controller();
    await Promise.all(['script', 'no-versions', 'foreign-secret', 'too-many'].map((name) => here.ended(name)));
    expect(await here.messageOf('script')).toMatch(
      /InvalidExperiment|scripts are not allowed here: the controller was installed without --allow-scripts/,
    );
    expect(await here.messageOf('no-versions')).toMatch(/No versionInfo in experiment/);
    expect(await here.messageOf('foreign-secret')).toMatch(/secret kube-system\/token is of another namespace/);
    expect(await here.messageOf('too-many')).toMatch(/Invalid number of candidates for Canary experiment/);
    const events = await kubectl([
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
