/**
 * Defects of Iter8 0.7 (docs/contract.md 8) in what is measured: load, percentiles, metrics of others. See
 * table.test.ts.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { seededUniform } from '../../src/traffic/seeded-random.ts';
import { experimentView } from '../../src/view/experiment-view.ts';
import { conformance, driveInMemory, measuring, storeWithMetrics, writtenMetric } from '../support/driving.ts';
import { iter8ctl } from '../support/test-io.ts';
import { ok, testServer } from '../support/test-server.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-defects-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

/** Runs it on real servers, without a cluster. */
function run(...objects: object[]) {
  writeFileSync(path.join(cwd, 'all.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  return iter8ctl(['run', '--local', '-f', 'all.json', '-o', 'raw'], { cwd });
}

it('8: a server that closes its connections without an answer, in the middle of a run, is not healthy', async () => {
  await using server = await testServer((request, response, k) =>
    k < 100 ? ok(request, response) : request.destroy(),
  );
  const { code, err } = await run(
    conformance({
      collect: { numQueries: 300, qps: 500, timeout: '2s', versions: [{ name: 'hello', url: server.url }] },
      objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.05' }],
    }),
  );
  expect(code, err).toBe(1);
  expect(err).toMatch(/do not promote hello/);
});

it('12: a noisy moment is charged to every version: they are loaded side by side', async () => {
  const seen: string[] = [];
  await using server = await testServer((request, response) => {
    seen.push(request.url!);
    response.end('ok');
  });
  const base = conformance({
    collect: {
      numQueries: 200,
      qps: 200,
      versions: [
        { name: 'hello', url: `${server.url}old` },
        { name: 'next', url: `${server.url}new` },
      ],
    },
    objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.05' }],
  });
  const { code, err } = await run({
    ...base,
    spec: {
      ...base.spec,
      strategy: { ...base.spec.strategy, testingPattern: 'Canary', deploymentPattern: 'FixedSplit' },
      versionInfo: { baseline: { name: 'hello' }, candidates: [{ name: 'next' }] },
    },
  });
  expect(code, err).toBe(0);
  // More when a busy machine sent too late: such a run is extended.
  expect(seen.length).toBeGreaterThanOrEqual(400);
  for (let from = 0; from < 400; from += 40) {
    const old = seen.slice(from, from + 40).filter((url) => url === '/old').length;
    expect(old).toBeGreaterThanOrEqual(15);
    expect(old).toBeLessThanOrEqual(25);
  }
});

it('17: percentiles are read from the histogram, the same each time, and no random draws', async () => {
  const uniform = seededUniform(1, 'latencies');
  const latencies = Array.from({ length: 300 }, () => 20 + 400 * uniform() ** 4);
  const once = async () => {
    const drive = await driveInMemory(conformance({ collect: { numQueries: 300 }, strength: { extend: false } }), {
      service: (_, k) => ({ latencyMs: latencies[k]!, code: '200' }),
    });
    return drive.outcome.experiment;
  };
  const experiment = await once();
  const shown = () => experimentView(experiment, 0).observations[0]!.latencyMs!;
  const first = shown();
  for (let k = 0; k < 10; k++) expect(shown()).toEqual(first);
  expect((await once()).status!.analysis!.aggregatedMetrics!.data).toEqual(
    experiment.status!.analysis!.aggregatedMetrics!.data,
  );
  const sorted = latencies.toSorted((a, b) => a - b);
  for (const { percent, value } of first.percentiles) {
    const exact = sorted[Math.ceil((percent / 100) * 300) - 1]!;
    expect(Math.abs(value / exact - 1)).toBeLessThan(0.001);
  }
});

it('26: a metrics backend that cannot be reached is said to be that, and ends nothing', async () => {
  const server = await testServer(ok);
  const urlTemplate = `${server.url}api`;
  await server[Symbol.asyncDispose]();
  const { code, err } = await run(
    conformance({ actions: {}, objectives: [{ metric: 'error-share', upperLimit: '0.05' }] }),
    writtenMetric('error-share', { urlTemplate, jqExpression: '.x' }),
  );
  expect(code, err).toBe(3);
  expect(err).toMatch(/warning: error-share of hello: .*ECONNREFUSED/);
  expect(err).toMatch(/Completed: undecided: hello\n$/);
});

it('27: a metric that was made a second before is there', async () => {
  const store = await storeWithMetrics({ users: { type: 'Counter' } });
  const { outcome } = await driveInMemory(
    conformance({
      actions: { start: [{ run: 'kubectl apply -f metric.yaml' }] },
      objectives: [{ metric: 'error-share', upperLimit: '0.05' }],
      strength: { inFlightSeconds: 0 },
    }),
    {
      store,
      tasks: {
        run: async () => {
          await store.createMetric(writtenMetric('error-share', { sampleSize: 'users' }));
          return 'made';
        },
      },
      metrics: measuring((metric) => (metric === 'users' ? 10_000 : 0.001)),
    },
  );
  expect(outcome.recommendation).toMatchObject({ verdict: 'promote', version: 'hello' });
});
