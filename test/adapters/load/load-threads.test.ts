/** Real threads of the built program: who shares one, who gets one of their own, and what a dead one means. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { LoadThreads, type Seat } from '../../../src/adapters/load/load-threads.ts';
import { createLoadGenerator } from '../../../src/adapters/load/load-generator.ts';
import { machineClock } from '../../../src/adapters/load/machine-clock.ts';
import { startMetronome } from '../../../src/adapters/load/metronome.ts';
import { workersOn } from '../../../src/adapters/load/workers.ts';
import { addTally, EMPTY_TALLY } from '../../../src/evidence/request-tally.ts';
import type { LoadPlan } from '../../../src/drive/ports.ts';
import { testServer, type TestServer } from '../../support/test-server.ts';

const workerFile = new URL('../../../dist/load-worker.js', import.meta.url);

const metronomeFile = new URL('../../../dist/metronome.js', import.meta.url);

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server[Symbol.asyncDispose]()));
});

const plan = (url: string, change: Partial<LoadPlan> = {}): LoadPlan => ({
  targets: [{ version: 'v', endpoints: [{ url, method: 'GET', headers: {} }], limits: [] }],
  ratePerSec: 100,
  plannedRequests: 40,
  timeoutMs: 5000,
  lateAfterMs: 50,
  seed: 1,
  ...change,
});

const seat = (ratePerSec: number, failed: Seat['failed'] = () => {}): Seat => ({
  ready: () => {},
  report: () => {},
  failed,
  ratePerSec,
});

describe('the threads of a process', () => {
  it('are shared by loads of small rates, and given to large ones and closed loops alone', async () => {
    const threads = new LoadThreads(workerFile);
    const open = (...seats: Seat[]) => threads.open(plan('http://127.0.0.1:9/'), seats);
    const small = Array.from({ length: 20 }, () => open(seat(50))).flat();
    expect(threads.size).toBe(1);
    const large = open(seat(1_500));
    expect(threads.size).toBe(Math.min(2, availableParallelism()));
    const closed = [...open(seat(Number.POSITIVE_INFINITY)), ...open(seat(Number.POSITIVE_INFINITY))];
    expect(threads.size).toBe(Math.min(2, availableParallelism()) + 2);
    const four = open(seat(10), seat(10), seat(10), seat(10));
    expect(threads.size).toBeGreaterThanOrEqual(4);
    const lines = [...small, ...large, ...closed, ...four];
    await Promise.all(lines.map((line) => line.close()));
    await Promise.all(lines.map((line) => line.close()));
    expect(threads.size).toBe(0);
  });

  it('keep the loads apart: each gets its own answers, one that ends early disturbs nobody', async () => {
    const threads = new LoadThreads(workerFile);
    const generator = createLoadGenerator({ startWorkers: workersOn(threads) });
    let most = 0;
    const totals = await Promise.all(
      [200, 404, 503, 201].map(async (code, index) => {
        // Far more than it comes to send, however late this thread learns of the first.
        const plannedRequests = code === 404 ? 4_000 : 40 + index;
        const server = await testServer((_, response) => response.writeHead(code).end());
        servers.push(server);
        const run = await generator.start(plan(server.url, { plannedRequests, seed: index }));
        let total = EMPTY_TALLY;
        for await (const report of run.reports) {
          most = Math.max(most, threads.size);
          for (const { tally } of report.slices) total = addTally(total, tally);
          if (code === 404 && report.progress[0]!.sent > 5) run.kill();
          if (report.state === 'drained') run.finish();
        }
        return { total, seen: server.seen() };
      }),
    );
    expect(most).toBe(1);
    expect(totals[0]).toMatchObject({ total: { codes: { 200: 40 } }, seen: 40 });
    expect(totals[1]!.seen).toBeLessThan(4_000);
    expect(totals[2]).toMatchObject({ total: { codes: { 503: 42 } }, seen: 42 });
    expect(totals[3]).toMatchObject({ total: { codes: { 201: 43 } }, seen: 43 });
    expect(threads.size).toBe(0);
  });

  it('that end by themselves fail every load on them, and the next load gets a new one', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'iter8ctl-threads-'));
    const dying = path.join(folder, 'dying.mjs');
    writeFileSync(dying, "import{parentPort}from'node:worker_threads';parentPort.on('message',()=>process.exit(3));");
    try {
      const threads = new LoadThreads(pathToFileURL(dying));
      const failures = await Promise.all(
        [1, 2].map(
          () =>
            new Promise<string>((resolve) => {
              const [line] = threads.open(plan('http://127.0.0.1:9/'), [seat(10, (error) => resolve(error.message))]);
              line!.post({ kind: 'stop' });
            }),
        ),
      );
      expect(failures).toEqual(Array(2).fill('a load worker ended by itself (code 3)'));
      expect(threads.size).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the thread that sleeps for a worker', () => {
  it('wakes it again and again, never before the time that was asked for', async () => {
    const wakeUp = startMetronome(metronomeFile);
    const now = machineClock(process.hrtime);
    for (let ask = 0; ask < 20; ask++) {
      const atMs = now() + 0.7;
      await new Promise<void>((resolve) => {
        wakeUp.woken = resolve;
        wakeUp.ask(atMs);
      });
      expect(now()).toBeGreaterThanOrEqual(atMs);
    }
  });

  it('answers only to what was asked for last', async () => {
    const wakeUp = startMetronome(metronomeFile);
    const now = machineClock(process.hrtime);
    const woken: number[] = [];
    const last = now() + 40;
    await new Promise<void>((resolve) => {
      wakeUp.woken = () => {
        woken.push(now());
        resolve();
      };
      wakeUp.ask(now() + 5_000);
      wakeUp.ask(now() + 20);
      wakeUp.ask(last);
    });
    expect(woken).toHaveLength(1);
    expect(woken[0]).toBeGreaterThanOrEqual(last);
  });
});
