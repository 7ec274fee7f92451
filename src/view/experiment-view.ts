/** An experiment as people and machines want to see it: plain data, no colour, no padding. Pure; never throws. */
import { observedRequests, sampleRatioMismatch } from '../traffic/sample-ratio-mismatch.ts';
import { isQuantity, toNumber } from '../experiment/quantity.ts';
import { namedMetrics, parseMetricName } from '../experiment/metric-names.ts';
import { inOrderOf, sortedLike } from '../experiment/spec-order.ts';
import type { MeasuredMetric } from '../judge/limits/custom-metric.ts';
import { versionsIn, type Experiment, type Weight } from '../experiment/experiment.ts';
import type { LimitAssessment } from '../judge/assessment.ts';
import { countedTallies, knownJudgement, type KnownJudgement } from '../judge/iter8-07/judge-recorded-object.ts';
import { hasEnded } from '../experiment/conditions.ts';
import { completedIterations, totalIterations } from '../experiment/iterations.ts';
import { targetHolderOf } from '../experiment/waiting-for-target-message.ts';
import { unverifiedTls } from '../experiment/unverified-tls.ts';
import type { LoadState } from '../judge/record/load-progress.ts';
import { unitOf } from '../judge/question/limits.ts';
import { versionRoles } from '../judge/question/question.ts';
import {
  readTally,
  type Iter8Record,
  type StoredEvent,
  type StoredScope,
  type Waiting,
} from '../judge/record/stored-record.ts';
import { headline, type Recommendation } from '../judge/recommendation.ts';
import type { RewardResult } from '../judge/reward/reward-state.ts';
import { plainAnswers, type Answers } from '../judge/wording/waiting-for-person.ts';
import type { Unit } from '../judge/assessment.ts';
import { answersOf, type Tally } from '../evidence/request-tally.ts';
import { observedLatencies, type ObservedLatencies } from './observed-latencies.ts';

/** What was seen of one version, or of one of its endpoints. */
export interface Observation {
  readonly version: string;
  readonly endpoint?: string | undefined;
  readonly requests: number;
  readonly errors: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly reconnects: number;
  readonly late: number;
  readonly latencyMs?: ObservedLatencies | undefined;
}

/** What was last measured of a metric that is not built in. */
export interface MeasuredValue extends Omit<MeasuredMetric, 'counters'> {
  readonly metric: string;
  readonly version: string;
}

/** A value that Iter8 0.7 recorded, or an indicator. */
export interface MetricValue {
  readonly metric: string;
  readonly version: string;
  readonly value: number;
  readonly unit: Unit;
}

/** Who drives an experiment that has not ended; nobody: what to type to go on with it. */
export type Driven =
  | { readonly by: string; readonly answers?: Answers | undefined }
  | { readonly by: undefined; readonly goOn: string };

export interface ExperimentView {
  readonly name: string;
  readonly namespace: string;
  readonly target: string;
  readonly testingPattern: string;
  readonly deploymentPattern: string;
  /** Undefined before it was started. */
  readonly stage?: string | undefined;
  readonly message?: string | undefined;
  /** Who has its target, as the one who waits saved it: `experiment shop/other`. Absent when it does not wait. */
  readonly waitsFor?: string | undefined;
  readonly iterations: { readonly completed: number; readonly total: number };
  /** RFC 3339. */
  readonly createdAt?: string | undefined;
  readonly startedAt?: string | undefined;
  readonly changedAt?: string | undefined;
  readonly ended: boolean;
  /** Absent when it has ended, or when that is not known. */
  readonly driven?: Driven | undefined;
  /** ms since 1970: what ages are computed against. */
  readonly now: number;
  readonly recommendation: Recommendation;
  /** `promote hello-v2`, `so far: ...` before it has ended; for objects of Iter8 0.7 what it recorded. */
  readonly headline: string;
  /** Objects of Iter8 0.7: what we say of the same measurements. */
  readonly judgedAgain?: string | undefined;
  readonly versions: ReturnType<typeof versionRoles>;
  /** In the order of versions, objectives, upper before lower. */
  readonly objectives: readonly LimitAssessment[];
  readonly observations: readonly Observation[];
  /** The newest collection by itself, when there was more than one. */
  readonly newest?: { readonly task: string; readonly observations: readonly Observation[] } | undefined;
  /** Metrics that are not built in, in the order of the criteria. */
  readonly measured: readonly MeasuredValue[];
  /** What the versions of an A/B or A/B/N experiment earned. */
  readonly reward?: RewardResult | undefined;
  /** Values that Iter8 0.7 recorded for its objectives, and rewards. */
  readonly recorded: readonly MetricValue[];
  /** In percent. `observed`: of the requests that a backend counted; absent when none did. */
  readonly weights: {
    /** An object says what `now` is; otherwise it is the default. */
    readonly known: boolean;
    readonly now: readonly Weight[];
    readonly recommended: readonly Weight[];
    readonly observed?: readonly Weight[] | undefined;
    /** The splits that the experiment has made, from that of the start; absent where it moves no traffic. */
    readonly steps?: readonly (readonly Weight[])[] | undefined;
  };
  readonly load?: LoadState | undefined;
  /** The person that it waits for, and what to type then; absent when it waits for none. */
  readonly waiting?: (Waiting & { readonly answers: Answers }) | undefined;
  readonly warnings: readonly string[];
  readonly failure?: { readonly reason: string; readonly message: string } | undefined;
  readonly events: readonly StoredEvent[];
}

