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
    firstCaps: fc.array(fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }), {
      minLength: versions,
      maxLength: versions,
    }),
    standstill: fc.option(fc.record({ fromMs: fc.nat(2_000), lastsMs: fc.constantFrom(90, 400, 1_100, 9_000) }), {
      nil: undefined,
    }),
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
        const { standstill: still } = given;
        const workers = virtualWorkers(time, service, {
          workers: given.workers,
          standstill: still && { fromMs: still.fromMs, untilMs: still.fromMs + still.lastsMs },
          delayMs: (message) => delaysMs[message % delaysMs.length]!,
        });
        const planned = plan(given.versions, {
          ratePerSec: given.ratePerSec,
          plannedRequests: given.plannedRequests,
          ...(given.warmup === 0 ? {} : { warmup: { requests: given.warmup } }),
        });
        const targets = planned.targets.map((target, at) => ({ ...target, firstCap: given.firstCaps[at] }));
        const firstCap = (at: number) => Math.min(given.firstCaps[at] ?? 40, given.plannedRequests);
        const most = new Map(targets.map(({ version }, at) => [version, firstCap(at)]));
        const run = await createLoadGenerator({ startWorkers: workers.startWorkers }).start({ ...planned, targets });
        const follow = async (): Promise<Steered> => {
          const reports: LoadReport[] = [];
          const counted = new Map<string, Tally>();
          const caps = new Map(most);
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
              for (const [v, cap] of step.entries()) {
                caps.set(`v${v}`, cap);
                most.set(`v${v}`, Math.max(most.get(`v${v}`)!, cap));
              }
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
          // Warm-up is not made up for.
          if (still === undefined) expect(warmup).toBe(given.warmup);
          else expect(warmup).toBeLessThanOrEqual(given.warmup);
          expect(sent).toBeLessThanOrEqual(most.get(version)!);
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

/** Sends the plan to its end. */
async function sendPlan(
  change: Partial<LoadPlan>,
  how: Parameters<typeof virtualWorkers>[2],
  versions = 2,
  service: VirtualService = () => ({ latencyMs: 5, code: 200 }),
): Promise<{
  readonly counted: Tally;
  readonly pairs: number;
  readonly last: LoadReport;
  readonly mostAtOnce: number;
}> {
  const time = new VirtualTime();
  const workers = virtualWorkers(time, service, how);
  const run = await createLoadGenerator({ startWorkers: workers.startWorkers }).start(plan(versions, change));
  const follow = async () => {
    let counted = EMPTY_TALLY;
    let pairs = 0;
    let last: LoadReport | undefined;
    for await (const report of run.reports) {
      last = report;
      for (const { tally } of report.slices) counted = addTally(counted, tally);
      for (const closed of report.pairs ?? []) pairs += closed.pairs.length;
      if (report.state === 'drained') run.finish();
    }
    return { counted, pairs, last: last!, mostAtOnce: workers.mostAtOnce() };
  };
  return time.during(follow(), 120_000);
}

it('pairs all that it sends, whatever the rate and however fast the answers', async () => {
  const versions = fc.integer({ min: 2, max: 3 });
  await fc.assert(
    fc.asyncProperty(
      versions,
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom(1, 2, 5, 7, 8, 15, 33, 60, 400),
      fc.array(fc.constantFrom(0, 1, 20, 120, 300, 990, 5000), { minLength: 1, maxLength: 7 }),
      async (count, workers, ratePerSec, latenciesMs) => {
        const couples = Array.from({ length: count - 1 }, (_, at) => ({ version: `v${at + 1}`, against: 'v0' }));
        const { pairs } = await sendPlan({ ratePerSec, couples, plannedRequests: 30 }, { workers }, count, (_, k) => {
          const latencyMs = latenciesMs[k % latenciesMs.length]!;
          return latencyMs > 1000 ? { latencyMs, code: 'none' } : { latencyMs, code: 200 };
        });
        expect(pairs).toBe(30 * couples.length);
      },
    ),
    { numRuns: runs(40), examples: [[2, 1, 2, [5]]] },
  );
});

it('says how long it has counted, without its warm-up, at a rate and in a closed loop', async () => {
  // Mutation: in src/adapters/load/load-generator.ts, `now - Math.min(...from)` -> `now - this.#startMs`
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 40 }),
      fc.constantFrom(0, 20),
      async (count, warmup, ratePerSec) => {
        const time = new VirtualTime();
        const workers = virtualWorkers(time, () => ({ latencyMs: 200, code: 200 }), { workers: count });
        const load = createLoadGenerator({ startWorkers: workers.startWorkers });
        const planned =
          ratePerSec === 0
            ? { plannedRequests: Number.POSITIVE_INFINITY, plannedSeconds: 3, connections: 2 * count }
            : { plannedRequests: 60 };
        const run = await load.start(plan(1, { ratePerSec, ...planned, warmup: { requests: warmup } }));
        const follow = async () => {
          let [longest, largest] = [0, 0];
          for await (const report of run.reports) {
            for (const { tally } of report.slices) largest = Math.max(largest, tally.response.maxMs);
            longest = report.elapsedMs;
            if (report.state === 'drained') run.finish();
          }
          return { longest, largest };
        };
        // With what is under way at the end, and is waited for.
        const { longest, largest } = await time.during(follow(), 60_000);
        expect(largest).toBe(200);
        expect(longest).toBeGreaterThanOrEqual(2900);
        expect(longest).toBeLessThanOrEqual(3000 + 200 * 3);
      },
    ),
    { numRuns: runs(40) },
  );
});

