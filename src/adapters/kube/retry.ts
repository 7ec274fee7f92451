/** Tries again what failed for a moment only: an overloaded API server, a connection that was reset, a patch that met another. */
import { setTimeout as delay } from 'node:timers/promises';
import { ConflictError } from '../../errors.ts';
import { ApiBusyError, ApiGoneError, ApiUnreachableError } from './api-error.ts';

const ATTEMPTS = 4;
const FIRST_WAIT_MS = 250;
const CONFLICT_ATTEMPTS = 12;
const FIRST_CONFLICT_WAIT_MS = 10;
const LONGEST_WAIT_MS = 5_000;

/**
 * The wait before attempt `failures + 1`, ms: doubled each time, from half to the whole of it, so that many who failed together
 * do not come back together.
 */
export function backoffMs(failures: number, limits: { readonly firstMs: number; readonly longestMs: number }): number {
  const whole = Math.min(limits.longestMs, limits.firstMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return whole * (0.5 + Math.random() / 2);
}

/**
 * The result of the first attempt that succeeds, or the last error. `repeatable`: doing it twice is like doing it once;
 * otherwise it is tried again only when the server says that it did nothing (429).
 */
export async function retryTransient<T>(
  attempt: () => Promise<T>,
  options: { readonly signal: AbortSignal | undefined; readonly repeatable: boolean },
): Promise<T> {
  const worth = (error: unknown) =>
    error instanceof ApiBusyError
      ? error.refused || options.repeatable
      : error instanceof ApiUnreachableError && error.reset && options.repeatable;
  return repeated(attempt, { signal: options.signal, attempts: ATTEMPTS, firstMs: FIRST_WAIT_MS, worth });
}

/** The same for a ConflictError that is worth another attempt. */
export async function retryConflicts<T>(
  attempt: () => Promise<T>,
  options: { readonly signal: AbortSignal | undefined; readonly worth: (error: ConflictError) => boolean },
): Promise<T> {
  return repeated(attempt, {
    signal: options.signal,
    attempts: CONFLICT_ATTEMPTS,
    firstMs: FIRST_CONFLICT_WAIT_MS,
    worth: (error) => error instanceof ConflictError && options.worth(error),
  });
}

/** The same for a list that changed too much while it was read, page by page (410): it is read again from its beginning. */
export async function retryExpired<T>(read: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const worth = (error: unknown) => error instanceof ApiGoneError;
  return repeated(read, { signal, attempts: ATTEMPTS, firstMs: FIRST_WAIT_MS, worth });
}

async function repeated<T>(
  attempt: () => Promise<T>,
  how: {
    readonly signal: AbortSignal | undefined;
    readonly attempts: number;
    readonly firstMs: number;
    readonly worth: (error: unknown) => boolean;
  },
): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!how.worth(error) || count >= how.attempts) throw error;
      const asked = error instanceof ApiBusyError ? (error.retryAfterMs ?? 0) : 0;
      const wait = Math.max(
        Math.min(asked, LONGEST_WAIT_MS),
        backoffMs(count, { firstMs: how.firstMs, longestMs: LONGEST_WAIT_MS }),
      );
      await delay(wait, undefined, how.signal === undefined ? {} : { signal: how.signal });
    }
  }
}
