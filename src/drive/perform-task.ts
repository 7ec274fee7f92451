/**
 * Performs one task that is done outside the engine: once, also over several drivers.
 *
 * A mark is saved before each try and after the task. Whoever finds the first without the second knows that the task was under
 * way when its driver ended, and may have been done: `onResume` says what becomes of it (docs/behavior.md 6.1).
 *
 *   ─► running ─► done            a try that failed and will be repeated: running ─► retrying ─► running
 */
import { Iter8Error, messageOf, NotApprovedError, UnavailableError, UndeliveredError } from '../errors.ts';
import type { TaskSpec } from '../experiment/experiment.ts';
import { taskSettings, type TaskSettings } from '../experiment/tasks/timeout-retries-ignore-failure.ts';
import { lastJudgement } from '../judge/judgement.ts';
import { messageResult, type MessageResult } from '../judge/message-result.ts';
import type { TaskState } from '../judge/record/stored-record.ts';
import { credentialsToRedact, redactTexts } from '../text/credentials.ts';
import { formatCounted } from '../text/units.ts';
import type { Control } from './pause-and-abort.ts';
import type { Interruption } from './interruption.ts';
import type { Rejoined, TaskCall, TaskRunner } from './ports.ts';
import type { Session } from './session.ts';
import { timestamp } from './status-changes.ts';

export interface PlacedTask {
  readonly task: TaskSpec;
  /** `start/0`: the key in the record. */
  readonly id: string;
  /** `run of start`. */
  readonly text: string;
}

export interface PerformPorts {
  readonly tasks: TaskRunner;
  readonly interruption: Interruption;
  readonly control: Pick<Control, 'sleep' | 'whileLooking'>;
}

export type TaskOutcome =
  | { readonly kind: 'done' }
  /** Not repeated: it was under way when an earlier driver ended. */
  | { readonly kind: 'left'; readonly text: string }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly cause: string };

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/** What a task is called: `metrics/collect`, `run`. */
export function taskName(task: TaskSpec): string {
  return task.task ?? 'run';
}

/** @throws NotApprovedError for a script that may not be run: it was not begun */
export async function performTask(session: Session, placed: PlacedTask, ports: PerformPorts): Promise<TaskOutcome> {
  const { task, id, text } = placed;
  const { interruption } = ports;
  const settings = taskSettings(task);
  const before = session.record.tasks[id];
  const keeps = ports.tasks.keeps?.(task) === true;
  const isKept = before?.state === 'running' && before.kept === true;
  let joined = isKept && !keeps ? await rejoin(session, { ...placed, tries: before.tries ?? 1 }, ports) : undefined;
  if (before?.state === 'running' && joined === undefined && !(keeps && isKept)) {
    const found = `${text} was under way when the driver before this one ended, and may have been done`;
    if (settings.onResume === 'fail')
      return {
        kind: 'failed',
        cause: `${taskName(task)}: it was under way when the driver before this one ended, and may have been done in part: it is not repeated (onResume: fail)`,
      };
    session.warn(
      `${found}: it is ${settings.onResume === 'skip' ? 'not ' : ''}repeated (onResume: ${settings.onResume})`,
    );
    if (settings.onResume === 'skip') {
      mark(session, id, { state: 'done' });
      await session.save();
      return { kind: 'left', text: `${text} is not repeated` };
    }
  }
  // A try that was under way is begun again, or gone on with: it is the same one.
  const triesBefore = before?.tries ?? 0;
  for (let tries = before?.state === 'running' ? Math.max(0, triesBefore - 1) : triesBefore; ; joined = undefined) {
    tries += 1;
    const outcome = joined ?? (await nextTry(session, { ...placed, tries }, ports));
    if (outcome === 'interrupted') return { kind: 'interrupted' };
    if (outcome === 'done') {
      mark(session, id, { state: 'done' });
      return interruption.any.aborted ? { kind: 'interrupted' } : { kind: 'done' };
    }
    const again = tries <= settings.retries && mayTryAgain(outcome, settings);
    if (!again) return ended(session, placed, outcome, tries);
    mark(session, id, { state: 'retrying', tries });
    const asked = outcome instanceof UndeliveredError ? outcome.afterMs : undefined;
    const waitMs = Math.min(LONGEST_WAIT_MS, asked ?? FIRST_WAIT_MS * 2 ** (tries - 1));
    session.emit({
      kind: 'task-retried',
      text: `${text} failed, trying again in ${Math.ceil(waitMs / 1000)} s (${tries} of ${settings.retries}): ${messageOf(outcome)}`,
    });
    await session.save();
    if (!(await ports.control.sleep(waitMs))) return { kind: 'interrupted' };
  }
}

/** How one try ended. An error: it failed. */
type TryOutcome = 'done' | 'interrupted' | Iter8Error;