/** What one line of a list shows: a few hundred bytes, whatever was measured. */
export type ListRow = Pick<
  ExperimentView,
  | 'name'
  | 'namespace'
  | 'target'
  | 'testingPattern'
  | 'stage'
  | 'waitsFor'
  | 'iterations'
  | 'createdAt'
  | 'ended'
  | 'driven'
  | 'headline'
  | 'judgedAgain'
  | 'recommendation'
>;

/** The row of an experiment, without the rest of its view, which takes far longer to work out. */
export function listRow(experiment: Experiment, driven?: Driven): ListRow {
  return rowOf(experiment, knownJudgement(experiment), driven);
}

function rowOf(experiment: Experiment, known: KnownJudgement, driven: Driven | undefined): ListRow {
  const { metadata, spec, status } = experiment;
  const { verdict, version, keepsBaseline } = known.recommendation;
  const isEarly = !hasEnded(experiment) && (verdict === 'promote' || verdict === 'do not promote');
  const own = `${isEarly ? 'so far: ' : ''}${headline(known.recommendation, metadata.name)}`;
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    target: spec.target,
    testingPattern: spec.strategy.testingPattern,
    stage: status?.stage ?? (hasEnded(experiment) ? 'Completed' : undefined),
    waitsFor: waitsFor(experiment),
    iterations: { completed: completedIterations(experiment), total: totalIterations(experiment) },
    createdAt: metadata.creationTimestamp ?? undefined,
    ended: hasEnded(experiment),
    driven,
    recommendation: { verdict, ...(version === undefined ? {} : { version }), keepsBaseline, reasons: [] },
    headline: known.source === 'histograms' ? recordedHeadline(experiment) : own,
    judgedAgain: known.source === 'histograms' ? own : undefined,
  };
}

function waitingOf(experiment: Experiment, { record }: KnownJudgement, driven?: Driven): ExperimentView['waiting'] {
  if (record?.waiting === undefined || hasEnded(experiment)) return undefined;
  const known = driven?.by === undefined ? undefined : driven.answers;
  const answers = known ?? plainAnswers(experiment.metadata);
  return { ...record.waiting, answers };
}

/** Only while it is at its beginning: one that goes on where it was keeps its message. */
function waitsFor({ status }: Experiment): string | undefined {
  return status?.stage === 'Waiting' ? targetHolderOf(status.message) : undefined;
}

export function experimentView(experiment: Experiment, now: number, driven?: Driven): ExperimentView {
  const { spec, status } = experiment;
  const known = knownJudgement(experiment);
  const names = versionsIn(experiment).map(({ name }) => name);
  const observed = known.record === undefined ? undefined : observedRequests(experiment, known.record);
  const failed = status?.conditions?.find((condition) => condition.type === 'Failed' && condition.status === 'True');
  const completed = status?.conditions?.find((condition) => condition.type === 'Completed');
  return {
    ...rowOf(experiment, known, driven),
    deploymentPattern: spec.strategy.deploymentPattern,
    message: status?.message,
    startedAt: status?.startTime,
    changedAt: completed?.status === 'True' ? completed.lastTransitionTime : lastJudgedAt(experiment, known),
    now,
    recommendation: known.recommendation,
    versions: versionRoles(experiment),
    objectives: known.assessments,
    observations: sortedLike(
      names,
      countedTallies(experiment, known.record).map(({ tally, ...scope }) => observation(scope, tally)),
      ({ version }) => version,
    ),
    ...newestOf(known.record, names),
    measured: inOrderOf(namedMetrics(spec.criteria), known.record?.measured ?? {}).flatMap(([metric, versions]) =>
      inOrderOf(names, versions).map(([version, measured]) => {
        const { counters: _, ...one } = measured;
        return { metric, version, ...one };
      }),
    ),
    reward: known.record?.rewardResult,
    recorded: known.source === 'histograms' ? recordedValues(experiment) : [],
    weights: {
      known: isSplitKnown(experiment),
      now: status?.currentWeightDistribution ?? [],
      recommended: status?.analysis?.weights?.data ?? [],
      ...observedWeights(observed),
      ...(known.record?.traffic?.steps === undefined ? {} : { steps: known.record.traffic.steps }),
    },
    load: known.record?.load,
    waiting: waitingOf(experiment, known, driven),
    warnings: [
      ...new Set([
        ...(known.record?.warnings ?? []),
        ...(known.record?.traffic === undefined ? ratioWarnings(experiment, observed) : []),
        ...unverifiedTls(experiment),
      ]),
    ],
    failure: failed === undefined ? undefined : { reason: failed.reason ?? '', message: failed.message ?? '' },
    events: known.record?.events ?? [],
  };
}

