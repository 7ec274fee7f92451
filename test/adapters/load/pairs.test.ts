import { describe, expect, it } from 'vitest';
import { createLoadGenerator } from '../../../src/adapters/load/load-generator.ts';
import { TickBook } from '../../../src/adapters/load/tick-pairs.ts';
import type { Outcome } from '../../../src/evidence/slice-counts.ts';
import type { RequestPair } from '../../../src/evidence/paired/request-pairs.ts';
import type { LoadPlan } from '../../../src/drive/ports.ts';
import { testServer } from '../../support/test-server.ts';

const workerFile = new URL('../../../dist/load-worker.js', import.meta.url);

const outcome = (ms: number, error = false, sent = true): Outcome => ({
  code: error ? '503' : '200',
  responseMs: ms,
  responseError: error,
  sent,
  serviceMs: ms - 1,
  serviceError: error,
  unanswered: false,
  late: false,
  scheduled: true,
  reconnected: false,
});

const COUPLES = [
  { a: 0, b: 1 },
  { a: 0, b: 2 },
];

describe('a book of ticks', () => {
  it('gives a pair when every earlier slice is closed for both, and once', () => {
    const book = new TickBook(COUPLES);
    for (const tick of [0, 1]) for (const target of [0, 1]) book.open(tick, target, { slice: tick });
    book.resolve(0, 1, outcome(20, true));
    book.resolve(0, 0, outcome(10));
    book.resolve(1, 0, outcome(30));
    book.resolve(1, 1, outcome(40));
    expect(book.take((target) => (target === 0 ? 1 : 0))).toEqual([]);
    expect(book.take(() => 1)).toEqual([
      {
        couple: 0,
        slice: 0,
        pairs: [
          [
            [10, 9, 0, 0],
            [20, 19, 1, 1],
          ],
        ],
      },
    ]);
    expect(book.take(() => 2)).toEqual([
      {
        couple: 0,
        slice: 1,
        pairs: [
          [
            [30, 29, 0, 0],
            [40, 39, 0, 0],
          ],
        ],
      },
    ]);
    expect(book.take(() => 9)).toEqual([]);
  });

  it('pairs a request that has no partner with nothing', () => {
    const book = new TickBook(COUPLES);
    book.open(0, 1, { slice: 0 });
    book.resolve(0, 1, outcome(20));
    book.open(1, 0, { slice: 0 });
    book.open(1, 1, { slice: 0 });
    book.forget(1, 1);
    book.resolve(1, 0, outcome(10));
    expect(book.checkpoint(1000)).toEqual([]);
    expect(book.take(() => 1)).toEqual([]);
  });

  it('says which endpoint both requests of a pair went to, where that is the same', () => {
    const book = new TickBook(COUPLES);
    const names = [
      ['cart', 'cart'],
      ['search', 'find'],
      ['cart', 'cart'],
    ];
    for (const [tick, endpoints] of names.entries()) {
      for (const target of [0, 1]) {
        book.open(tick, target, { slice: 0, endpoint: endpoints[target] });
        if (tick < 2) book.resolve(tick, target, outcome(10));
      }
    }
    expect(book.checkpoint(1000).map(({ endpoint, pairs }) => [endpoint, pairs.length])).toEqual([
      ['cart', 2],
      [undefined, 1],
    ]);
    for (const target of [0, 1]) book.resolve(2, target, outcome(10));
    expect(book.take(() => 1).map(({ endpoint, pairs }) => [endpoint, pairs.length])).toEqual([
      ['cart', 2],
      [undefined, 1],
    ]);
  });

  it('counts what is unresolved, or was never sent, against whatever could be claimed', () => {
    const book = new TickBook(COUPLES);
    for (const target of [0, 1, 2]) book.open(0, target, { slice: 0 });
    book.resolve(0, 2, outcome(70, true, false));
    expect(book.checkpoint(1000)).toEqual([
      {
        couple: 0,
        pairs: [
          [
            [1000, 0, 1, 0],
            [1000, 0, 1, 0],
          ],
        ],
      },
      {
        couple: 1,
        pairs: [
          [
            [1000, 0, 1, 0],
            [70, 0, 1, 0],
          ],
        ],
      },
    ]);
  });
});

describe('paired load', () => {
  it.each([1, 2])('keeps every tick of both versions, with %i workers', async (workers) => {
    // Each request is numbered by its server: the k-th of each version is not always of the same tick, latencies are.
    let asked = 0;
    await using server = await testServer((request, response) => {
      asked++;
      response.writeHead(request.url === '/bad' && asked % 2 === 0 ? 503 : 200).end();
    });
    const endpoint = (url: string) => ({ url, method: 'GET', headers: {} });
    const plan: LoadPlan = {
      targets: [
        { version: 'good', endpoints: [endpoint(server.url)], limits: [] },
        { version: 'bad', endpoints: [endpoint(`${server.url}bad`)], limits: [] },
      ],
      couples: [{ version: 'bad', against: 'good' }],
      ratePerSec: 200,
      plannedRequests: 150,
      timeoutMs: 5000,
      lateAfterMs: 50,
      seed: 3,
      workers,
    };
    const run = await createLoadGenerator({ workerFile }).start(plan);
    const pairs: RequestPair[] = [];
    let errors = 0;
    for await (const report of run.reports) {
      for (const one of report.pairs ?? []) {
        expect(one.version).toBe('bad');
        pairs.push(...one.pairs);
      }
      for (const { scope, tally } of report.slices) if (scope.version === 'bad') errors += tally.response.errors;
      if (report.state === 'drained') {
        expect(report.checkpointPairs).toEqual([]);
        run.finish();
      }
    }
    expect(pairs).toHaveLength(150);
    expect(errors).toBeGreaterThan(0);
    expect(pairs.filter(([, candidate]) => candidate[2] === 1)).toHaveLength(errors);
    expect(pairs.every(([baseline]) => baseline[2] === 0 && baseline[0] >= baseline[1] - 0.001)).toBe(true);
  });
});
