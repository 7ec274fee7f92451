/** Conditions of an experiment's status, what they say about its end, and how long it has run. */
import type { Condition, ConditionType, Experiment, ExperimentStatus } from './experiment.ts';

export function conditionOf(status: ExperimentStatus | undefined, type: ConditionType): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

export function isConditionTrue(status: ExperimentStatus | undefined, type: ConditionType): boolean {
  return conditionOf(status, type)?.status === 'True';
}

/** Completed, whether or not it failed. */
export function hasEnded({ status }: Experiment): boolean {
  return isConditionTrue(status, 'Completed') || isConditionTrue(status, 'Failed');
}

export function hasFailed({ status }: Experiment): boolean {
  return isConditionTrue(status, 'Failed');
}

/** How long it has run by then; 0 before it began. */
export function runningSeconds({ startTime = '' }: ExperimentStatus, nowMs: number): number {
  const startedMs = Date.parse(startTime);
  return Number.isNaN(startedMs) ? 0 : Math.max(0, nowMs - startedMs) / 1000;
}

/** Who won, as the status records it. Of Conformance the only version counts as the candidate. */
export function recordedWinner({ spec, status }: Experiment): {
  readonly winnerFound: boolean;
  readonly candidateWon: boolean;
  readonly baselineWon: boolean;
} {
  const winner = status?.analysis?.winnerAssessment?.data;
  const winnerFound = winner?.winnerFound === true;
  const isBaseline = winnerFound && winner.winner === spec.versionInfo?.baseline.name;
  const isConformance = spec.strategy.testingPattern === 'Conformance';
  return { winnerFound, candidateWon: winnerFound && isBaseline === isConformance, baselineWon: isBaseline };
}
