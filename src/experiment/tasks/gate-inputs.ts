/** What `gate` takes under `with`: a task of ours that waits for a person. Source: docs/behavior.md 6.3. */
import * as z from 'zod';
import { parseDurationMs } from '../../text/duration.ts';
import type { TaskSpec } from '../experiment.ts';
import { duration, readable, text } from './input-fields.ts';

/** How long a person is waited for where nothing is written. */
export const GATE_TIMEOUT_MS = 24 * 60 * 60_000;

export const gateSchema = z.strictObject({ message: text.max(1000).optional(), timeout: duration.optional() });

export interface GateInputs {
  /** What is asked; empty when nothing is written. */
  readonly message: string;
  /** Nobody who has not answered by then will be waited for. */
  readonly timeoutMs: number;
}

export function gateInputs(task: TaskSpec): GateInputs {
  const { message = '', timeout } = readable(gateSchema, task.with);
  return { message, timeoutMs: parseDurationMs(timeout ?? '') ?? GATE_TIMEOUT_MS };
}
