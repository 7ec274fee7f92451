/**
 * What can come of objectives on metrics that somebody else counts, from one trial of each query: judged by the same judge as in a
 * run. For `plan`. Pure.
 */
import type { Experiment } from '../experiment/experiment.ts';
import { totalIterations } from '../experiment/iterations.ts';
import { shortName } from '../experiment/metric-names.ts';
import { formatSeconds } from '../text/units.ts';
import type { Metric } from '../experiment/metric.ts';
import { isExactCounter, type MeasuredMetric } from '../judge/limits/custom-metric.ts';
import type { LimitAssessment, UndecidedReason } from '../judge/assessment.ts';
import { Judge } from '../judge/judge.ts';
import type { Question } from '../judge/question/question.ts';
import { addMeasurement } from '../judge/record/measurement.ts';
import { EMPTY_RECORD, type Iter8Record } from '../judge/record/stored-record.ts';
import { openSentence, violatedSentence } from '../judge/wording/sentences.ts';
import type { Obstacle } from './outlook.ts';

export interface Trial {
  readonly measured: NonNullable<Iter8Record['measured']>;
  /** RFC 3339. */
  readonly time: string;
  /** What `elapsedTime` stood for. */
  readonly triedSeconds: number;
  /** By the name that the spec wrote. */
  readonly metricOf: (name: string) => Metric | undefined;
}

/** No further measurement changes these, as long as the metric is what it is. */
const FOR_EVER: ReadonlySet<UndecidedReason> = new Set([
  'unquantified',
  'percentile-value',
  'windows-differ',
  'needs-cap',
  'above-cap',
  'limit-outside-cap',
  'limit-not-a-share',
  'limit-not-counted',
  'count-without-evidence',
  'not-comparable',
  'only-counters-compare',
  'buckets-not-comparable',
  'program-failed',
]);

export interface MeasuredOutlook {
  readonly obstacles: readonly Obstacle[];
  /** Whether this side of an objective, or this relative limit, can never be decided. */
  readonly isNever: (row: AskedSide) => boolean;
}

/** One of two objectives of a metric may be decided where the other cannot. */
type AskedSide = Pick<LimitAssessment, 'metric' | 'side' | 'limit' | 'relative'>;

/** Where a relative limit lies is not known before. */
const keyOf = ({ metric, side, limit, relative }: AskedSide): string =>
  JSON.stringify(
    relative === undefined ? [metric, side, limit] : [metric, relative.percent ?? null, relative.increase ?? null],
  );

export function measuredOutlook(experiment: Experiment, question: Question, trial: Trial): MeasuredOutlook {
  const { answered, versions } = question;
  const never = new Set<string>();
  const obstacles: Obstacle[] = [];
  const add = (kind: Obstacle['kind'], row: LimitAssessment, text: string) => {
    if (kind === 'never') never.add(keyOf(row));
    obstacles.push({ kind, text });
  };
  const sentence = (row: LimitAssessment) => {
    const text =
      row.verdict === 'violated' ? violatedSentence(row) : openSentence(row, { several: versions.length > 1 });
    return row.reason === 'unquantified' ? `${text}: name the metric that counts them as its sampleSize` : text;
  };
  const span = spanSeconds(experiment);
  for (const row of rowsOf(question, { ...trial, span })) {
    const { version, metric, reason } = row;
    const measured = trial.measured[metric]?.[version];
    if (row.backend !== true || measured === undefined || !answered.some(({ name }) => name === version)) continue;
    if (reason !== undefined && isInTheWay(reason, measured)) add(kindOf(reason), row, sentence(row));
    const isSilent = measured.value === undefined && question.alpha !== undefined && row.relative === undefined;
    if (isSilent && lacksSize(trial.metricOf(metric)))
      add('never', row, sentence({ ...row, verdict: 'undecided', reason: 'unquantified' }));
    if (isTooShort(measured, span, question)) add('never', row, tooShortText(metric, span, question));
  }
  return { obstacles, isNever: (row) => never.has(keyOf(row)) };
}

