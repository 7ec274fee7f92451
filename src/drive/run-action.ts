/** Performs the tasks of an action in order: each once, also over several drivers; one that fails ends the action. */
import { Iter8Error, messageOf, NotApprovedError } from '../errors.ts';
import type { TaskSpec } from '../experiment/experiment.ts';
import { evaluateCondition } from '../expressions/if-condition.ts';
import { recordedWinner } from '../experiment/conditions.ts';
import type { TaskState } from '../judge/record/stored-record.ts';
import { runCollect, type CollectPorts } from './collect/collect-task.ts';
import type { Interruption } from './interruption.ts';
import { lookAtBuilds, type BuildPorts } from './one-build.ts';
import { tasksOf, type ActionName } from './next-step.ts';
import type { TaskRunner } from './ports.ts';
import type { Session } from './session.ts';
import { timestamp } from './status-changes.ts';

export interface ActionPorts extends CollectPorts, BuildPorts {
  readonly tasks: TaskRunner;
}

export interface ActionOptions {
  readonly ports: ActionPorts;
  readonly interruption: Interruption;
  readonly saveEveryMs: number;
  readonly seed: number;
}

export type ActionOutcome =
  | { readonly kind: 'done' }
  /** A version has become another build: all is to be measured anew. */
  | { readonly kind: 'anew' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly cause: string };

/** What a task is called: `metrics/collect`, `run`. */
export function taskName(task: TaskSpec): string {
  return task.task ?? 'run';
}

export async function runAction(
  session: Session,
  step: { readonly action: ActionName; readonly id: string },
  how: ActionOptions,
): Promise<ActionOutcome> {
  const { ports, interruption, saveEveryMs, seed } = how;
  for (const [index, task] of tasksOf(session.experiment, step.action).entries()) {
    const id = `${step.id}/${index}`;
    const state = session.record.tasks[id]?.state;
    if (state === 'done' || state === 'skipped') continue;
    // Since the step before this one a lock may have been lost.
    if (interruption.any.aborted) return { kind: 'interrupted' };
    const about = { task: taskName(task), action: step.id, index };
    if (task.if !== undefined && !holds(task.if, session)) {
      mark(session, id, 'skipped');
      session.emit({
        kind: 'task-skipped',
        ...about,
        text: `${taskName(task)} of ${step.id} skipped: ${task.if} does not hold`,
      });
      await session.save();
      continue;
    }
    session.emit({ kind: 'task-started', ...about, text: `${taskName(task)} of ${step.id} started` });
    try {
      if (task.task === 'metrics/collect') {
        const { any: stop, now: kill } = interruption;
        if ((await lookAtBuilds(session, ports, stop)) === 'anew') return { kind: 'anew' };
        const outcome = await runCollect(session, task, ports, { id, saveEveryMs, seed, stop, kill });
        if (outcome.kind === 'interrupted') return { kind: 'interrupted' };
        if (outcome.kind === 'silent') return { kind: 'failed', cause: `${taskName(task)}: ${outcome.message}` };
        if ((await lookAtBuilds(session, ports, stop)) === 'anew') return { kind: 'anew' };
      } else {
        mark(session, id, 'running');
        await session.save();
        if (interruption.any.aborted) return { kind: 'interrupted' };
        await ports.tasks.run({ task, id, experiment: session.experiment, signal: interruption.any });
        if (interruption.any.aborted) return { kind: 'interrupted' };
        const isNew = step.action === 'start' && (await session.adoptSpec());
        mark(session, id, 'done');
        if (isNew) await session.save();
        if (isNew) await ports.tasks.admit?.(session.experiment);
      }
    } catch (error) {
      if (interruption.any.aborted) return { kind: 'interrupted' };
      if (!(error instanceof Iter8Error) || error instanceof NotApprovedError) throw error;
      return { kind: 'failed', cause: `${taskName(task)}: ${messageOf(error)}` };
    }
    session.emit({ kind: 'task-done', ...about, text: `${taskName(task)} of ${step.id} done` });
    await session.save();
  }
  return interruption.any.aborted ? { kind: 'interrupted' } : { kind: 'done' };
}

function mark(session: Session, id: string, state: TaskState['state']): void {
  const now = timestamp(session.nowMs());
  session.changeRecord((record) => ({
    ...record,
    tasks: {
      ...record.tasks,
      [id]: { state, startedAt: record.tasks[id]?.startedAt ?? now, ...(state === 'running' ? {} : { endedAt: now }) },
    },
  }));
}

/** `if` of a task: may ask who won so far. Rules have checked that it parses. */
function holds(condition: string, session: Session): boolean {
  const { experiment } = session;
  const { winnerFound, candidateWon } = recordedWinner(experiment);
  return evaluateCondition(condition, experiment, {
    WinnerFound: () => winnerFound,
    CandidateWon: () => candidateWon,
  });
}
