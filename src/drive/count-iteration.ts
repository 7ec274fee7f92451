/** Judges what is known after an iteration, and counts it as done: with those that are left, where nothing can change any more. */
import { totalIterations } from '../experiment/iterations.ts';
import { formatCounted } from '../text/units.ts';
import { assess } from './assess.ts';
import { earlyEnd } from './early-end.ts';
import type { Session } from './session.ts';
import { timestamp } from './status-changes.ts';

export interface CountedIteration {
  readonly completed: number;
  readonly isLast: boolean;
}

export function countIteration(session: Session, iteration: number): CountedIteration {
  const total = totalIterations(session.experiment);
  assess(session, { measuringDone: iteration >= total });
  const end = earlyEnd(session);
  const completed = end === 'nothing-can-change' ? total : iteration;
  session.changeStatus((status) => ({ ...status, completedIterations: completed }));
  session.log({ kind: 'iterated', time: timestamp(session.nowMs()), completedIterations: completed });
  if (end === 'changed' || end === 'rolled-back' || (end === 'decided' && completed < total))
    session.changeRecord((record) => ({ ...record, endedEarly: end }));
  if (completed > iteration) {
    const skipped = completed - iteration;
    const text = `${formatCounted(skipped, 'further iteration is', 'further iterations are')} counted as done: nothing can change any more`;
    session.emit({ kind: 'iteration', completed, total, skipped, text });
  }
  return { completed, isLast: end !== undefined || completed >= total };
}
