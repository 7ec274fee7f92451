/** What a script (`run`) takes under `with`. Source: docs/contract.md 3.1. */
import * as z from 'zod';
import type { TaskSpec } from '../experiment.ts';
import { readable, text } from './input-fields.ts';
import { settingFields, taskSettings } from './timeout-retries-ignore-failure.ts';

export const runSchema = z.strictObject({ secret: text.optional(), ...settingFields });

export interface RunInputs {
  readonly secret?: string | undefined;
  /** A script that is not done by then has failed. */
  readonly timeoutMs: number;
}

export function runInputs(task: TaskSpec): RunInputs {
  const { secret } = readable(runSchema, task.with);
  return { ...(secret === undefined ? {} : { secret }), timeoutMs: taskSettings(task).timeoutMs! };
}
