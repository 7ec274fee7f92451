/** `run` with its values given out: to a real Prometheus with the dashboard of deploy/grafana, and to a collector of OTLP. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { prometheusText } from '../../src/adapters/telemetry/prometheus-text.ts';
import { run } from '../../src/cli/program.ts';
import { controllerSamples } from '../../src/telemetry/controller-samples.ts';
import { experimentSamples } from '../../src/telemetry/experiment-samples.ts';
import { byFamily } from '../../src/telemetry/families.ts';
import { MeasuredExperiments } from '../../src/telemetry/measured-experiments.ts';
import { experimentView } from '../../src/view/experiment-view.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { measuredCanary } from '../support/measured-canary.ts';
import { otlpReceiver } from '../support/otlp-receiver.ts';
import { describePrometheus, freePort, startPrometheus } from '../support/prometheus.ts';
import { iter8ctl, testIo } from '../support/test-io.ts';
import { failingEach, ok, testServer } from '../support/test-server.ts';

const folder = () => mkdtempSync(path.join(tmpdir(), 'iter8ctl-measured-'));
const program = path.join(import.meta.dirname, '../../bin/iter8ctl.js');
const RUN = ['run', '--local', '--slo', 'error-rate<=10%', '--name', 'hello', '--no-extend'];

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly type: string; readonly name: string; readonly definition?: string }[];
  };
}
const dashboard = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../../deploy/grafana/iter8ctl.json'), 'utf8'),
) as Dashboard;

/** As Grafana does for "All". */
const filledIn = (text: string) =>
  text.replaceAll('$__rate_interval', '1m').replaceAll(/\$(namespace|experiment)\b/g, '.*');

