/**
 * Pure changes of an experiment's status, in the words of Iter8 0.7 (docs/contract.md 2, 9).
 *
 * The sequence of (stage, reason, message) is the one recorded of the old stack; after a failure ours also says the cause,
 * and after an end that is no promotion what it is.
 */
import type { Condition, ConditionType, Experiment, ExperimentStatus, Stage } from '../experiment/experiment.ts';
import { headline, type Recommendation } from '../judge/recommendation.ts';
import type { Reason } from './events.ts';

/** RFC 3339 with whole seconds, as Kubernetes writes times. */
export function timestamp(nowMs: number): string {
  return new Date(Math.floor(nowMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** A new experiment: three conditions False, stage Waiting. */
export function initialStatus(nowMs: number): ExperimentStatus {
  const time = timestamp(nowMs);
  return {
    conditions: (['Completed', 'Failed', 'TargetAcquired'] as const).map((type) => ({
      type,
      status: 'False',
      lastTransitionTime: time,
    })),
    initTime: time,
    lastUpdateTime: time,
    stage: 'Waiting',
    completedIterations: 0,
  };
}

export interface ConditionChange {
  readonly type: ConditionType;
  readonly value: 'True' | 'False';
  readonly reason: Reason;
  readonly message: string;
}

/** Sets one condition; lastTransitionTime moves only when its value changes. Other conditions and unknown fields stay. */
function withCondition(status: ExperimentStatus, change: ConditionChange, nowMs: number): ExperimentStatus {
  const present = status.conditions ?? [];
  const next = (condition: Condition | undefined): Condition => ({
    ...condition,
    type: change.type,
    status: change.value,
    lastTransitionTime:
      condition?.status === change.value && condition.lastTransitionTime !== undefined
        ? condition.lastTransitionTime
        : timestamp(nowMs),
    reason: change.reason,
    message: change.message,
  });
  const known = present.some((condition) => condition.type === change.type);
  const conditions = known
    ? present.map((condition) => (condition.type === change.type ? next(condition) : condition))
    : [...present, next(undefined)];
  return { ...status, conditions };
}

/** What `kubectl get` shows: `Reason: text`, or the reason alone. */
function kubectlMessage(reason: Reason, message: string): string {
  return message === '' ? reason : `${reason}: ${message}`;
}

/** Something happened while the experiment goes on: said in the Completed condition, which stays False, and in the message. */
export function withProgress(
  status: ExperimentStatus,
  reason: Reason,
  message: string,
  nowMs: number,
): ExperimentStatus {
  return {
    ...withCondition(status, { type: 'Completed', value: 'False', reason, message }, nowMs),
    message: kubectlMessage(reason, message),
  };
}

export function withTargetAcquired(status: ExperimentStatus, nowMs: number): ExperimentStatus {
  return {
    ...withCondition(status, { type: 'TargetAcquired', value: 'True', reason: 'TargetAcquired', message: '' }, nowMs),
    message: 'TargetAcquired',
  };
}

export function withStage(status: ExperimentStatus, stage: Stage, nowMs: number): ExperimentStatus {
  return withProgress({ ...status, stage }, 'StageAdvanced', `Advanced to ${stage}`, nowMs);
}

/** Names the version that is promoted; without one the baseline, which is kept; in Conformance, where nothing is kept, nobody. */
export function withRecommendedForPromotion(
  status: ExperimentStatus,
  { spec }: Experiment,
  promoted?: string,
): ExperimentStatus {
  const { versionRecommendedForPromotion: _, ...rest } = status;
  const kept = spec.strategy.testingPattern === 'Conformance' ? undefined : spec.versionInfo?.baseline.name;
  const recommended = promoted ?? kept;
  return { ...rest, ...(recommended === undefined ? {} : { versionRecommendedForPromotion: recommended }) };
}

/** The end. `message` as recorded: `Experiment completed successfully`, `Experiment Completed`, `Experiment rolled back`. */
export function withCompletion(status: ExperimentStatus, message: string, nowMs: number): ExperimentStatus {
  return {
    ...withCondition(
      { ...status, stage: 'Completed' },
      { type: 'Completed', value: 'True', reason: 'ExperimentCompleted', message },
      nowMs,
    ),
    message: kubectlMessage('ExperimentCompleted', message),
  };
}

/**
 * The recorded words for an end that is no failure. `Experiment completed successfully` is what the old stack says of a version
 * that must not be promoted, too: of what is no promotion ours says what it is, behind these words.
 */
export function completionMessage(
  name: string,
  recommendation: Recommendation,
  how: { readonly end?: string | undefined; readonly hasFinish: boolean },
): string {
  // Of several candidates one is rolled back, and another may be promoted; of another build nobody is.
  if (how.end === 'rolled-back' && recommendation.verdict === 'do not promote') return 'Experiment rolled back';
  const recorded = how.hasFinish ? 'Experiment Completed' : 'Experiment completed successfully';
  return recommendation.verdict === 'promote' ? recorded : `${recorded}; ${headline(recommendation, name)}`;
}

/** What made an experiment fail: the recorded sentence, and the cause in our words. */
export interface Failure {
  readonly reason: Reason;
  /** One of the recorded messages, e.g. `Start actions failed`. */
  readonly message: string;
  /** Why, for people; absent when the message says it all. */
  readonly cause?: string | undefined;
  /** Somebody else moves the same traffic: it is left to them. */
  readonly traffic?: 'changed by others' | undefined;
}

export function failureText(failure: Failure): string {
  return failure.cause === undefined ? failure.message : `${failure.message}: ${failure.cause}`;
}

/** A failure anywhere: Failed = True with the cause, and Completed = True; the message names the cause too (defect 22). */
export function withFailure(status: ExperimentStatus, failure: Failure, nowMs: number): ExperimentStatus {
  const text = failureText(failure);
  const failed = withCondition(status, { type: 'Failed', value: 'True', reason: failure.reason, message: text }, nowMs);
  const ended = /^(Start|Loop|Finish) actions failed$/.test(failure.message) ? failure.message : 'Experiment failed';
  const message =
    failure.cause === undefined && ended === failure.message
      ? ended
      : `${ended}: ${ended === failure.message ? failure.cause : text}`;
  return withCompletion(failed, message, nowMs);
}
