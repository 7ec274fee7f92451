/**
 * Defects of Iter8 0.7 (docs/contract.md 8) in the course of an experiment, and in what is reported of it. See
 * table.test.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createFileStore } from '../../src/adapters/store/local-store.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { controllerInMemory } from '../support/controller-in-memory.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { Iter8Error, UnavailableError } from '../../src/errors.ts';
import { conformance, driveInMemory, measuring, storeWithMetrics } from '../support/driving.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { askAbout } from '../support/object-cli.ts';
import { iter8ctl } from '../support/test-io.ts';

const KEY = { namespace: 'default', name: 'hello-experiment' };
const collect = {
  task: 'metrics/collect',
  with: { numQueries: 100, qps: 50, versions: [{ name: 'hello', url: 'http://hello.test/' }] },
};

it('2: the newest experiment is the one that was made last, whatever its name', async () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-newest-'));
  const clock = fakeClock();
  const store = createFileStore({ dir: path.join(cwd, '.iter8'), clock, pid: process.pid });
  for (const name of ['m', 'z', 'a']) {
    await store.create({ ...conformance(), metadata: { name, namespace: 'default' } });
    clock.advance(5000);
  }
  const { err } = await iter8ctl(['describe', '--local'], { cwd });
  expect(err).toContain('the newest experiment is a\n');
  rmSync(cwd, { recursive: true });
});

it('14: debug shows the story from the object alone', async () => {
  const { outcome } = await driveInMemory(conformance({ actions: { start: [{ run: 'false' }, collect] } }), {
    tasks: { run: () => Promise.reject(new Iter8Error('the script ended with exit code 1')) },
  });
  const { code, out } = await askAbout(outcome.experiment, 'debug');
  expect(code).toBe(0);
  const story = out.replace(/\s+/g, ' ');
  expect(story).toMatch(
    /Start handler 'start' launched .*HandlerFailed: Start actions failed: run: the script ended with exit code 1/,
  );
});

it('19: what loop tasks measure after the last loop is assessed', async () => {
  const measure = (numQueries: number) => ({ ...collect, with: { ...collect.with, numQueries } });
  const { outcome } = await driveInMemory(
    conformance({ actions: { start: [measure(10)], loop: [measure(400)] }, strength: { extend: false } }),
  );
  const { status } = outcome.experiment;
  expect(status!.analysis!.winnerAssessment!.data).toEqual({ winnerFound: true, winner: 'hello' });
  expect(status!.versionRecommendedForPromotion).toBe('hello');
  expect(outcome.recommendation.verdict).toBe('promote');
});

it('20: iterations keep their times, however long measuring takes', async () => {
  const clock = fakeClock();
  const start = clock.now();
  const at: number[] = [];
  await driveInMemory(
    conformance({
      actions: {},
      objectives: [{ metric: 'error-share', upperLimit: '0.05' }],
      duration: { intervalSeconds: 10, iterationsPerLoop: 5 },
    }),
    {
      clock,
      store: await storeWithMetrics({ 'error-share': {} }, clock),
      metrics: measuring(() => {
        at.push(clock.now() - start);
        clock.advance(3000); // a slow backend, or tries again
        return 0.001;
      }),
    },
  );
  expect(at).toEqual([0, 10_000, 20_000, 30_000, 40_000]);
});

it('23: a task that was done is not done again, neither after a failure nor by a second driver', async () => {
  const written = conformance({
    actions: { start: [{ run: 'notify' }, { run: 'deploy' }, { run: 'check' }] },
    objectives: [],
  });
  const done: string[] = [];
  const store = await storeWithMetrics({});
  const stop = new AbortController();
  const first = await driveInMemory(written, {
    store,
    options: { stop: stop.signal },
    tasks: {
      run: ({ task }) => {
        if (task.run === 'deploy') stop.abort();
        done.push(task.run!);
        return Promise.resolve('done');
      },
    },
  });
  expect(first.outcome.interrupted).toBe(true);
  const failing = {
    run: ({ task }: { readonly task: { readonly run?: string | undefined } }) => {
      done.push(task.run!);
      return Promise.reject(new Iter8Error('exit code 1'));
    },
  };
  const second = await driveInMemory(written, { store, tasks: failing });
  expect(second.outcome.recommendation.verdict).toBe('failed');
  await driveInMemory(written, { store, tasks: failing });
  expect(done).toEqual(['notify', 'deploy', 'check']);
});

it('24: a task that touches the experiment loses nothing of what was measured', async () => {
  const store = createMemoryStore({ clock: fakeClock() });
  const { outcome } = await driveInMemory(
    conformance({ actions: { start: [collect, { run: 'kubectl annotate' }, collect] }, strength: { extend: false } }),
    {
      store,
      tasks: {
        run: async () => {
          await store.patchMetadata(KEY, { annotations: { touched: 'yes' } });
          await store.patchStatus(KEY, { message: 'touched' });
          return 'touched';
        },
      },
    },
  );
  expect(outcome.experiment.metadata.annotations).toMatchObject({ touched: 'yes' });
  expect(readRecord(outcome.experiment)!.scopes[0]!.tally.response.n).toBe(200);
  expect(readRecord(await store.get(KEY))!.scopes[0]!.tally.response.n).toBe(200);
});

it('26: a drive that fails ends neither the controller nor the others', async () => {
  const { clock, store, stop, controller } = controllerInMemory();
  const names = ['broken', 'fine'];
  for (const name of names) await store.create({ ...conformance(), metadata: { name, namespace: 'default' } });
  const driven: string[] = [];
  const logged: string[] = [];
  const reconciler = controller({
    clock: { ...clock, sleep: (_, signal) => rejectedOnAbort(signal!) },
    log: (level, message) => void logged.push(`${level} ${message}`),
    drive: async ({ metadata: { name } }) => {
      if (name === 'broken') throw new UnavailableError('analytics cannot be reached');
      for (let k = 0; k < 100 && reconciler.state.failedAttempts === 0; k++) await Promise.resolve();
      driven.push(name);
      stop.abort();
    },
  });
  await reconciler.run();
  expect(driven).toEqual(['fine']);
  expect(logged).toContain('error could not be driven');
});

function rejectedOnAbort(signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
  });
}