/** The status has the time of the last iteration; load is judged with each save. */
function lastJudgedAt({ status }: Experiment, { record }: KnownJudgement): string | undefined {
  const savedAt = status?.analysis?.aggregatedBuiltinHists?.timestamp;
  return record?.load === undefined ? status?.lastUpdateTime : (savedAt ?? status?.lastUpdateTime);
}

type Requests = ReturnType<typeof observedRequests>;

function observedWeights(requests: Requests): { readonly observed?: Weight[] } {
  if (requests === undefined) return {};
  const total = [...requests.values()].reduce((sum, n) => sum + n, 0);
  return { observed: [...requests].map(([name, n]) => ({ name, value: (100 * n) / total })) };
}

function isSplitKnown(experiment: Experiment): boolean {
  const versions = versionsIn(experiment);
  const referred = versions.filter(({ weightObjRef }) => weightObjRef !== undefined).length;
  return versions.length > 1 && referred >= versions.length - 1;
}

/** Only where an object says how traffic should be split, and nothing moved it. */
function ratioWarnings(experiment: Experiment, requests: Requests): string[] {
  if (!isSplitKnown(experiment) || requests === undefined) return [];
  const mismatch = sampleRatioMismatch(experiment.status?.currentWeightDistribution ?? [], requests);
  return mismatch === undefined ? [] : [mismatch];
}

/** What Iter8 0.7 found, which is no recommendation of ours. */
function recordedHeadline(experiment: Experiment): string {
  const winner = experiment.status?.analysis?.winnerAssessment?.data;
  const found = winner?.winnerFound === true && winner.winner !== undefined;
  return `recorded by Iter8 0.7 (point estimates): ${found ? `winner ${winner.winner}` : 'no winner'}`;
}

function newestOf(record: Iter8Record | undefined, names: readonly string[]): Pick<ExperimentView, 'newest'> {
  return record?.newest === undefined
    ? {}
    : {
        newest: {
          task: record.newest.task,
          observations: sortedLike(names, observationsOf(record.newest.scopes), ({ version }) => version),
        },
      };
}

function observationsOf(scopes: readonly StoredScope[]): Observation[] {
  return scopes.map(({ version, endpoint, tally }) => observation({ version, endpoint }, readTally(tally)));
}

function observation(
  scope: { readonly version: string; readonly endpoint?: string | undefined },
  tally: Tally,
): Observation {
  const { response } = tally;
  return {
    ...scope,
    requests: response.n,
    errors: response.errors,
    codes: tally.codes,
    reconnects: tally.reconnects,
    late: tally.late.bad,
    latencyMs: observedLatencies(answersOf(tally)),
  };
}

/** Values of objectives, indicators and rewards as recorded; what is no number is left out. */
function recordedValues(experiment: Experiment): MetricValue[] {
  const { objectives, indicators, rewards } = experiment.spec.criteria;
  const versions = versionsIn(experiment).map(({ name }) => name);
  const names = new Set([
    ...objectives.map(({ metric }) => metric),
    ...indicators,
    ...rewards.map(({ metric }) => metric),
  ]);
  const data = experiment.status?.analysis?.aggregatedMetrics?.data ?? {};
  return [...names].flatMap((metric) => {
    const { quantity } = parseMetricName(metric, experiment.metadata.namespace);
    const byVersion = Object.hasOwn(data, metric) ? data[metric]?.data : undefined;
    return inOrderOf(versions, byVersion ?? {}).flatMap(([version, { value }]) =>
      value === undefined || !isQuantity(value)
        ? []
        : [{ metric, version, value: toNumber(value), unit: unitOf(quantity) }],
    );
  });
}

/** What a pipeline may act upon: before the end nothing is decided, whatever the present look says. */
export function answerOf({
  ended,
  recommendation: { verdict },
}: Pick<ExperimentView, 'ended' | 'recommendation'>): ExperimentView['recommendation']['verdict'] {
  return ended || verdict === 'failed' ? verdict : 'undecided';
}