describe('workers that take a while to start', () => {
  /** So long after they were asked for, as threads do on a busy machine. */
  const READY_MS = 900;
  const setup = () => {
    const time = new VirtualTime();
    const workers = virtualWorkers(time, () => ({ latencyMs: 5, code: 200 }), { workers: 2 });
    const load = createLoadGenerator({
      startWorkers: (planned, events) =>
        workers.startWorkers(planned, { ...events, ready: () => time.after(READY_MS, events.ready) }),
    });
    return { time, workers, load };
  };

  it('make no request late: its time counts from when they are ready', async () => {
    const { time, workers, load } = setup();
    const run = await load.start(plan(1, { plannedRequests: 50, ratePerSec: 100, warmup: { requests: 10 } }));
    const follow = async () => {
      let counted = EMPTY_TALLY;
      for await (const report of run.reports) {
        for (const { tally } of report.slices) counted = addTally(counted, tally);
        if (report.state === 'drained') run.finish();
      }
      return counted;
    };
    const counted = await time.during(follow(), 60_000);
    expect([counted.response.n, counted.response.maxMs, counted.late.bad]).toEqual([50, 5, 0]);
    expect(workers.sent.get('http://v0.test/')).toBe(60);
    expect(time.nowMs).toBeGreaterThan(READY_MS);
  });

  it.each([
    ['kill', 0],
    ['stop', 0],
    ['setCaps', 7],
  ] as const)('do what they were asked before that: %s', async (asked, sent) => {
    const { time, load } = setup();
    const run = await load.start(plan(1, { plannedRequests: 50, ratePerSec: 100 }));
    if (asked === 'setCaps') run.setCaps(new Map([['v0', 7]]));
    else run[asked]();
    const follow = async () => {
      let last: LoadReport | undefined;
      for await (const report of run.reports) {
        last = report;
        if (report.state === 'drained') run.finish();
      }
      return last!;
    };
    const last = await time.during(follow(), 60_000);
    expect(last.state).toBe('ended');
    expect(last.progress[0]!.sent).toBe(sent);
  });
});

describe('a sender that stood still', () => {
  const PAIRED = { plannedRequests: 150, ratePerSec: 25, couples: [{ version: 'v1', against: 'v0' }] };

  it.each([1, 2])(
    'sends no burst of what it missed, says how much that is, and sends the plan, with %d workers',
    async (workers) => {
      const { counted, pairs, last, mostAtOnce } = await sendPlan(PAIRED, {
        workers,
        standstill: { fromMs: 2_000, untilMs: 5_000 },
      });
      expect(mostAtOnce).toBe(1);
      const missed = last.progress.map((one) => one.missed ?? 0);
      // Three seconds of 25, give or take the ticks at either end.
      for (const one of missed) expect(Math.abs(one - 75)).toBeLessThanOrEqual(3);
      expect(last.progress.map(({ sent }) => sent)).toEqual([150, 150]);
      expect([counted.response.n, counted.late.bad, counted.response.maxMs]).toEqual([300, 0, 5]);
      // Of one tick for each worker one version may have been sent, and the other left out.
      expect(150 - pairs).toBeLessThanOrEqual(2 * workers);
    },
  );

  it('for less than a second catches up: those who came late by our fault are counted from when they were due', async () => {
    const { counted, last } = await sendPlan(PAIRED, { standstill: { fromMs: 2_000, untilMs: 2_800 } });
    expect(last.progress.map(({ missed }) => missed)).toEqual([undefined, undefined]);
    expect(counted.late.bad).toBeGreaterThan(30);
    expect(counted.response.maxMs).toBeGreaterThan(700);
  });
});

it('a worker that starts late sends no version more than its first cap', async () => {
  const [v0, v1] = plan(2, {}).targets;
  // Whatever follows the first message comes long after the first requests were due.
  const delayMs = (message: number) => (message === 0 ? 400 : 300);
  const targets = [
    { ...v0!, firstCap: 1 },
    { ...v1!, firstCap: 0 },
  ];
  const { last } = await sendPlan({ targets, plannedRequests: 1 }, { delayMs });
  expect(last.progress.map(({ sent }) => sent)).toEqual([1, 0]);
});
