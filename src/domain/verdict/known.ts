/** What an object says about its own end. */
import type { Experiment } from '../api/experiment.ts';

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
