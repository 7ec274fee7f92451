/** What `gate` takes under `with`: a task of ours that waits for a person. Source: docs/behavior.md 6.3. */
import * as z from 'zod';
import type { TaskSpec } from '../experiment.ts';
import { duration, readable, text } from './input-fields.ts';
import { taskSettings } from './timeout-and-retries.ts';

export const gateSchema = z.strictObject({ message: text.max(1000).optional(), timeout: duration.optional() });

export interface GateInputs {
  /** What is asked; empty when nothing is written. */
  readonly message: string;
  /** Nobody who has not answered by then will be waited for. */
  readonly timeoutMs: number;
}

export function gateInputs(task: TaskSpec): GateInputs {
  const { message = '' } = readable(gateSchema, task.with);
  return { message, timeoutMs: taskSettings(task).timeoutMs! };
}
