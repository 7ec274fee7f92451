/** The generator in virtual time, steered at random: whatever its caps were, it always sends, waits for answers, or ends. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLoadGenerator } from '../../../src/adapters/load/load-generator.ts';
import type { LoadPlan, LoadReport } from '../../../src/drive/ports.ts';
import { addTally, EMPTY_TALLY, type Tally } from '../../../src/evidence/request-tally.ts';
import { VirtualTime, virtualWorkers, type VirtualService } from '../../support/virtual-time.ts';
import { runs } from '../../support/search-depth.ts';

const plan = (versions: number, change: Partial<LoadPlan>): LoadPlan => ({
  targets: Array.from({ length: versions }, (_, index) => ({
    version: `v${index}`,
    endpoints: [{ url: `http://v${index}.test/`, method: 'GET', headers: {} }],
    limits: [],
  })),
  ratePerSec: 50,
  plannedRequests: 20,
  timeoutMs: 1000,
  lateAfterMs: 50,
  seed: 1,
  ...change,
});

/** What is done at a report: caps of all versions, or nothing. */
const steps = (versions: number) =>
  fc.array(
    fc.option(fc.array(fc.constantFrom(0, 7, 20, 45, 90), { minLength: versions, maxLength: versions }), {
      nil: undefined,
    }),
    { maxLength: 25 },
  );

const scenario = fc.integer({ min: 1, max: 3 }).chain((versions) =>
  fc.record({
    versions: fc.constant(versions),
    workers: fc.integer({ min: 1, max: 3 }),
    ratePerSec: fc.constantFrom(0, 4, 30, 60, 400),
    plannedRequests: fc.integer({ min: 1, max: 40 }),
    warmup: fc.integer({ min: 0, max: 5 }),
    latenciesMs: fc.array(fc.constantFrom(1, 20, 120, 300, 990, 5000), { minLength: 1, maxLength: 7 }),
    delaysMs: fc.array(fc.constantFrom(0, 0, 1, 15, 250), { minLength: 1, maxLength: 5 }),
    steps: steps(versions),
  }),
);

interface Steered {
  readonly reports: readonly LoadReport[];
  readonly counted: ReadonlyMap<string, Tally>;
  readonly caps: ReadonlyMap<string, number>;
}

describe('a steered load', () => {
  it('never rests before it has sent what its caps allow, counts all of it in order, and ends', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        const time = new VirtualTime();
        const { latenciesMs, delaysMs } = given;
        const service: VirtualService = (_, k) => {
          const latencyMs = latenciesMs[k % latenciesMs.length]!;
          return latencyMs > 1000 ? { latencyMs, code: 'none' } : { latencyMs, code: 200 };
        };
        const workers = virtualWorkers(time, service, {
          workers: given.workers,
          delayMs: (message) => delaysMs[message % delaysMs.length]!,
        });
        const run = await createLoadGenerator({ startWorkers: workers.startWorkers }).start(
          plan(given.versions, {
            ratePerSec: given.ratePerSec,
            plannedRequests: given.plannedRequests,
            ...(given.warmup === 0 ? {} : { warmup: { requests: given.warmup } }),
          }),
        );
        const follow = async (): Promise<Steered> => {
          const reports: LoadReport[] = [];
          const counted = new Map<string, Tally>();
          const caps = new Map(Array.from({ length: given.versions }, (_, v) => [`v${v}`, given.plannedRequests]));
          const orders = new Map<string, number>();
          const left = [...given.steps];
          for await (const report of run.reports) {
            reports.push(report);
            for (const { scope, slice, tally } of report.slices) {
              expect(slice).toBeGreaterThan(orders.get(scope.version) ?? -1);
              orders.set(scope.version, slice);
              counted.set(scope.version, addTally(counted.get(scope.version) ?? EMPTY_TALLY, tally));
            }
            const step = left.shift();
            if (step !== undefined) {
              for (const [v, cap] of step.entries()) caps.set(`v${v}`, cap);
              run.setCaps(caps);
            } else if (left.length === 0) {
              run.finish();
            }
          }
          return { reports, counted, caps };
        };
        const { reports, counted, caps } = await time.during(follow(), 120_000);
        const last = reports.at(-1)!;
        expect(last.state).toBe('ended');
        expect(last.checkpoint).toEqual([]);
        for (const { version, sent, resolved } of last.progress) {
          expect(resolved).toBe(sent);
          expect(counted.get(version)?.response.n ?? 0).toBe(sent);
          const warmup = (workers.sent.get(`http://${version}.test/`) ?? 0) - sent;
          expect(warmup).toBe(given.warmup);
        }
        // Where the load drained before it was ended, everybody had what the caps of that time allowed.
        const drained = reports.findLast(({ state }) => state === 'drained');
        if (drained !== undefined && drained === reports.at(-2))
          for (const { version, sent } of drained.progress) expect(sent).toBeGreaterThanOrEqual(caps.get(version)!);
      }),
      { numRuns: runs(100), interruptAfterTimeLimit: 15_000 },
    );
  });
});
