/** Tries again what failed for a moment only: an overloaded API server, and a patch that met another. */
import { setTimeout as delay } from 'node:timers/promises';
import { ConflictError } from '../../errors.ts';
import { ApiBusyError } from './api-error.ts';

const BUSY_ATTEMPTS = 4;
const CONFLICT_ATTEMPTS = 12;
const LONGEST_WAIT_MS = 5_000;

/** The result of the first attempt that succeeds, or the last error. `conflicts`: whether one is worth another attempt. */
export async function retrying<T>(
  attempt: () => Promise<T>,
  options: { readonly signal: AbortSignal | undefined; readonly conflicts?: (error: ConflictError) => boolean },
): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      const busy = error instanceof ApiBusyError && count < BUSY_ATTEMPTS;
      const conflict =
        error instanceof ConflictError && options.conflicts?.(error) === true && count < CONFLICT_ATTEMPTS;
      if (!busy && !conflict) throw error;
      const asked = error instanceof ApiBusyError ? (error.retryAfterMs ?? 0) : 0;
      const whole = Math.min(LONGEST_WAIT_MS, Math.max(asked, (busy ? 250 : 10) * 2 ** (count - 1)));
      await delay(
        whole * (0.5 + Math.random() / 2),
        undefined,
        options.signal === undefined ? {} : { signal: options.signal },
      );
    }
  }
}
