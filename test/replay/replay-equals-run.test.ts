/** A replay of the record of a run is the run: verdict by verdict, byte by byte. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLoadGenerator } from '../../src/adapters/load/load-generator.ts';
import type { Experiment, VersionInfo, WrittenExperiment } from '../../src/experiment/experiment.ts';
import type { ExperimentStore } from '../../src/drive/ports.ts';
import { readRecord } from '../../src/judge/record/stored-record.ts';
import { replayRecord } from '../../src/replay/replay.ts';
import { conformance, driveInMemory, measuring, storeWithMetrics, type Drive } from '../support/driving.ts';
import { seeded } from '../support/seeded.ts';
import { VirtualTime, virtualWorkers, type VirtualService } from '../support/virtual-time.ts';
import { runs } from '../support/search-depth.ts';

const M = 'iter8-system/';

const given = fc.record({
  seed: fc.nat(100_000),
  pattern: fc.constantFrom('Conformance' as const, 'Canary' as const, 'A/B' as const, 'A/B/N' as const),
  workers: fc.integer({ min: 1, max: 3 }),
  qps: fc.constantFrom(0, 40, 120),
  /** In a closed loop: for a time instead of a number. */
  forTime: fc.boolean(),
  numQueries: fc.integer({ min: 20, max: 150 }),
  inLoop: fc.boolean(),
  latencyMs: fc.constantFrom(5, 80, 300),
  errors: fc.constantFrom(0, 0.02, 0.2),
  minSeconds: fc.constantFrom(0, 0, 3),
  relative: fc.boolean(),
  reward: fc.constantFrom(undefined, `${M}error-rate`, `${M}mean-latency`, 'clicks'),
  iterations: fc.integer({ min: 1, max: 3 }),
});
type Given = (typeof given extends fc.Arbitrary<infer T> ? T : never) & {
  /** The versions come from a start task. */
  readonly suppliedVersions: boolean;
  /** After so many reports to the listener the driver is killed; several times. */
  readonly kills: readonly number[];
};

const NAMES = { Conformance: ['a'], Canary: ['a', 'b'], 'A/B': ['a', 'b'], 'A/B/N': ['a', 'b', 'c'] };

function versionInfoOf(g: Given) {
  const [first, ...others] = NAMES[g.pattern];
  return {
    baseline: { name: first! },
    ...(others.length === 0 ? {} : { candidates: others.map((name) => ({ name })) }),
  };
}

function experimentOf(g: Given): WrittenExperiment {
  const names = NAMES[g.pattern];
  const collect = {
    task: 'metrics/collect',
    with: {
      qps: g.qps,
      ...(g.qps === 0 && g.forTime ? { time: '2s' } : { numQueries: g.numQueries }),
      timeout: '2s',
      versions: names.map((name) => ({ name, url: `http://${name}.test/` })),
    },
  };
  const base = conformance();
  const isPaired = names.length > 1;
  const hasReward = g.pattern === 'A/B' || g.pattern === 'A/B/N';
  const { versionInfo: _, ...spec } = base.spec;
  return {
    ...base,
    spec: {
      ...spec,
      strategy: {
        testingPattern: g.pattern,
        deploymentPattern: 'FixedSplit',
        actions: {
          start: [...(g.suppliedVersions ? [{ run: 'patch' }] : []), collect],
          ...(g.inLoop ? { loop: [collect] } : {}),
        },
      },
      criteria: {
        objectives: [
          { metric: `${M}error-rate`, upperLimit: '0.05' },
          { metric: `${M}mean-latency`, upperLimit: 250 },
          { metric: `${M}latency-90th-percentile`, upperLimit: 400 },
        ],
        ...(hasReward
          ? { rewards: [{ metric: g.reward ?? `${M}mean-latency`, preferredDirection: 'Low' as const }] }
          : {}),
        strength: {
          maxRequests: 300,
          maxSeconds: 20,
          inFlightSeconds: 0,
          minSeconds: g.qps === 0 ? 0 : Math.min(g.minSeconds, 2),
          ...(g.relative && isPaired && g.qps > 0
            ? {
                relative: [
                  { metric: `${M}mean-latency`, maxIncreasePercent: 50 },
                  { metric: `${M}latency-90th-percentile`, maxIncreasePercent: 80 },
                ],
              }
            : {}),
        },
      },
      duration: { intervalSeconds: 1, iterationsPerLoop: g.iterations, maxLoops: g.inLoop ? 2 : 1 },
      ...(g.suppliedVersions ? {} : { versionInfo: versionInfoOf(g) }),
    },
  };
}

