/** The measured values of a controller itself. Pure. */
import type { FamilyKey, Sample } from '../telemetry/families.ts';

export interface ControllerState {
  readonly leading: boolean;
  /** Locked by this controller: those that have their turn on the target, and those that wait for it. */
  readonly locked: number;
  readonly turns: number;
  readonly unfinished: number;
  readonly completed: number;
  readonly failedAttempts: number;
}

export function controllerSamples(state: ControllerState): Sample[] {
  const values: readonly (readonly [FamilyKey, number])[] = [
    ['leader', Number(state.leading)],
    ['experiments_driving', state.turns],
    ['experiments_waiting', Math.max(0, state.locked - state.turns)],
    ['experiments_queued', Math.max(0, state.unfinished - state.locked)],
    ['experiments_unfinished', state.unfinished],
    ['experiments_completed_total', state.completed],
    ['drive_failures_total', state.failedAttempts],
  ];
  return values.map(([family, value]) => ({ family, labels: {}, value }));
}