/** Why nobody could win by what was just measured: no value of a version, or what would be so for ever. */
export function rewardObstacles(question: Question, trial: Trial): Obstacle[] {
  const { reward, alpha } = question;
  if (reward === undefined || reward.quantity.kind !== 'custom') return [];
  const failed = Object.entries(trial.measured[reward.metric] ?? {}).flatMap(([version, one]) => {
    const failure = one.failure ?? one.sizeFailure;
    if (failure?.reason === undefined) return [];
    return [{ kind: kindOf(failure.reason), text: `${reward.metric} of ${version} has no value: ${failure.message}` }];
  });
  if (failed.length > 0 || alpha === undefined) return failed;
  const problem = rewardProblem(question, trial);
  return problem === undefined ? [] : [{ kind: 'never', text: problem }];
}

/** As it will be recorded. */
export function rewardProblem(question: Question, { measured, time }: Trial): string | undefined {
  return addMeasurement(question, EMPTY_RECORD, { time, startTime: time, values: measured }).reward?.problem;
}

/** From the first measurement to the last. */
function spanSeconds(experiment: Experiment): number {
  return (totalIterations(experiment) - 1) * experiment.spec.duration.intervalSeconds;
}

/** As at the end of a run in which everything went on as it is now. */
function rowsOf(question: Question, trial: Trial & { readonly span: number }): LimitAssessment[] {
  const judge = new Judge(question);
  for (const [metric, versions] of Object.entries(trial.measured))
    for (const [version, measured] of Object.entries(versions))
      judge.setMeasured(version, metric, atTheEnd(measured, trial, question));
  return judge.look({ elapsedSeconds: Number.MAX_VALUE, planDone: true, bounds: true, measuringDone: true });
}

/** A value that holds everything since the start will have more behind it; what is under way is another question. */
function atTheEnd(
  measured: MeasuredMetric,
  { triedSeconds, span }: Trial & { readonly span: number },
  { strength }: Question,
): MeasuredMetric {
  const { growth: _, ...one } = measured;
  const seconds = Math.max(1, span - 2 * strength.inFlightSeconds);
  if (!one.cumulative || one.n === undefined || one.counters !== undefined) return one;
  return { ...one, n: Math.round((one.n * seconds) / triedSeconds) };
}

/** Raw counters begin to count with the first sample: that nothing is counted yet says nothing. */
function isInTheWay(reason: UndecidedReason, { counters }: MeasuredMetric): boolean {
  if (reason === 'all-under-way' || reason === 'metric-unavailable') return false;
  const isBegun = counters !== undefined && Object.keys(counters.series).length > 0;
  return !isBegun || FOR_EVER.has(reason);
}

function kindOf(reason: UndecidedReason): Obstacle['kind'] {
  if (FOR_EVER.has(reason)) return 'never';
  return reason === 'unreachable' || reason === 'timed-out' ? 'unreachable' : 'open';
}

/** A Gauge whose number of data points nobody says: whatever its value will be. */
function lacksSize(metric: Metric | undefined): boolean {
  if (metric === undefined) return false;
  const { type, sampleSize, jqExpression = '' } = metric.spec;
  return type === 'Gauge' && sampleSize === undefined && !/\b(shares|sums|histograms|counts)\b/.test(jqExpression);
}

function tooShortText(metric: string, span: number, { strength }: Question): string {
  const least = formatSeconds(2 * strength.inFlightSeconds);
  return `${shortName(metric)} is measured over ${formatSeconds(span)}, and a verdict takes more than ${least} (two times strength.inFlightSeconds): plan more iterations, or a longer intervalSeconds`;
}

/** What may be under way is let go at both ends: of a shorter time nothing is left (docs/method.md 0.7). */
function isTooShort(measured: MeasuredMetric, span: number, { strength, alpha }: Question): boolean {
  const { inFlightSeconds } = strength;
  const isAllowedFor = alpha !== undefined && measured.cumulative && !isExactCounter(measured);
  return isAllowedFor && inFlightSeconds > 0 && span <= 2 * inFlightSeconds;
}
