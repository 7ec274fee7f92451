/** Whether planned load that counts has not been sent: by tasks that are not done, or ended early. Those of later loops, too. Pure. */
import type { Question } from '../question/question.ts';
import type { Iter8Record } from './stored-record.ts';

/** `but`: the task that is under way, which knows by itself how far it is. What finish tasks send is waited for by nobody. */
export function isLoadToCome({ load }: Question, { tasks }: Pick<Iter8Record, 'tasks'>, but?: string): boolean {
  const isOpen = (id: string) => {
    const { state, endedEarly } = tasks[id] ?? {};
    return id !== but && state !== 'skipped' && (state !== 'done' || endedEarly === true);
  };
  return load.tasks.some(({ action, index, times }) => {
    if (action === 'loop') return Array.from({ length: times }, (_, loop) => `loop${loop + 1}/${index}`).some(isOpen);
    return action === 'start' && isOpen(`start/${index}`);
  });
}
