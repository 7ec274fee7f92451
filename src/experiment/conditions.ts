/** What an object says about its own end. */
import type { Experiment } from './experiment.ts';

/** Completed, whether or not it failed. */
export function hasEnded(experiment: Experiment): boolean {
  return isConditionTrue(experiment, 'Completed') || isConditionTrue(experiment, 'Failed');
}

export function hasFailed(experiment: Experiment): boolean {
  return isConditionTrue(experiment, 'Failed');
}

function isConditionTrue(experiment: Experiment, type: string): boolean {
  return (
    experiment.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true
  );
}

/** Who won so far, as the conditions of tasks and the placeholders of scripts ask for it. */
export function winnerOf(experiment: Experiment): { readonly winnerFound: boolean; readonly candidateWon: boolean } {
  const winner = experiment.status?.analysis?.winnerAssessment?.data;
  const winnerFound = winner?.winnerFound === true;
  const baseline = experiment.spec.versionInfo?.baseline.name;
  const conformance = experiment.spec.strategy.testingPattern === 'Conformance';
  return { winnerFound, candidateWon: winnerFound && (winner.winner === baseline) === conformance };
}
