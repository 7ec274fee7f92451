/** Waits until an iteration is due. Where weights change with each one, the next block of a reward begins meanwhile. */
import { rewardDueMs } from '../judge/reward/reward.ts';
import type { Control } from './pause-and-abort.ts';
import type { Interruption } from './interruption.ts';
import { withoutMissed } from './next-step.ts';
import type { Session } from './session.ts';
import { clockText } from './steady-time.ts';
import { readReward, type MeasurementPorts } from './take-measurement.ts';

export interface WaitOptions {
  readonly dueMs: number;
  readonly control: Control;
  readonly interruption: Interruption;
}

/** False when it was interrupted. */
export async function awaitIteration(
  session: Session,
  ports: MeasurementPorts,
  { dueMs, control, interruption }: WaitOptions,
): Promise<boolean> {
  const stepMs = session.time.takeStep();
  if (stepMs !== undefined) session.warn(clockText(stepMs));
  const leftMs = () => dueMs - session.time.now();
  const lateMs = -leftMs();
  session.changeRecord((record) => withoutMissed(record, lateMs, session.experiment));
  const sleep = async (ms: number) => ms <= 0 || (await control.sleep(ms));
  const readMs = rewardDueMs(session.question, session.record);
  const untilReadMs = readMs === undefined ? Number.POSITIVE_INFINITY : readMs - session.time.now();
  // What is due later is read by the iteration itself.
  if (untilReadMs < leftMs()) {
    if (!(await sleep(untilReadMs))) return false;
    if (!(await interruption.completes((signal) => readReward(session, ports, signal)))) return false;
  }
  return sleep(leftMs());
}
