/** The task `gate`: waits until a person approves or rejects, or until its time is over. */
import { byText, CONTROL_ANNOTATIONS, decisionOn } from '../experiment/control-annotations.ts';
import { gateInputs } from '../experiment/tasks/gate-inputs.ts';
import { headline } from '../judge/recommendation.ts';
import { lastJudgement } from '../judge/judgement.ts';
import { formatSeconds } from '../text/units.ts';
import { taskAt } from './next-step.ts';
import type { Control } from './pause-and-abort.ts';
import { mark, type PlacedTask, type TaskOutcome } from './perform-task.ts';
import type { Session } from './session.ts';
import { timestamp } from './status-changes.ts';

/** `confirm`: what is seen to once it is approved, before the gate counts as passed. False when that was interrupted. */
export async function passGate(
  session: Session,
  { task, id, text }: PlacedTask,
  { control, confirm }: { readonly control: Control; readonly confirm: () => Promise<boolean> },
): Promise<TaskOutcome> {
  const { timeoutMs } = gateInputs(task);
  if (session.record.waiting?.task !== id) await beginToWait(session, { task, id, text }, control);
  else restartTimeout(session, timeoutMs);
  const { since } = session.record.waiting!;
  const endMs = Date.parse(since) + timeoutMs;
  await control.look();
  const answer = await control.awaitPerson(
    // An answer that was given in time counts, even if it could only be read later.
    () => decisionOn(id, session.annotations) ?? (control.sees && session.time.now() >= endMs ? 'late' : undefined),
  );
  if (answer === undefined) return { kind: 'interrupted' };
  if (answer !== 'late' && answer.approved && !(await confirm())) return { kind: 'interrupted' };
  session.changeRecord(({ waiting: _1, ...record }) => record);
  if (answer === 'late')
    return { kind: 'failed', cause: `gate: nobody approved within ${formatSeconds(timeoutMs / 1000)}` };
  const said = `${text} was ${answer.approved ? 'approved' : 'rejected'}${byText(answer)}`;
  session.emit({ kind: 'answered', text: said });
  if (!answer.approved) return { kind: 'failed', cause: `gate: rejected${byText(answer)}` };
  mark(session, id, { state: 'done' });
  return { kind: 'done' };
}

/** A gate under which a driver ended, and which is not in the spec any more: nobody is waited for. */
export function forgetGoneGate(session: Session): void {
  const { waiting } = session.record;
  if (waiting?.kind !== 'gate' || taskAt(session.experiment, waiting.task ?? '')?.task === 'gate') return;
  session.changeRecord(({ waiting: _1, ...record }) => record);
}

/** By the clock of this driver the gate began in the future. How long it has waited is unknown: its whole timeout runs from now. */
function restartTimeout(session: Session, timeoutMs: number): void {
  const nowMs = session.time.now();
  if (Date.parse(session.record.waiting!.since) <= nowMs) return;
  const [since, until] = [timestamp(nowMs), timestamp(nowMs + timeoutMs)];
  session.changeRecord(({ waiting, ...record }) => ({ ...record, waiting: { ...waiting!, since, until } }));
}

async function beginToWait(session: Session, { task, id, text }: PlacedTask, control: Control): Promise<void> {
  const { message, timeoutMs } = gateInputs(task);
  const { question, record, key } = session;
  const recommendation = lastJudgement(question, record).recommendation;
  const sinceMs = session.time.now();
  const [since, until] = [timestamp(sinceMs), timestamp(sinceMs + timeoutMs)];
  mark(session, id, { state: 'running' });
  session.changeRecord((present) => ({
    ...present,
    waiting: { kind: 'gate', task: id, since, until, ...(message === '' ? {} : { message }) },
  }));
  // Whoever answers at once finds it waiting.
  await session.save();
  const asked = message === '' ? '' : `: ${message}`;
  session.emit({
    kind: 'waiting',
    text: `${text} waits for approval${asked} (${headline(recommendation, key.name)}); approve with: ${control.typed('approve')}; or: ${control.typed('reject')}; or annotate ${CONTROL_ANNOTATIONS.approve}=${id}`,
  });
  await session.save();
}
