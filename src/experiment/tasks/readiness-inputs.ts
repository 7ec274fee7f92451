/** What `common/readiness` takes under `with`. Source: docs/contract.md 3.3. */
import * as z from 'zod';
import type { TaskSpec } from '../experiment.ts';
import { readable, text, whole } from './input-fields.ts';
import { settingFields } from './timeout-retries-ignore-failure.ts';

export const readinessSchema = z.strictObject({
  initialDelaySeconds: whole(0).optional(),
  numRetries: whole(0).optional(),
  intervalSeconds: whole(1).optional(),
  objRefs: z
    .array(z.strictObject({ kind: text, name: text, namespace: text.optional(), waitFor: text.optional() }))
    .optional(),
  ...settingFields,
});

export interface ReadinessInputs {
  readonly initialDelaySeconds: number;
  /** Further tries after the first. */
  readonly numRetries: number;
  readonly intervalSeconds: number;
  readonly objRefs: readonly {
    /** `TYPE[.VERSION][.GROUP]`. */
    readonly kind: string;
    readonly name: string;
    /** Absent: the experiment's. */
    readonly namespace?: string | undefined;
    /** As `kubectl wait --for`; absent: it is enough that the object exists. */
    readonly waitFor?: string | undefined;
  }[];
}

export const READINESS_DEFAULTS = { initialDelaySeconds: 5, numRetries: 12, intervalSeconds: 5, objRefs: [] } as const;

export function readinessInputs(task: TaskSpec): ReadinessInputs {
  const inputs = readable(readinessSchema, task.with);
  return {
    initialDelaySeconds: inputs.initialDelaySeconds ?? READINESS_DEFAULTS.initialDelaySeconds,
    numRetries: inputs.numRetries ?? READINESS_DEFAULTS.numRetries,
    intervalSeconds: inputs.intervalSeconds ?? READINESS_DEFAULTS.intervalSeconds,
    objRefs: inputs.objRefs ?? READINESS_DEFAULTS.objRefs,
  };
}
