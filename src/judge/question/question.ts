/**
 * What an experiment asks, compiled once: its versions with their roles and thresholds, its limits with their caps, its reward,
 * its settings, and the load that it plans. Rules, judge, rewards, weights, extension, planning and replay take a `Question`;
 * nobody else reads spec.criteria. Pure.
 */
import { verdictThresholds, type VerdictThresholds } from '../../evidence/verdict-thresholds.ts';
import type { Experiment, TestingPattern } from '../../experiment/experiment.ts';
import { isLatency, metricKey, parseMetricName, type MetricQuantity } from '../../experiment/metric-names.ts';
import { toNumber } from '../../experiment/quantity.ts';
import { parseStrength, type StrengthSettings } from '../../experiment/strength-settings.ts';
import { isTrivial, limitsOf, type Limit } from './limits.ts';
import { plannedLoad, type PlannedLoad } from './planned-load.ts';
import { relativeLimits, type RelativeLimit } from './relative-limits.ts';

export interface JudgedVersion extends VerdictThresholds {
  readonly name: string;
  readonly role: 'baseline' | 'candidate';
}

/** The reward of an A/B or A/B/N experiment. */
export interface RewardQuestion {
  /** As the spec wrote it. */
  readonly metric: string;
  readonly quantity: MetricQuantity;
  readonly endpoint?: string | undefined;
  readonly preferred: 'High' | 'Low';
  /** The largest value that counts. Undefined when it is not known. */
  readonly cap: number | undefined;
}

export interface Question {
  readonly pattern: TestingPattern;
  /** Baseline first. Empty without versionInfo. */
  readonly versions: readonly JudgedVersion[];
  readonly baseline: JudgedVersion | undefined;
  /** The versions that the answer is about: of Conformance the only one, else the candidates. */
  readonly answered: readonly JudgedVersion[];
  /** Upper before lower, in the order of the objectives. */
  readonly limits: readonly Limit[];
  readonly relative: readonly RelativeLimit[];
  readonly reward: RewardQuestion | undefined;
  /** Positions of the objectives that roll back when a judged version violates them. */
  readonly rollback: ReadonlySet<number>;
  readonly strength: StrengthSettings;
  /** 1 - confidence; undefined: point values are compared. */
  readonly alpha: number | undefined;
  readonly load: PlannedLoad;
}

/** For thresholds and bounds that are shown where no confidence is asked for. */
const SHOWN_CONFIDENCE = 0.95;

/**
 * @param overrides settings that flags of `run` put over spec.criteria.strength
 */
export function compileQuestion(experiment: Experiment, overrides?: Readonly<Record<string, unknown>>): Question {
  const { spec, metadata } = experiment;
  const { namespace } = metadata;
  const written = (spec.criteria.strength ?? {}) as Record<string, unknown>;
  const strength = parseStrength({ ...written, ...overrides }).settings;
  const names = versionRoles(experiment);
  const load = plannedLoad(experiment, strength, new Set(names.map(({ name }) => name)));
  const capOf = caps(strength, load, namespace);
  const settings = { capOf, noDataOf: noDataSettings(strength, namespace) };
  const limits = limitsOf(experiment, settings);
  const relative = relativeLimits(strength, { namespace, first: spec.criteria.objectives.length, ...settings });
  const alpha = strength.confidence === 'none' ? undefined : 1 - strength.confidence;
  const absolute = limits.filter((limit) => !isTrivial(limit)).length;
  const candidates = names.filter(({ role }) => role === 'candidate').length;
  const versions = names.map(({ name, role }) => ({
    name,
    role,
    ...verdictThresholds({
      confidence: strength.confidence === 'none' ? SHOWN_CONFIDENCE : strength.confidence,
      role,
      limits: absolute + (role === 'candidate' ? relative.length : 0),
      candidates,
    }),
  }));
  const { testingPattern: pattern } = spec.strategy;
  const answered = new Set(answeredVersions(experiment).map(({ name }) => name));
  return {
    pattern,
    versions,
    baseline: versions.find(({ role }) => role === 'baseline'),
    answered: versions.filter(({ name }) => answered.has(name)),
    limits,
    relative,
    reward: rewardOf(experiment, capOf),
    rollback: new Set(
      spec.criteria.objectives.flatMap(({ rollback_on_failure }, index) => (rollback_on_failure ? [index] : [])),
    ),
    strength,
    alpha,
    load,
  };
}

/** Names and roles alone: for views, which judge nothing. Baseline first. */
export function versionRoles({ spec: { versionInfo } }: Experiment): {
  readonly name: string;
  readonly role: 'baseline' | 'candidate';
}[] {
  if (versionInfo === undefined) return [];
  return [
    { name: versionInfo.baseline.name, role: 'baseline' },
    ...(versionInfo.candidates ?? []).map(({ name }) => ({ name, role: 'candidate' as const })),
  ];
}

/** The versions that the answer is about: of Conformance the only one, else the candidates. */
export function answeredVersions(experiment: Experiment): ReturnType<typeof versionRoles> {
  const isConformance = experiment.spec.strategy.testingPattern === 'Conformance';
  return versionRoles(experiment).filter(({ role }) => isConformance || role === 'candidate');
}

/** The declared cap of a metric, whatever name it is written by; of latencies of our own load never above the shortest timeout. */
function caps(
  strength: StrengthSettings,
  { tasks }: PlannedLoad,
  namespace: string,
): (metric: string) => number | undefined {
  const declared = new Map(strength.cap.map(({ metric, max }) => [metricKey(metric, namespace), toNumber(max)]));
  // Above the shortest timeout it is not known what a latency would have been.
  const timeoutMs = tasks.length === 0 ? undefined : Math.min(...tasks.map((task) => task.timeoutMs));
  return (metric) => {
    const cap = declared.get(metricKey(metric, namespace));
    const { quantity } = parseMetricName(metric, namespace);
    if (!isLatency(quantity) || timeoutMs === undefined) return cap;
    return cap === undefined ? timeoutMs : Math.min(cap, timeoutMs);
  };
}

/** That of the metric, else that of all. */
function noDataSettings(
  { noData, noDataFor }: StrengthSettings,
  namespace: string,
): (metric: string) => StrengthSettings['noData'] {
  const own = new Map(noDataFor.map(({ metric, verdict }) => [metricKey(metric, namespace), verdict]));
  return (metric) => own.get(metricKey(metric, namespace)) ?? noData;
}

function rewardOf(
  { spec: { criteria }, metadata: { namespace } }: Experiment,
  capOf: (metric: string) => number | undefined,
): RewardQuestion | undefined {
  const [reward] = criteria.rewards;
  if (reward === undefined) return undefined;
  const { quantity, endpoint } = parseMetricName(reward.metric, namespace);
  return {
    metric: reward.metric,
    quantity,
    ...(endpoint === undefined ? {} : { endpoint }),
    preferred: reward.preferredDirection,
    cap: capOf(reward.metric),
  };
}

/** The same question where no timeout or cap is known: of measurements that somebody else made. */
export function withoutCaps(question: Question): Question {
  return { ...question, limits: question.limits.map((limit) => ({ ...limit, cap: undefined })) };
}
