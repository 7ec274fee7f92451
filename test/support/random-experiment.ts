/** Experiments of all patterns, on services of all kinds, with what people and machines do to them on the way: for properties. */
import fc from 'fast-check';
import type { WrittenExperiment } from '../../src/experiment/experiment.ts';
import type { VersionBuild } from '../../src/drive/ports.ts';
import { build } from './changing-builds.ts';
import { measuring, onHello, withWeights } from './driving.ts';
import { versionInfoOf } from './plain-experiment.ts';
import type { Service } from './simulated-load.ts';

/** What answers the requests of a version. */
const SERVICES = {
  good: () => ({ latencyMs: 20, code: '200' }),
  fast: () => ({ latencyMs: 5, code: '200' }),
  slow: () => ({ latencyMs: 700, code: '200' }),
  bad: (k: number) => ({ latencyMs: 20, code: k % 3 === 0 ? '503' : '200' }),
  /** Right at the limit that is asked for most. */
  atTheLimit: (k: number) => ({ latencyMs: 20, code: k % 20 === 7 ? '503' : '200' }),
  badLater: (k: number) => ({ latencyMs: 20, code: k > 120 ? '503' : '200' }),
  /** No objective on latency sees what is wrong with it, nor with the next. */
  failsFast: () => ({ latencyMs: 3, code: '503' }),
  redirects: () => ({ latencyMs: 3, code: '302' }),
  refuses: () => ({ latencyMs: 20, code: 'connect' }),
};

/** A share of what `requests` counts, a number that nobody can quantify, and a counter. */
export const METRICS = {
  share: { sampleSize: 'requests' },
  requests: { type: 'Counter' },
  gauge: {},
  counter: { type: 'Counter' },
};

const BUILTIN = 'iter8-system/';
const OBJECTIVES = [
  { metric: `${BUILTIN}error-rate`, upperLimit: '0.05' },
  { metric: `${BUILTIN}error-rate`, upperLimit: '0.05', rollback_on_failure: true },
  { metric: `${BUILTIN}error-rate`, upperLimit: '0' },
  { metric: `${BUILTIN}latency-95th-percentile`, upperLimit: '500' },
  { metric: `${BUILTIN}mean-latency`, upperLimit: '500', rollback_on_failure: true },
  { metric: `${BUILTIN}request-count`, lowerLimit: '50' },
  { metric: `${BUILTIN}error-count`, upperLimit: '10' },
  { metric: 'share', upperLimit: '0.05' },
  { metric: 'share', upperLimit: '0.05', rollback_on_failure: true },
  { metric: 'gauge', upperLimit: '0.05' },
  { metric: 'counter', upperLimit: '100' },
];

const MESSAGE = { task: 'notification/http', with: { url: 'http://messages.test/' } };
const PROMOTION = { run: 'promote', if: 'CandidateWon()' };
const GATE = { task: 'gate', with: { timeout: '1h' } };
/** A script that fails. */
export const FAILING = 'fail';

/** Finish actions, but for the load that some of them send first. */
const FINISHES = {
  none: [],
  message: [MESSAGE, PROMOTION, MESSAGE],
  messageAfterLoad: [PROMOTION, MESSAGE],
  gate: [GATE, PROMOTION, MESSAGE],
  gateAfterMessage: [MESSAGE, GATE, PROMOTION],
  rejected: [GATE, PROMOTION],
  failing: [MESSAGE, { run: FAILING }],
};

/** One of these, or something else so many times in ten: most experiments are to come to an answer. */
const mostly = <T>(usual: readonly T[], tenths: number, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 10 - tenths, arbitrary: fc.constantFrom(...usual) }, { weight: tenths, arbitrary: other });

type ServiceName = keyof typeof SERVICES;
const service = mostly<ServiceName>(['good', 'fast'], 4, fc.constantFrom(...(Object.keys(SERVICES) as ServiceName[])));
const value = mostly<number | undefined>([0.001], 4, fc.constantFrom(0.2, undefined));
/** So many events after it began, in so many of ten experiments. */
const moment = (tenths: number) => mostly<number | undefined>([undefined], tenths, fc.integer({ min: 1, max: 60 }));

const strength = fc.record(
  {
    maxRequests: fc.constant(400),
    confidence: fc.constantFrom('0.95', 'none'),
    extend: fc.constant(false),
    stopEarly: fc.constant(true),
    noData: fc.constant('violated'),
    policy: fc.constant('bandit'),
    minRequests: fc.constantFrom(20, 90),
    onChange: fc.constant('restart'),
  },
  { requiredKeys: ['maxRequests'] },
);

