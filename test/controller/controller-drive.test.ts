/** What the drives of one controller share. */
import { mkdtempSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { openContext } from '../../src/cli/context.ts';
import { createDrive } from '../../src/cli/controller-drive.ts';
import type { HeldLock } from '../../src/drive/ports.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { testIo } from '../support/test-io.ts';
import { openClient, writeKubeconfig } from '../support/kube-server.ts';
import { testServer, type TestServer } from '../support/test-server.ts';

const held: HeldLock = { lost: new AbortController().signal, release: () => Promise.resolve() };
const OPTIONS = { concurrency: 10, allowScripts: false, scriptServiceAccount: 'default', log: () => undefined };

/** A local folder with a metric of this backend, and an Io whose clock does not wait. */
async function folderWith(backend: TestServer) {
  const io = testIo({ cwd: mkdtempSync(path.join(tmpdir(), 'iter8ctl-drive-')), clock: fakeClock() });
  const context = await openContext({ local: true }, io, () => undefined);
  await context.store.createMetric({
    apiVersion: 'iter8.tools/v2alpha2',
    kind: 'Metric',
    metadata: { name: 'm', namespace: 'default' },
    spec: { provider: 'p', type: 'Gauge', urlTemplate: backend.url, jqExpression: '.value | . + 1' },
  });
  return { io, context };
}

const experiment = (name: string): WrittenExperiment => ({
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Experiment',
  metadata: { name, namespace: 'default' },
  spec: {
    target: name,
    strategy: { testingPattern: 'Conformance' },
    criteria: { objectives: [{ metric: 'm', upperLimit: '5' }] },
    duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
    versionInfo: { baseline: { name: 'v1' } },
  },
});
const answer = (_: IncomingMessage, response: ServerResponse) => void response.end('{"value": 3}');

it('one jq engine serves all experiments of a process', async () => {
  const started: Worker[] = [];
  const onWorker = (worker: Worker) => void started.push(worker);
  process.on('worker', onWorker);
  await using backend = await testServer(answer);
  try {
    const { io, context } = await folderWith(backend);
    const driving = await createDrive(context, io, OPTIONS);
    for (const name of ['a', 'b', 'c']) {
      await driving.drive(await context.store.create(experiment(name)), held, new AbortController().signal);
      expect((await context.store.get({ namespace: 'default', name })).status?.stage).toBe('Completed');
    }
    expect(backend.seen()).toBeGreaterThanOrEqual(3);
    // None where an engine is at hand that an earlier source of metrics has closed.
    expect(started.length).toBeLessThanOrEqual(1);
    await driving.close();
  } finally {
    process.off('worker', onWorker);
  }
});

it('the events that wait are written before it ends', async () => {
  await using backend = await testServer(answer);
  const written: string[] = [];
  let ending: () => void = () => undefined;
  const ends = new Promise<void>((resolve) => (ending = resolve));
  // An API server that takes no event before the controller ends.
  await using api = await testServer((request, response) => {
    if (request.method === 'GET') return void response.writeHead(404).end('{"kind":"Status"}');
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      void ends.then(() => {
        written.push((JSON.parse(body) as { reason: string }).reason);
        response.writeHead(201).end(body);
      });
    });
  });
  const { io, context } = await folderWith(backend);
  const kube = await openClient(writeKubeconfig(api.url));
  const driving = await createDrive({ ...context, kube }, io, OPTIONS);
  await driving.drive(await context.store.create(experiment('a')), held, new AbortController().signal);
  const closed = driving.close();
  ending();
  await closed;
  expect(written.length).toBeGreaterThan(2);
  expect(written.at(-1)).toMatch(/Completed|Undecided|Recommend/);
  kube.close();
});
