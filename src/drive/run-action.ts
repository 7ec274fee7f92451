/** Performs the tasks of an action in order: each once, also over several drivers; one that fails ends the action. */
import { Iter8Error, messageOf, NotApprovedError, UnavailableError } from '../errors.ts';
import type { TaskSpec } from '../experiment/experiment.ts';
import { taskSettings } from '../experiment/tasks/timeout-retries-ignore-failure.ts';
import { evaluateCondition } from '../expressions/if-condition.ts';
import { recordedWinner } from '../experiment/conditions.ts';
import { areAllIterationsDone } from '../experiment/iterations.ts';
import { assess } from './assess.ts';
import { runCollect, type CollectPorts } from './collect/collect-task.ts';
import type { Control } from './pause-and-abort.ts';
import { passGate } from './gate.ts';
import type { Interruption } from './interruption.ts';
import { judgeVoid, lookAtBuilds, type BuildPorts } from './one-build.ts';
import { mark, performTask, taskName, type PlacedTask, type TaskOutcome } from './perform-task.ts';
import { tasksOf, type ActionName } from './next-step.ts';
import type { TaskRunner } from './ports.ts';
import type { Session } from './session.ts';
import { failureText, type Failure } from './status-changes.ts';

export interface ActionPorts extends CollectPorts, BuildPorts {
  readonly tasks: TaskRunner;
}

export interface ActionOptions {
  readonly ports: ActionPorts;
  readonly interruption: Interruption;
  readonly control: Control;
  /** Before the first finish task that is no gate: gates hold the full weight of a promoted version, too. */
  readonly settleTraffic: () => Promise<Failure | undefined>;
  /** Before each of them, and at gates: what is promoted is what was measured. False when that was interrupted. */
  readonly confirmBuilds: (before: 'a gate' | 'the rest') => Promise<boolean>;
  /** Why the spec of now is not gone on with: a start task, or somebody beside it, may have written it. */
  readonly refused: () => string | undefined;
  readonly saveEveryMs: number;
  readonly seed: number;
}

export type ActionOutcome =
  | { readonly kind: 'done' }
  /** A version has become another build: all is to be measured again. */
  | { readonly kind: 'restart' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly cause: string; readonly traffic?: Failure['traffic'] };

export async function runAction(
  session: Session,
  step: { readonly action: ActionName; readonly id: string },
  how: ActionOptions,
): Promise<ActionOutcome> {
  const { ports, interruption, control } = how;
  for (const [index, task] of tasksOf(session.experiment, step.action).entries()) {
    const id = `${step.id}/${index}`;
    const state = session.record.tasks[id]?.state;
    if (state === 'done' || state === 'skipped') continue;
    // Since the step before this one a lock may have been lost, or somebody may have asked for a pause.
    if (!(await control.mayGoOn())) return { kind: 'interrupted' };
    const isLast = step.action === 'finish' && task.task !== 'gate';
    if (isLast && !(await how.confirmBuilds('the rest'))) return { kind: 'interrupted' };
    if (step.action !== 'start') judgeVoid(session);
    const about = { task: taskName(task), action: step.id, index };
    const text = `${taskName(task)} of ${step.id}`;
    // Of a task that was begun it held then: whoever goes on neither skips it nor passes its gate.
    const isWanted = task.if === undefined || state !== undefined || holds(task.if, session);
    if (isWanted instanceof Iter8Error) {
      const cause = messageOf(isWanted);
      if (!taskSettings(task).ignoreFailure) return { kind: 'failed', cause: `${taskName(task)}: ${cause}` };
      session.warn(`${text} is not done, which does not count (ignoreFailure): ${cause}`);
    }
    if (isWanted !== true) {
      mark(session, id, { state: 'skipped' });
      const why = isWanted === false ? 'does not hold' : 'cannot be evaluated';
      session.emit({ kind: 'task-skipped', ...about, text: `${text} skipped: ${task.if} ${why}` });
      await session.save();
      continue;
    }
    const unsettled = isLast ? await how.settleTraffic() : undefined;
    if (unsettled !== undefined) return notSettled(unsettled);
    session.emit({ kind: 'task-started', ...about, text: `${text} started` });
    const outcome =
      task.task === 'metrics/collect'
        ? await collect(session, { task, id }, how)
        : task.task === 'gate'
          ? await gate(session, { task, id, text }, how)
          : await performTask(session, { task, id, text }, { tasks: ports.tasks, interruption, control });
    if (outcome.kind === 'interrupted' || outcome.kind === 'failed' || outcome.kind === 'restart') return outcome;
    if (outcome.kind === 'left') {
      session.emit({ kind: 'task-skipped', ...about, text: outcome.text });
      continue;
    }
    if (step.action === 'start' && task.task !== 'metrics/collect') {
      let failure: string | undefined;
      const isRead = await interruption.completes(async () => {
        failure = await adopt(session, how);
      });
      if (!isRead || (failure !== undefined && interruption.any.aborted)) return { kind: 'interrupted' };
      if (failure !== undefined) return { kind: 'failed', cause: `${taskName(task)}: ${failure}` };
    }
    session.emit({ kind: 'task-done', ...about, text: `${text} done` });
    await session.save();
  }
  // A gate that came last may have been approved while it is paused: traffic waits until it is resumed.
  if (!(await control.mayGoOn())) return { kind: 'interrupted' };
  const unsettled = step.action === 'finish' ? await how.settleTraffic() : undefined;
  return unsettled === undefined ? { kind: 'done' } : notSettled(unsettled);
}

