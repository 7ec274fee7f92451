/**
 * The tasks that an action may have.
 *
 * Schemas are strict: an input that nobody reads would be a silent mistake. Readers never fail, so that a foreign object can
 * be described: an input that is wrong counts as absent (validation refuses it before anything runs).
 */
import type * as z from 'zod';
import type { TaskSpec } from '../experiment.ts';
import { collectSchema } from './collect-schema.ts';
import { gateSchema } from './gate-inputs.ts';
import { httpNotificationSchema, slackSchema } from './notification-inputs.ts';
import { readinessSchema } from './readiness-inputs.ts';
import { runSchema } from './run-inputs.ts';

/** All tasks by name, with the schema of their inputs. */
export const TASKS: Readonly<Record<string, z.ZodObject>> = {
  'metrics/collect': collectSchema,
  'common/readiness': readinessSchema,
  'notification/http': httpNotificationSchema,
  'notification/slack': slackSchema,
  gate: gateSchema,
};

/** Their names. */
export const TASK_NAMES: readonly string[] = Object.keys(TASKS);

/** The schema of a task's inputs: of `run`, or of the named task; undefined for a task that does not exist. */
export function inputsSchema(task: TaskSpec): z.ZodObject | undefined {
  if (task.task === undefined) return runSchema;
  return Object.hasOwn(TASKS, task.task) ? TASKS[task.task] : undefined;
}
