/** The same requests give the same verdict, whoever counted them: a run of ours, or a file of another tool. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { conformance, driveInMemory } from '../support/driving.ts';
import type { Outcome } from '../support/simulated-load.ts';
import { TIMEOUT_MS } from '../support/simulated-load.ts';
import { iter8ctl } from '../support/test-io.ts';
import { runs } from '../support/search-depth.ts';

const cwd = mkdtempSync(path.join(tmpdir(), 'iter8ctl-judge-equals-'));
const slos = ['mean-latency<=100ms', 'error-rate<=5%', 'p95<=200ms', 'p50>=10ms'];
const objectives = [
  { metric: 'iter8-system/mean-latency', upperLimit: '100' },
  { metric: 'iter8-system/error-rate', upperLimit: '0.05' },
  { metric: 'iter8-system/latency-95th-percentile', upperLimit: '200' },
  { metric: 'iter8-system/latency-50th-percentile', lowerLimit: '10' },
];

const outcomes = fc
  .record({
    n: fc.integer({ min: 1, max: 400 }),
    slowEach: fc.integer({ min: 2, max: 60 }),
    failEach: fc.integer({ min: 2, max: 100 }),
    silentEach: fc.integer({ min: 2, max: 200 }),
    base: fc.double({ min: 0.001, max: 400, noNaN: true }),
  })
  .map(({ n, slowEach, failEach, silentEach, base }) =>
    Array.from({ length: n }, (_, k): Outcome => {
      // Whole nanoseconds, as the file has them.
      const latencyMs = Math.round((k % slowEach === 1 ? base * 7 : base + (k % 13)) * 1e6) / 1e6;
      return { latencyMs, code: k % silentEach === 1 ? 'connect' : k % failEach === 1 ? '503' : '200' };
    }),
  );

const vegetaLine = ({ latencyMs, code }: Outcome, seq: number): string =>
  JSON.stringify({
    attack: '',
    seq,
    code: code === 'connect' ? 0 : Number(code),
    timestamp: new Date(1_700_000_000_000 + seq * 20).toISOString(),
    latency: Math.round(latencyMs * 1e6),
    bytes_out: 0,
    bytes_in: 1,
    error: code === 'connect' ? 'connect: connection refused' : '',
  });

it('comes to the same rows as a run with the same requests', async () => {
  await fc.assert(
    fc.asyncProperty(outcomes, async (requests) => {
      const { outcome } = await driveInMemory(
        conformance({
          collect: { numQueries: requests.length, qps: 50, timeout: `${TIMEOUT_MS}ms` },
          objectives,
          strength: { extend: false },
        }),
        { service: (_, k) => requests[k]! },
      );
      const ran = readRecord(outcome.experiment)!;
      writeFileSync(path.join(cwd, 'hello.json'), requests.map((one, k) => `${vegetaLine(one, k)}\n`).join(''));
      const args = ['judge', 'hello.json', '--timeout', `${TIMEOUT_MS}ms`, '-o', 'raw'];
      const { out, err } = await iter8ctl([...args, ...slos.flatMap((slo) => ['--slo', slo])], { cwd });
      expect(err).toBe('');
      const judged = readRecord(JSON.parse(out) as Experiment)!;
      const rows = (record: typeof ran) =>
        record.assessments.map(({ lnSatisfied, lnViolated, ...row }) => ({
          ...row,
          serviceEstimate: undefined,
          // Sums in another order: the last digits may differ.
          lnSatisfied: lnSatisfied?.toPrecision(9),
          lnViolated: lnViolated?.toPrecision(9),
          estimate: row.estimate?.toPrecision(9),
          lower: row.lower?.toPrecision(9),
          upper: row.upper?.toPrecision(9),
        }));
      expect(rows(judged)).toEqual(rows(ran));
      expect(judged.recommendation!.verdict).toBe(ran.recommendation!.verdict);
    }),
    { numRuns: runs(12), seed: 16 },
  );
});