/** Nobody has won before the first iteration. */
const isStartTask = ({ id }: Pick<PlacedTask, 'id'>): boolean => id.startsWith('start/');
const isFinishTask = ({ id }: Pick<PlacedTask, 'id'>): boolean => id.startsWith('finish/');

const notSettled = (failure: Failure): ActionOutcome => ({
  kind: 'failed',
  cause: failureText(failure),
  ...(failure.traffic === undefined ? {} : { traffic: failure.traffic }),
});

/** A person may take a day to answer: what was approved is the build that was measured, and no other. */
async function gate(session: Session, placed: PlacedTask, how: ActionOptions): Promise<TaskOutcome> {
  const { control } = how;
  const confirm = async () => !isFinishTask(placed) || how.confirmBuilds('a gate');
  return passGate(session, placed, { control, confirm });
}

async function collect(
  session: Session,
  { task, id }: { readonly task: TaskSpec; readonly id: string },
  { ports, interruption, confirmBuilds, saveEveryMs, seed }: ActionOptions,
): Promise<ActionOutcome> {
  const { any: stop, now: kill } = interruption;
  // Behind a promotion other builds are meant to be there, and nothing is measured again: as before every finish task.
  const isFinish = isFinishTask({ id });
  try {
    if (!isFinish && (await lookAtBuilds(session, ports, stop)) === 'restart') return { kind: 'restart' };
    const outcome = await runCollect(session, task, ports, { id, saveEveryMs, seed, stop, kill });
    if (outcome.kind === 'interrupted') return outcome;
    if (outcome.kind === 'silent') return { kind: 'failed', cause: `${taskName(task)}: ${outcome.message}` };
    // Tasks that follow in this action see who won by this load, too. Behind finish tasks it is the answer.
    if (!isStartTask({ id })) assess(session, { measuringDone: areAllIterationsDone(session.experiment) });
    if (isFinish) return { kind: (await confirmBuilds('the rest')) ? 'done' : 'interrupted' };
    return (await lookAtBuilds(session, ports, stop)) === 'restart' ? { kind: 'restart' } : { kind: 'done' };
  } catch (error) {
    if (stop.aborted) return { kind: 'interrupted' };
    if (!(error instanceof Iter8Error)) throw error;
    return { kind: 'failed', cause: `${taskName(task)}: ${messageOf(error)}` };
  }
}

/** A start task may have written the spec. Why it cannot be gone on with, or undefined. @throws NotApprovedError, UnavailableError */
async function adopt(session: Session, { ports: { tasks }, refused }: ActionOptions): Promise<string | undefined> {
  try {
    if (!(await session.adoptSpec())) return undefined;
    await session.save();
    await tasks.admit?.(session.experiment);
    return refused();
  } catch (error) {
    // A store that is away has nothing to do with the experiment.
    const ends = error instanceof NotApprovedError || error instanceof UnavailableError;
    if (!(error instanceof Iter8Error) || ends) throw error;
    return messageOf(error);
  }
}

/** `if` of a task: may ask who won so far. Rules have checked that it parses; whether what it reads is there, only the run knows. */
function holds(condition: string, session: Session): boolean | Iter8Error {
  const { experiment } = session;
  const { winnerFound, candidateWon } = recordedWinner(experiment);
  try {
    return evaluateCondition(condition, experiment, {
      WinnerFound: () => winnerFound,
      CandidateWon: () => candidateWon,
    });
  } catch (error) {
    if (error instanceof Iter8Error) return error;
    throw error;
  }
}
