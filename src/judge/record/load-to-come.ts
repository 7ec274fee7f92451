/** Whether planned load that counts has not been sent. Pure. */
import { idsOf } from '../question/planned-load.ts';
import type { Question } from '../question/question.ts';
import type { Iter8Record } from './stored-record.ts';

/**
 * By tasks that are not done: those of later loops, too. `but`: the task that is under way, which knows by itself how far it is. What
 * finish tasks send is waited for by nobody.
 */
export function isLoadToCome({ load }: Question, { tasks }: Pick<Iter8Record, 'tasks'>, but?: string): boolean {
  const isOpen = (id: string) => id !== but && tasks[id]?.state !== 'done' && tasks[id]?.state !== 'skipped';
  return load.tasks.some((task) => task.action !== 'finish' && idsOf(task).some(isOpen));
}

/** By a task that its driver left in its middle, or is under way. */
export function isLoadOpen({ tasks }: Pick<Iter8Record, 'tasks'>): boolean {
  return Object.values(tasks).some(({ state, counted }) => state === 'running' && counted !== undefined);
}

/** By a task that is done: it never will be. */
export function hasLoadEndedEarly({ tasks }: Pick<Iter8Record, 'tasks'>): boolean {
  return Object.values(tasks).some(({ endedEarly }) => endedEarly === true);
}
