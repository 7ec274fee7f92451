/**
 * What every task but `metrics/collect` takes under `with` beside its own inputs: how long it may take, how often it is tried
 * again, whether its failure counts, and what becomes of it when the run that did it was killed.
 *
 * A load is no such task: what it counts is the answer, and the next driver goes on with it where it was.
 * Source: docs/behavior.md 6.1.
 */
import * as z from 'zod';
import { parseDurationMs } from '../../text/duration.ts';
import type { TaskSpec } from '../experiment.ts';
import { GATE_TIMEOUT_MS } from './gate-inputs.ts';
import { duration, readable, whole } from './input-fields.ts';

/** Of a task that was under way when its driver ended, and may have been done in part. */
const ON_RESUME = ['repeat', 'skip', 'fail'] as const;
export type OnResume = (typeof ON_RESUME)[number];

const MOST_RETRIES = 20;

/** Fields of the schema of such a task. */
export const settingFields = {
  timeout: duration.optional(),
  retries: whole(0).max(MOST_RETRIES).optional(),
  ignoreFailure: z.boolean().optional(),
  onResume: z.enum(ON_RESUME).optional(),
};

export interface TaskSettings {
  /** Of one try. Absent: the task has an end of its own. */
  readonly timeoutMs?: number | undefined;
  /** Further tries after the first. */
  readonly retries: number;
  /** The manifest asks for them: also where a try that failed may have been done. */
  readonly retriesAsked: boolean;
  readonly ignoreFailure: boolean;
  readonly onResume: OnResume;
}

type Defaults = Omit<TaskSettings, 'retriesAsked'>;

const NOTIFICATION: Defaults = { timeoutMs: 10_000, retries: 3, ignoreFailure: true, onResume: 'skip' };

/** By name of the task; `run` for scripts. */
const DEFAULTS: Readonly<Record<string, Defaults>> = {
  run: { timeoutMs: 60 * 60_000, retries: 0, ignoreFailure: false, onResume: 'fail' },
  'common/readiness': { retries: 0, ignoreFailure: false, onResume: 'repeat' },
  gate: { timeoutMs: GATE_TIMEOUT_MS, retries: 0, ignoreFailure: false, onResume: 'repeat' },
  'notification/http': NOTIFICATION,
  'notification/slack': NOTIFICATION,
};

/** Of a task that is none of these. */
const NONE: Defaults = { retries: 0, ignoreFailure: false, onResume: 'repeat' };

/** Never throws: what is wrong counts as absent. */
export function taskSettings(task: TaskSpec): TaskSettings {
  const name = task.task ?? 'run';
  const defaults = Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name]! : NONE;
  const { timeout, retries, ignoreFailure, onResume } = readable(z.strictObject(settingFields), task.with);
  return {
    timeoutMs: timeout === undefined ? defaults.timeoutMs : parseDurationMs(timeout),
    retries: retries ?? defaults.retries,
    retriesAsked: retries !== undefined,
    ignoreFailure: ignoreFailure ?? defaults.ignoreFailure,
    onResume: onResume ?? defaults.onResume,
  };
}
