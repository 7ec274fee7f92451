/**
 * What happens next, from what is stored alone: so a driver that was killed is resumed by asking again. Pure.
 *
 *   initialize ─► announce ─► validate + acquire ─► Initializing ─► start tasks ─► metrics ─► Running ─► begin
 *     ─► iterate ... (loop tasks after each loop) ─► assess once more ─► settle traffic ─► Finishing ─► finish tasks ─► complete
 */
import type { Experiment, TaskSpec } from '../experiment/experiment.ts';
import type { Iter8Record } from '../judge/record/stored-record.ts';
import { conditionOf, isConditionTrue } from '../experiment/conditions.ts';
import { areAllIterationsDone, completedIterations } from '../experiment/iterations.ts';

export type ActionName = 'start' | 'loop' | 'finish';

export type Step =
  | { readonly kind: 'initialize' }
  | { readonly kind: 'announce' }
  | { readonly kind: 'acquire-target' }
  | { readonly kind: 'advance'; readonly stage: 'Initializing' | 'Running' | 'Finishing' }
  /** `id` is `start`, `loop1`, `loop2`, ..., `finish`: the key in the record. */
  | { readonly kind: 'run-action'; readonly action: ActionName; readonly id: string }
  | { readonly kind: 'read-metrics' }
  | { readonly kind: 'begin' }
  /** Iteration `iteration` (from 1) is due at `dueMs` (wall clock). */
  | { readonly kind: 'iterate'; readonly iteration: number; readonly dueMs: number }
  | { readonly kind: 'assess-again' }
  /** The measuring is over, and traffic was moved: it goes to whoever is promoted, or back. */
  | { readonly kind: 'settle-traffic' }
  | { readonly kind: 'complete' }
  | { readonly kind: 'ended' };

export function tasksOf(experiment: Experiment, action: ActionName): readonly TaskSpec[] {
  return experiment.spec.strategy.actions[action] ?? [];
}

/** The task of such a key in the record: `start/0`, `loop2/1`. */
export function taskAt(experiment: Experiment, id: string): TaskSpec | undefined {
  const [, action, index] = /^(start|loop|finish)\d*\/(\d+)$/.exec(id) ?? [];
  return action === undefined ? undefined : tasksOf(experiment, action as ActionName)[Number(index)];
}

/** Only what measures, and what waits until it can be measured: scripts and messages have done their work. */
export const MEASURING: ReadonlySet<string> = new Set(['metrics/collect', 'common/readiness']);

export function nextStep(experiment: Experiment, record: Iter8Record): Step {
  const { status } = experiment;
  if (status?.stage === undefined) return { kind: 'initialize' };
  if (isConditionTrue(status, 'Completed')) return { kind: 'ended' };
  switch (status.stage) {
    case 'Waiting':
      if (conditionOf(status, 'Completed')?.reason === undefined) return { kind: 'announce' };
      if (!isConditionTrue(status, 'TargetAcquired')) return { kind: 'acquire-target' };
      return { kind: 'advance', stage: 'Initializing' };
    case 'Initializing':
      if (hasOpenAction(experiment, record, 'start', 'start'))
        return { kind: 'run-action', action: 'start', id: 'start' };
      if (status.metrics === undefined) return { kind: 'read-metrics' };
      return { kind: 'advance', stage: 'Running' };
    case 'Running':
      // What measures is done again when a version has become another build.
      if (record.restarts !== undefined && hasOpenAction(experiment, record, 'start', 'start'))
        return { kind: 'run-action', action: 'start', id: 'start' };
      if (status.startTime === undefined) return { kind: 'begin' };
      return nextWhileRunning(experiment, record, Date.parse(status.startTime) + (record.pausedMs ?? 0));
    case 'Finishing':
      if (hasOpenAction(experiment, record, 'finish', 'finish'))
        return { kind: 'run-action', action: 'finish', id: 'finish' };
      return { kind: 'complete' };
    default:
      return { kind: 'complete' }; // an unknown stage: nothing that we could do would be right
  }
}

function hasOpenAction(experiment: Experiment, record: Iter8Record, action: ActionName, id: string): boolean {
  return tasksOf(experiment, action).length > 0 && record.actions[id] !== 'done';
}

/** A person holds the full weight of the version that is to be promoted; what goes back waits for nobody. */
function isHeldByGate(experiment: Experiment, { recommendation }: Iter8Record): boolean {
  return recommendation?.verdict === 'promote' && tasksOf(experiment, 'finish')[0]?.task === 'gate';
}

function nextWhileRunning(experiment: Experiment, record: Iter8Record, startMs: number): Step {
  const { iterationsPerLoop, intervalSeconds } = experiment.spec.duration;
  const completed = completedIterations(experiment);
  const finish: Step =
    record.traffic !== undefined && record.traffic.settled === undefined && !isHeldByGate(experiment, record)
      ? { kind: 'settle-traffic' }
      : tasksOf(experiment, 'finish').length > 0
        ? { kind: 'advance', stage: 'Finishing' }
        : { kind: 'complete' };
  if (record.endedEarly !== undefined) return finish;
  if (completed > 0 && completed % iterationsPerLoop === 0) {
    const id = `loop${completed / iterationsPerLoop}`;
    if (hasOpenAction(experiment, record, 'loop', id)) return { kind: 'run-action', action: 'loop', id };
  }
  if (!areAllIterationsDone(experiment)) {
    return { kind: 'iterate', iteration: completed + 1, dueMs: startMs + completed * intervalSeconds * 1000 };
  }
  if (tasksOf(experiment, 'loop').length > 0 && record.actions['assess'] !== 'done') return { kind: 'assess-again' };
  return finish;
}

/**
 * Iterations that are late by whole intervals, since nobody drove or something held them up, are not made up for at once: weights would
 * rise without the time to see what comes of it. `lateMs`: how long the next one has been due.
 */
export function withoutMissed(record: Iter8Record, lateMs: number, { spec }: Experiment): Iter8Record {
  const intervalMs = spec.duration.intervalSeconds * 1000;
  const missedMs = intervalMs > 0 ? Math.max(0, Math.floor(lateMs / intervalMs)) * intervalMs : 0;
  return missedMs === 0 ? record : { ...record, pausedMs: (record.pausedMs ?? 0) + missedMs };
}
