/** Whether a request that failed is sent once more: only one that met a kept connection that its server had just closed. Pure. */
import type { Request } from './request.ts';

/** Asking again changes nothing. */
const RESENT_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD']);
/** A connection that was idle for less has died under the request, which is a failure of the server. */
const RECONNECT_AFTER_IDLE_MS = 1_000;

/** The request has failed before any answer, not by its time limit. */
export function mayResend(
  { resent, code, sentMs, lease }: Pick<Request, 'resent' | 'code' | 'sentMs' | 'lease'>,
  method: string,
): boolean {
  return (
    !resent &&
    code === undefined &&
    sentMs !== undefined &&
    RESENT_METHODS.has(method) &&
    lease?.reused === true &&
    lease.idleMs >= RECONNECT_AFTER_IDLE_MS
  );
}
