/** A spec, to be known again by the next driver: what was measured is of the spec of then. Pure. */
import { createHash } from 'node:crypto';
import type { Experiment } from '../experiment/experiment.ts';
import type { Iter8Record } from '../judge/record/stored-record.ts';
import { canonicalJson } from '../text/canonical-json.ts';
import { hideCredentials } from '../text/credentials.ts';
import { MEASURING, tasksOf } from './next-step.ts';

/** The same for the same spec, in whatever order its fields are; of credentials only where they stand counts. */
export function specFingerprint({ spec }: Pick<Experiment, 'spec'>): string {
  return createHash('sha256')
    .update(canonicalJson(hideCredentials(spec)))
    .digest('hex')
    .slice(0, 16);
}

/** Of a driver that goes on with another spec than the one before it. A start task may have written it (docs/contract.md 1). */
export function changedSpecText(experiment: Experiment, { spec: before, tasks }: Iter8Record): string[] {
  const stage = experiment.status?.stage;
  const start = tasksOf(experiment, 'start');
  // What a task has written is taken over before the next one begins.
  const newest = start.findLastIndex((_, index) => tasks[`start/${index}`] !== undefined);
  const mayBeItsOwn =
    stage === 'Initializing' && start.slice(Math.max(0, newest)).some(({ task }) => !MEASURING.has(task ?? ''));
  if (before === undefined || stage === 'Waiting' || mayBeItsOwn || before === specFingerprint(experiment)) return [];
  return [
    'its spec was changed since it began: tasks that were done are not done again, and what was measured is of the spec of then; for the new one start a new experiment',
  ];
}
