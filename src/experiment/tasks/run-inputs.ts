/** What a script (`run`) takes under `with`. Source: docs/contract.md 3.1. */
import * as z from 'zod';
import { parseDurationMs } from '../../text/duration.ts';
import type { TaskSpec } from '../experiment.ts';
import { duration, readable, text } from './input-fields.ts';

export const runSchema = z.strictObject({ secret: text.optional(), timeout: duration.optional() });

export interface RunInputs {
  readonly secret?: string | undefined;
  /** A script that is not done by then has failed. */
  readonly timeoutMs: number;
}

const SCRIPT_TIMEOUT_MS = 60 * 60_000;

export function runInputs(task: TaskSpec): RunInputs {
  const { secret, timeout } = readable(runSchema, task.with);
  const timeoutMs = timeout === undefined ? undefined : parseDurationMs(timeout);
  return { ...(secret === undefined ? {} : { secret }), timeoutMs: timeoutMs ?? SCRIPT_TIMEOUT_MS };
}
