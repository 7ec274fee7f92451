/**
 * Users of a service, second by second, whose requests follow the weights of memory-traffic.ts. Each may click, some time after its
 * request: `clicks` with its number of `users`, as a backend gives them for all since the start. `errors` are raw counters. `sales` are
 * as the clicks; so is `busy`, of which no number is known.
 */
import type { CounterSample } from '../../src/evidence/counters/counter-samples.ts';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import type { MetricSource } from '../../src/drive/ports.ts';
import { driveInMemory, measuredAt, measuring, storeWithMetrics, withWeights, type DriveSetup } from './driving.ts';
import { fakeClock } from './fake-clock.ts';
import { memoryTraffic } from './memory-traffic.ts';
import { hitsOf, seeded } from './seeded.ts';

export interface Users {
  /** Percent of each version at the start; the baseline comes first. */
  readonly start: Readonly<Record<string, number>>;
  /** Chance of a click, or of an error, at a second. */
  readonly chance: (version: string, second: number) => number;
  readonly perSecond: number;
  /** From a request to its click. */
  readonly delaySeconds?: number;
  /** Absent: as many as can be expected, without chance. */
  readonly seed?: number;
  /** What the backend does not answer at a second. */
  readonly fails?: (metric: string, version: string, second: number) => boolean;
}

const SAMPLE_EVERY_SECONDS = 5;

export function servedUsers({ start, chance, perSecond, delaySeconds = 0, seed, fails = () => false }: Users) {
  const clock = fakeClock();
  const traffic = memoryTraffic(start);
  const startMs = clock.now();
  const names = Object.keys(start);
  const uniform = seeded(seed ?? 0);
  const hits = (n: number, share: number) => (seed === undefined ? n * share : hitsOf(uniform, n, share));
  const requests = (percent: number) => {
    const n = (perSecond * percent) / 100;
    return seed === undefined ? n : Math.floor(n) + (uniform() < n % 1 ? 1 : 0);
  };
  const users = new Map(
    names.map((name) => {
      const owed = Array.from({ length: delaySeconds }, () => hits(requests(start[name]!), chance(name, 0)));
      return [name, { n: 0, hits: 0, clicks: 0, owed, samples: [] as CounterSample[] }];
    }),
  );
  let second = 0;
  const liveUntilNow = () => {
    for (; ; second++) {
      if (second % SAMPLE_EVERY_SECONDS === 0)
        for (const [series, { n, hits, samples }] of users) {
          const atMs = startMs + 1000 * second;
          if (samples.at(-1)?.atMs !== atMs) samples.push({ kind: 'shares', series, atMs, hits, others: n - hits });
        }
      if (1000 * (second + 1) > clock.monotonicMs()) return;
      for (const [name, one] of users) {
        const n = requests(Number(traffic.fields.get(name)));
        const bad = hits(n, chance(name, second));
        one.owed.push(bad);
        one.n += n;
        one.hits += bad;
        one.clicks += one.owed.shift()!;
      }
    }
  };
  traffic.beforeWrite = liveUntilNow;
  const values = measuring((metric, version) => {
    const { n, clicks } = users.get(version)!;
    if (fails(metric, version, clock.monotonicMs() / 1000)) return undefined;
    if (metric === 'users') return n;
    return n === 0 ? undefined : clicks / n;
  });
  const metrics: MetricSource = {
    measure: (question) => {
      liveUntilNow();
      const { metric, version } = question;
      if (metric.metadata.name !== 'errors') return values.measure(question);
      const { samples } = users.get(version.name)!;
      const answer = { kind: 'shares' as const, samples: [...samples] };
      return Promise.resolve({ kind: 'counters', answer, at: measuredAt(question), query: 'q' });
    },
  };
  const store = storeWithMetrics(
    {
      users: { type: 'Counter' },
      clicks: { type: 'Gauge', sampleSize: 'users' },
      sales: { type: 'Gauge', sampleSize: 'users' },
      busy: { type: 'Gauge' },
      errors: { type: 'Gauge', jqExpression: '{shares: .}' },
    },
    clock,
  );
  return {
    clock,
    traffic,
    /** Drives what is asked about them, or goes on with it. */
    drive: async (asked: object, setup: DriveSetup = {}) =>
      driveInMemory(writtenOf(names, asked), { ...setup, clock, traffic, metrics, store: await store }),
  };
}

/** `asked`: strategy, criteria and duration. */
const writtenOf = ([baseline, ...candidates]: readonly string[], asked: object): WrittenExperiment => ({
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Experiment',
  metadata: { name: 'served', namespace: 'default' },
  spec: { target: 't', versionInfo: withWeights(baseline!, ...candidates), ...asked } as WrittenExperiment['spec'],
});
