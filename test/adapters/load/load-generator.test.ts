import { afterEach, expect, it } from 'vitest';
import { createLoadGenerator } from '../../../src/adapters/load/load-generator.ts';
import { addTally, answersOf, EMPTY_TALLY, type Tally } from '../../../src/evidence/request-tally.ts';
import type { LoadPlan, LoadReport, LoadRun } from '../../../src/drive/ports.ts';
import { failingEach, ok, testServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer | undefined;
afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = undefined;
});

const plan = (url: string, change: Partial<LoadPlan> = {}): LoadPlan => ({
  targets: [
    { version: 'v', endpoints: [{ url, method: 'GET', headers: {} }], limits: [{ limitMs: 50, side: 'upper' }] },
  ],
  ratePerSec: 500,
  plannedRequests: 200,
  timeoutMs: 2000,
  lateAfterMs: 50,
  seed: 1,
  workers: 0,
  ...change,
});

interface Followed {
  readonly tallies: Map<string, Tally>;
  readonly reports: LoadReport[];
}

async function follow(
  run: LoadRun,
  each: (report: LoadReport, run: LoadRun) => void = () => undefined,
): Promise<Followed> {
  const tallies = new Map<string, Tally>();
  const reports: LoadReport[] = [];
  for await (const report of run.reports) {
    reports.push(report);
    for (const { scope, tally } of report.slices) {
      const key = [scope.version, scope.endpoint ?? ''].join('/');
      tallies.set(key, addTally(tallies.get(key) ?? EMPTY_TALLY, tally));
    }
    each(report, run);
    if (report.state === 'drained') run.finish();
  }
  return { tallies, reports };
}

it('sends exactly the plan and counts every answer', async () => {
  server = await testServer(failingEach(10));
  const { tallies, reports } = await follow(await createLoadGenerator().start(plan(server.url)));
  const tally = tallies.get('v/')!;
  expect(server.seen()).toBe(200);
  expect(tally.response).toMatchObject({ n: 200, errors: 20 });
  expect(tally.codes).toEqual({ 200: 180, 503: 20 });
  expect(tally.response.histogram.reduce((sum, [, count]) => sum + count, 0)).toBe(200);
  expect(reports.at(-1)!.state).toBe('ended');
  expect(tally.limits['>50']!.response.n).toBe(200);
});

it('takes the connection failures of a dead server as errors with the latency of the timeout', async () => {
  server = await testServer(ok);
  const { url } = server;
  await server[Symbol.asyncDispose]();
  server = undefined;
  const { tallies, reports } = await follow(await createLoadGenerator().start(plan(url, { plannedRequests: 50 })));
  expect(tallies.get('v/')!.codes).toEqual({ connect: 50 });
  expect(tallies.get('v/')!.response).toMatchObject({ n: 50, errors: 50, minMs: 2000 });
  expect(answersOf(tallies.get('v/')!)).toMatchObject({ n: 0, histogram: [], maxMs: 0 });
  expect(reports.at(-1)!.progress[0]).toMatchObject({
    answered: false,
    lastFailure: expect.stringContaining('ECONNREFUSED') as string,
  });
});

it('goes on without a gap when the cap is raised in time, and again when drained', async () => {
  server = await testServer(ok);
  let raised = 0;
  const run = await createLoadGenerator().start(plan(server.url, { plannedRequests: 100 }));
  const tallies = new Map<string, Tally>();
  for await (const report of run.reports) {
    for (const { scope, tally } of report.slices)
      tallies.set(scope.version, addTally(tallies.get(scope.version) ?? EMPTY_TALLY, tally));
    if (raised === 0) {
      raised = 1;
      run.setCaps(new Map([['v', 150]]));
    } else if (report.state === 'drained') {
      if (raised === 1) run.setCaps(new Map([['v', 230]]));
      else run.finish();
      raised += 1;
    }
  }
  expect(tallies.get('v')!.response.n).toBe(230);
  expect(server.seen()).toBe(230);
});

it('interleaves versions and splits a version over its endpoints', async () => {
  server = await testServer(ok);
  const { url } = server;
  const { tallies } = await follow(
    await createLoadGenerator().start(
      plan(url, {
        targets: [
          { version: 'a', endpoints: [{ url, method: 'GET', headers: {} }], limits: [] },
          {
            version: 'b',
            endpoints: [
              { name: 'x', url, method: 'GET', headers: {} },
              { name: 'y', url: `${url}y`, method: 'POST', headers: {}, body: Buffer.from('hi') },
            ],
            limits: [],
          },
        ],
        plannedRequests: 60,
      }),
    ),
  );
  expect(Object.fromEntries([...tallies].map(([key, tally]) => [key, tally.response.n]))).toEqual({
    'a/': 60,
    'b/': 60,
    'b/x': 30,
    'b/y': 30,
  });
});

it('times out, and the timeout is an error of that latency', async () => {
  server = await testServer((_, response, k) => {
    if (k !== 3) response.end('ok');
  });
  const { tallies } = await follow(
    await createLoadGenerator().start(plan(server.url, { plannedRequests: 20, timeoutMs: 300 })),
  );
  expect(tallies.get('v/')!.codes).toEqual({ 200: 19, timeout: 1 });
  expect(tallies.get('v/')!.response.maxMs).toBe(300);
});

it('warms up without counting', async () => {
  server = await testServer(ok);
  const { tallies } = await follow(
    await createLoadGenerator().start(plan(server.url, { plannedRequests: 50, warmup: { requests: 30 } })),
  );
  expect(server.seen()).toBe(80);
  expect(tallies.get('v/')!.response.n).toBe(50);
});

it('keeps several connections busy in a closed loop until the number is reached', async () => {
  server = await testServer(ok);
  const { tallies } = await follow(
    await createLoadGenerator().start(plan(server.url, { ratePerSec: 0, plannedRequests: 300, connections: 4 })),
  );
  expect(tallies.get('v/')!.response.n).toBe(300);
});

it('ends a closed loop when its time is over', async () => {
  server = await testServer(ok);
  const { tallies } = await follow(
    await createLoadGenerator().start(
      plan(server.url, {
        ratePerSec: 0,
        plannedRequests: Number.POSITIVE_INFINITY,
        plannedSeconds: 0.3,
        connections: 2,
      }),
    ),
  );
  expect(tallies.get('v/')!.response.n).toBe(server.seen());
});