export const randomExperiment = fc.record({
  pattern: fc.constantFrom('Conformance' as const, 'Canary' as const, 'A/B' as const, 'A/B/N' as const),
  deploymentPattern: fc.constantFrom('FixedSplit', 'Progressive', 'BlueGreen'),
  movesTraffic: fc.boolean(),
  services: fc.record({ old: service, new: service, third: service }),
  objectives: fc.uniqueArray(fc.constantFrom(...OBJECTIVES), { maxLength: 3 }),
  reward: fc.constantFrom(`${BUILTIN}mean-latency`, `${BUILTIN}error-rate`, 'share', 'gauge'),
  strength,
  /** Settings that flags of `run` put over it. */
  flags: fc.constantFrom({}, {}, { confidence: 'none' }, { minRequests: 70 }),
  /** How much worse than the baseline its errors may be. */
  maxIncrease: fc.constantFrom(undefined, undefined, 0.05),
  startLoad: mostly([true], 3, fc.constant(false)),
  loopLoad: fc.boolean(),
  finish: mostly<keyof typeof FINISHES>(
    ['none', 'message', 'messageAfterLoad', 'gate', 'gateAfterMessage'],
    1,
    fc.constantFrom('rejected', 'failing'),
  ),
  iterationsPerLoop: fc.integer({ min: 1, max: 3 }),
  maxLoops: fc.integer({ min: 1, max: 2 }),
  /** What backends say of `share` and `gauge`. */
  values: fc.record({ old: value, new: value, third: value }),
  /** After the first iteration a version has another value, or none. */
  turn: fc.record({
    version: fc.constantFrom(undefined, 'old', 'new', 'third'),
    value: fc.constantFrom(undefined, 0.3, 0.0001, 1.5),
  }),
  requestsPerSecond: fc.constantFrom(10, 3000),
  /** The first driver, and the second, end at such a moment. */
  ends: fc.tuple(moment(5), moment(5)),
  /** Asked to stop, by a lock that somebody else got, or with no time to say anything. */
  endsBy: fc.constantFrom('stop' as const, 'lost' as const, 'kill' as const),
  abortedAfter: moment(1),
  /** At this look at what runs, the last version is another build. Undefined: nobody knows what runs. */
  otherBuildAt: mostly<number | undefined>([undefined], 3, fc.integer({ min: 2, max: 9 })),
});
export type RandomExperiment = typeof randomExperiment extends fc.Arbitrary<infer T> ? T : never;

const NAMES = ['old', 'new', 'third'] as const;
type Name = (typeof NAMES)[number];
const VERSIONS = { Conformance: 1, Canary: 2, 'A/B': 2, 'A/B/N': 3 };

/** Its versions, the baseline first. */
export const versionsOf = ({ pattern }: RandomExperiment): readonly Name[] => NAMES.slice(0, VERSIONS[pattern]);

/** The versions that the answer is about. */
export const judgedOf = (given: RandomExperiment): readonly string[] =>
  given.pattern === 'Conformance' ? ['old'] : versionsOf(given).slice(1);

export const hasTraffic = (given: RandomExperiment): boolean => given.movesTraffic && given.pattern !== 'Conformance';

/** What has no weights to move, and what is no pattern for several candidates, is split as it is. */
export const deploymentOf = (given: RandomExperiment): string =>
  hasTraffic(given) && !(given.pattern === 'A/B/N' && given.deploymentPattern === 'BlueGreen')
    ? given.deploymentPattern
    : 'FixedSplit';

export function writtenOf(given: RandomExperiment): WrittenExperiment {
  const { pattern, iterationsPerLoop, maxLoops } = given;
  const [baseline, ...candidates] = versionsOf(given);
  const versionInfo = hasTraffic(given) ? withWeights(baseline!, ...candidates) : versionInfoOf(versionsOf(given));
  return onHello({
    strategy: { testingPattern: pattern, deploymentPattern: deploymentOf(given), actions: actionsOf(given) },
    criteria: criteriaOf(given),
    duration: { intervalSeconds: 10, iterationsPerLoop, maxLoops },
    versionInfo,
  });
}

function actionsOf(given: RandomExperiment) {
  const versions = versionsOf(given).map((name) => ({ name, url: `http://${name}.test/` }));
  const collect = { task: 'metrics/collect', with: { numQueries: 100, qps: 50, versions } };
  const finish = [...(given.finish === 'messageAfterLoad' ? [collect] : []), ...FINISHES[given.finish]];
  return {
    ...(given.startLoad ? { start: [collect] } : {}),
    ...(given.loopLoad ? { loop: [collect, PROMOTION, MESSAGE] } : {}),
    ...(finish.length === 0 ? {} : { finish }),
  };
}

function criteriaOf({ pattern, objectives, reward, strength, maxIncrease }: RandomExperiment) {
  const isCompared = maxIncrease !== undefined && pattern !== 'Conformance';
  return {
    objectives,
    ...(pattern === 'A/B' || pattern === 'A/B/N' ? { rewards: [{ metric: reward, preferredDirection: 'Low' }] } : {}),
    strength: {
      ...strength,
      ...(isCompared ? { relative: [{ metric: `${BUILTIN}error-rate`, maxIncrease }] } : {}),
    },
  };
}

export const serviceOf =
  ({ services }: RandomExperiment): Service =>
  (version, k) =>
    SERVICES[services[version as Name]](k);

const FIRST_ITERATION_SECONDS = 12;

export const metricsOf = ({ values, turn, requestsPerSecond }: RandomExperiment) =>
  measuring((metric, version, { elapsedSeconds }) => {
    if (metric === 'requests') return requestsPerSecond * elapsedSeconds;
    if (metric === 'counter') return elapsedSeconds;
    const hasTurned = turn.version === version && elapsedSeconds > FIRST_ITERATION_SECONDS;
    return hasTurned ? turn.value : values[version as Name];
  });

/** What runs of each version at the n-th look. */
export const buildsAt = (given: RandomExperiment, look: number): VersionBuild[] =>
  versionsOf(given).map((version, index, { length }) => {
    const isOther = index === length - 1 && look >= (given.otherBuildAt ?? Number.POSITIVE_INFINITY);
    const image = isOther ? 'hello:2' : 'hello:1';
    return { version, build: build(image, ['h'], version) };
  });