interface PlacedTry extends PlacedTask {
  /** From 1. */
  readonly tries: number;
}

async function nextTry(session: Session, placed: PlacedTry, ports: PerformPorts): Promise<TryOutcome> {
  const { task, id, text, tries } = placed;
  const keeps = ports.tasks.keeps?.(task) === true;
  mark(session, id, { state: 'running', tries, ...(keeps ? { kept: true } : {}) });
  // A mark that is not stored is none: without it the next driver would do it again.
  await saveMark(session, text, { must: taskSettings(task).onResume !== 'repeat' });
  if (ports.interruption.any.aborted) {
    mark(session, id, { state: 'retrying', tries: tries - 1 });
    return 'interrupted';
  }
  try {
    await ports.control.whileLooking(() => ports.tasks.run(callOf(session, placed, ports)));
    return 'done';
  } catch (error) {
    if (error instanceof NotApprovedError) await forget(session, id);
    if (signalOf(placed, ports).aborted) return 'interrupted';
    if (!(error instanceof Iter8Error) || error instanceof NotApprovedError) throw error;
    return error;
  }
}

/** A try that goes on although its driver has ended, as a Job does. Undefined: there is none. */
async function rejoin(session: Session, placed: PlacedTry, ports: PerformPorts): Promise<TryOutcome | undefined> {
  const { tasks, interruption, control } = ports;
  if (tasks.rejoin === undefined) return undefined;
  const call = callOf(session, placed, ports);
  let joined: Rejoined | undefined;
  // That it cannot be looked at is no failure of the task: whoever goes on later finds it as it is.
  const isOver = await interruption.completes(async () => {
    joined = await control.whileLooking(() => tasks.rejoin!(call));
  });
  if (!isOver || joined === undefined) return 'interrupted';
  return joined.kind === 'failed' ? joined.error : joined.kind === 'done' ? 'done' : undefined;
}

function callOf(session: Session, placed: PlacedTry, ports: PerformPorts): TaskCall {
  const { task, id, tries } = placed;
  const isAborted = () => ports.interruption.abortedBy !== undefined;
  const result = () => resultOf(session);
  return { task, id, tries, experiment: session.experiment, signal: signalOf(placed, ports), isAborted, result };
}

/** What is sent in a moment is sent to its end: half a message would be neither sent nor unsent. */
function signalOf({ task }: PlacedTask, { interruption }: PerformPorts): AbortSignal {
  return isMessage(task) ? interruption.now : interruption.any;
}

async function saveMark(session: Session, text: string, how: { readonly must: boolean }): Promise<void> {
  try {
    await session.save(how);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    const { details, hint } = error;
    throw new UnavailableError(`${text} is not begun, since it could be done twice: ${error.message}`, {
      details,
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}

/** Nothing is sent twice unless the manifest asks for more tries. */
function mayTryAgain(failure: Iter8Error, { retriesAsked }: TaskSettings): boolean {
  if (!(failure instanceof UndeliveredError)) return true;
  return failure.again === 'safe' || (failure.again === 'may-repeat' && retriesAsked);
}

function isMessage({ task }: TaskSpec): boolean {
  return task?.startsWith('notification/') === true;
}

/** A failure that is the last. */
function ended(session: Session, { task, id, text }: PlacedTask, failure: Iter8Error, tries: number): TaskOutcome {
  const often = tries === 1 ? '' : ` (${formatCounted(tries, 'try', 'tries')})`;
  const cause = `${messageOf(failure)}${often}`;
  if (!taskSettings(task).ignoreFailure) return { kind: 'failed', cause: `${taskName(task)}: ${cause}` };
  session.warn(`${text} failed, which does not count (ignoreFailure): ${cause}`);
  mark(session, id, { state: 'done' });
  return { kind: 'done' };
}

function resultOf(session: Session): MessageResult {
  const { experiment, record, question } = session;
  const { recommendation, assessments } = lastJudgement(question, record);
  const result = messageResult(experiment.metadata.name, recommendation, assessments);
  return redactTexts(result, credentialsToRedact(experiment.spec));
}

export function mark(session: Session, id: string, state: Pick<TaskState, 'state' | 'tries' | 'kept'>): void {
  const now = timestamp(session.nowMs());
  const isOver = state.state === 'done' || state.state === 'skipped';
  session.changeRecord((record) => ({
    ...record,
    tasks: {
      ...record.tasks,
      [id]: { ...state, startedAt: record.tasks[id]?.startedAt ?? now, ...(isOver ? { endedAt: now } : {}) },
    },
  }));
}

/** It was not begun. */
async function forget(session: Session, id: string): Promise<void> {
  session.changeRecord((record) => ({
    ...record,
    tasks: Object.fromEntries(Object.entries(record.tasks).filter(([key]) => key !== id)),
  }));
  await session.save();
}