const serviceOf =
  (g: Given): VirtualService =>
  (url, k) => {
    const random = seeded(g.seed * 7919 + k * 31 + url.charCodeAt(7));
    random();
    return { latencyMs: g.latencyMs * (0.5 + random()), code: random() < g.errors ? 503 : 200 };
  };

/** A store whose objects have versions from when the start task ran. */
function supplying(store: ExperimentStore, versionInfo: VersionInfo, isSupplied: () => boolean): ExperimentStore {
  const supplied = (object: Experiment): Experiment =>
    isSupplied() ? { ...object, spec: { ...object.spec, versionInfo } } : object;
  const get = store.get.bind(store);
  const patchStatus = store.patchStatus.bind(store);
  const patchMetadata = store.patchMetadata.bind(store);
  return Object.assign(store, {
    get: async (...given: Parameters<typeof get>) => supplied(await get(...given)),
    patchStatus: async (...given: Parameters<typeof patchStatus>) => supplied(await patchStatus(...given)),
    patchMetadata: async (...given: Parameters<typeof patchMetadata>) => supplied(await patchMetadata(...given)),
  });
}

/** Drives it to its end, over drivers that are killed on the way. */
async function ran(g: Given): Promise<{ readonly experiment: Experiment; readonly lines: unknown[] }> {
  const time = new VirtualTime();
  const written = experimentOf(g);
  let isSupplied = false;
  const stored = await storeWithMetrics({ users: { type: 'Counter' }, clicks: { sampleSize: 'users' } }, time.clock);
  const store = supplying(stored, versionInfoOf(g), () => isSupplied);
  const rate = { a: 0.2, b: 0.1, c: 0.15 } as Record<string, number>;
  const log: object[] = [];
  const kills = [...g.kills, Number.POSITIVE_INFINITY];
  let drive: Drive | undefined;
  for (const killAfter of kills) {
    const kill = new AbortController();
    let seen = 0;
    const virtual = virtualWorkers(time, serviceOf(g), { workers: g.workers });
    drive = await time.during(
      driveInMemory(written, {
        store,
        clock: time.clock,
        log,
        load: createLoadGenerator({ startWorkers: virtual.startWorkers }),
        metrics: measuring((metric, version, { elapsedSeconds }) =>
          metric === 'users' ? Math.round(200 * elapsedSeconds) : rate[version],
        ),
        tasks: {
          run: ({ task }) => {
            isSupplied = g.suppliedVersions;
            return Promise.resolve(`${task.run ?? ''} done`);
          },
        },
        options: { kill: kill.signal },
        onEvent: () => {
          seen += 1;
          if (seen >= killAfter) kill.abort();
        },
      }),
      3_600_000,
    );
    if (!drive.outcome.interrupted) break;
  }
  return {
    experiment: drive!.outcome.experiment,
    lines: JSON.parse(JSON.stringify(log)) as unknown[],
  };
}

/** What was judged, and what of it the status says. */
function judged(experiment: Experiment) {
  const record = readRecord(experiment)!;
  const { aggregatedBuiltinHists: _, ...analysis } = experiment.status!.analysis!;
  const { assessments, recommendation, rewardResult } = record;
  return { assessments, recommendation, rewardResult, analysis };
}

// Each kind in its own test, so that none is left to chance.
it.each([
  { suppliedVersions: false, killed: false },
  { suppliedVersions: false, killed: true },
  { suppliedVersions: true, killed: false },
  { suppliedVersions: true, killed: true },
])('comes out as the run did: %o', async ({ suppliedVersions, killed }) => {
  const kills = fc.array(fc.integer({ min: 3, max: 60 }), killed ? { minLength: 1, maxLength: 2 } : { maxLength: 0 });
  await fc.assert(
    fc.asyncProperty(given, kills, async (g, after) => {
      const run = await ran({ ...g, suppliedVersions, kills: after });
      const { conditions } = run.experiment.status!;
      fc.pre(conditions?.some(({ type, status }) => type === 'Failed' && status === 'True') !== true);
      expect(judged(replayRecord(run.lines, { strength: {} }))).toEqual(judged(run.experiment));
    }),
    { numRuns: runs(3) },
  );
});
