/** How many iterations an experiment has, how many of them are done, and whether that is all. */
import type { Experiment } from './experiment.ts';

export function totalIterations({ spec: { duration } }: Pick<Experiment, 'spec'>): number {
  return duration.iterationsPerLoop * duration.maxLoops;
}

export function completedIterations({ status }: Pick<Experiment, 'status'>): number {
  return status?.completedIterations ?? 0;
}

/** Then what is compared at the end may be: nothing was left out. */
export function areAllIterationsDone(experiment: Pick<Experiment, 'spec' | 'status'>): boolean {
  return completedIterations(experiment) >= totalIterations(experiment);
}