describePrometheus('a Prometheus that scrapes a run and a controller', () => {
  it('has an answer for every query of the dashboard, with the labels of its legend', async () => {
    // A controller that has the canary of a simulated service, and an experiment that nobody drives.
    const { outcome, states } = await measuredCanary();
    const clock = fakeClock();
    const experiments = new MeasuredExperiments(clock, ({ name }) => name !== 'lonely');
    experiments.see(outcome.experiment);
    const under = states.find(({ status }) => status?.stage === 'Initializing')!;
    experiments.see({ ...under, metadata: { ...under.metadata, name: 'lonely' } });
    // Bounds of values without a unit, and an observed split, come of counters of a backend.
    const view = experimentView(outcome.experiment, clock.now());
    const plain = view.objectives.map((one) => ({ ...one, unit: 'plain' as const, requestsNeeded: 5 }));
    const weights = { ...view.weights, observed: [{ name: 'old', value: 91 }] };
    const custom = experimentSamples({ ...view, name: 'custom', objectives: plain, weights });
    const state = { leading: true, locked: 3, turns: 2, unfinished: 5, completed: 7, failedAttempts: 1 };
    await using controller = await testServer((request, response) => {
      void prometheusText(
        byFamily([...controllerSamples(state), ...custom, ...experiments.samples()]),
        request.headers.accept ?? '',
      ).then(({ type, text }) => response.setHeader('Content-Type', type).end(text));
    });
    // A run under real load, until everything was asked.
    await using service = await testServer(failingEach(20));
    const io = testIo({ cwd: folder() });
    const load = [
      '--url',
      service.url,
      '--qps',
      '100',
      '--duration',
      '10m',
      '--slo',
      'p95<=5s',
      '--slo',
      'error-count<=9999',
    ];
    const ending = run([...RUN, ...load, '--metrics-address', '0'], io);
    await expect.poll(io.err, { timeout: 60_000 }).toMatch(/measured values: /);
    const url = /measured values: (\S+)/.exec(io.err())![1]!;
    await using gateway = await testServer((request, response) => {
      fetch(url, { headers: { Accept: request.headers.accept ?? '' } })
        .then(async (answer) =>
          response.setHeader('Content-Type', answer.headers.get('Content-Type')!).end(await answer.text()),
        )
        .catch(() => response.destroy()); // the run has ended: it is scraped no more
    });
    await using prometheus = await startPrometheus([gateway, controller]);
    const ask = async (query: string) => {
      const answer = await fetch(`${prometheus.url}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
      const body = (await answer.json()) as { error?: string; data: { result: { metric: Record<string, string> }[] } };
      expect(body.error, query).toBeUndefined();
      return body.data.result.map(({ metric }) => metric);
    };
    try {
      await expect
        .poll(() => ask('iter8ctl_objective_estimate_seconds{experiment="hello"} > 0'), { timeout: 60_000 })
        .toHaveLength(1);
      await prometheus.scraped();
      for (const { title, targets = [] } of dashboard.panels)
        for (const { expr, legendFormat } of targets) {
          // Where a scrape takes too long there is no answer until the next one: a busy machine is no wrong name.
          let results: Record<string, string>[] = [];
          await expect
            .poll(async () => (results = await ask(filledIn(expr))), { timeout: 60_000, message: `${title}: ${expr}` })
            .not.toHaveLength(0);
          for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
            for (const metric of results) expect(metric, `${title}: ${expr}`).toHaveProperty(label!);
        }
      for (const { type, definition } of dashboard.templating.list) {
        if (type === 'datasource') continue;
        const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(filledIn(definition!))!;
        await expect
          .poll(async () => (await ask(selector!)).map((metric) => metric[label!]), { timeout: 60_000 })
          .toContain(label === 'namespace' ? 'default' : 'hello');
      }
      await expect
        .poll(() => ask('iter8ctl_experiment_driven == 0'), { timeout: 60_000 })
        .toMatchObject([{ experiment: 'lonely' }]);
    } finally {
      io.send('SIGTERM');
      expect(await ending).toBe(143);
    }
    await expect(fetch(url)).rejects.toThrow(); // it is served while it runs
  });
});

it('every panel of the dashboard asks the chosen source', () => {
  const text = JSON.stringify(dashboard);
  expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'namespace', 'experiment']);
  expect([...text.matchAll(/"uid":"([^"]+)"/g)].map(([, uid]) => uid).filter((uid) => uid !== 'iter8ctl')).toEqual(
    [...text.matchAll(/"uid":"\$\{datasource\}"/g)].map(() => '${datasource}'),
  );
});

it('an address that is taken is said before anything is sent', async () => {
  await using service = await testServer(ok);
  await using other = await testServer(ok);
  const args = [...RUN, '--url', service.url, '--duration', '1s', '--metrics-address', String(other.port)];
  const { code, err, out } = await iter8ctl(args, { cwd: folder() });
  expect([code, out, service.seen()]).toEqual([2, '', 0]);
  expect(err).toBe(`error: --metrics-address ${other.port}: another program listens there\n  name another address\n`);
});

it('pushes the end of a run to a collector, and says nothing about it: the program as it is installed', async () => {
  await using service = await testServer(ok);
  const { server, received } = await otlpReceiver();
  await using _ = server;
  const args = [...RUN, '--url', service.url, '--qps', '200', '--duration', '0.5s', '--metrics-address', '0'];
  // What both outputs need lies in files of their own (scripts/build.mjs).
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder(),
    env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: server.url },
  });
  let err = '';
  let scraped: Promise<string> | undefined;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    const url = /measured values: (\S+)\n/.exec(err)?.[1];
    if (url !== undefined) scraped ??= fetch(url).then((answer) => answer.text());
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code, err).toBe(0);
  expect(await scraped).toContain('\niter8ctl_build_info{');
  expect(err.replace(/measured values: http.*/, '')).not.toMatch(/measured values/);
  const last = received.at(-1)!.metrics;
  const valueOf = (name: string, labels: Record<string, string> = {}) =>
    last
      .find((one) => one.name === `iter8ctl_${name}`)
      ?.points.find(({ attributes }) => Object.entries(labels).every(([label, value]) => attributes[label] === value))
      ?.value;
  expect(valueOf('experiment_ended')).toBe(1);
  expect(valueOf('objective_verdict', { verdict: 'satisfied' })).toBe(1);
  expect(valueOf('version_load_requests_total')).toBe(service.seen());
});

it('a collector that is not there changes no answer', async () => {
  await using service = await testServer(ok);
  const args = [...RUN, '--url', service.url, '--qps', '200', '--duration', '0.3s', '-o', 'name'];
  const env = { OTEL_EXPORTER_OTLP_TIMEOUT: '300', OTEL_EXPORTER_OTLP_HEADERS: 'a=t0psecret' };
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const cwd = folder();
  const { code, err } = await iter8ctl(args, { cwd, env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } });
  expect(code, err).toBe(0);
  expect(err.match(/measured values cannot be sent to/g)).toHaveLength(1);
  expect(err).not.toContain('t0psecret');
});
