/** Of several controllers one leads: whoever holds the lease works, the others stand by, whatever the network does meanwhile. */
import { messageOf } from '../errors.ts';
import type { Clock } from '../io.ts';
import { isTransient } from '../adapters/kube/api-error.ts';
import { backoffMs } from '../adapters/kube/retry.ts';
import type { ObjectKey } from '../experiment/experiment.ts';
import type { DriverLock, Holder } from '../drive/ports.ts';
import type { Log } from './structured-log.ts';

export interface LeaderPorts {
  readonly lock: DriverLock;
  /** Of the lease. */
  readonly key: ObjectKey;
  readonly self: Holder;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often another leader's lease is looked at. */
const LOOK_EVERY_MS = 2_000;
const AGAIN = { firstMs: 1_000, longestMs: 15_000 };

/**
 * Stands by until it leads, then works: until `stop` (false), or until the lead is lost to another (true). `work` ends when its
 * signal says so.
 *
 * Once the API server has answered, what breaks for a moment (a reset, a restart) is logged and tried again. Rejects for what
 * waiting does not help, and for a server that has never answered.
 */
export async function whileLeading(
  ports: LeaderPorts,
  stop: AbortSignal,
  work: (lost: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const { lock, key, self, clock, log } = ports;
  let leader: string | undefined;
  let answered = false;
  for (let failures = 0; !stop.aborted; ) {
    try {
      const taken = await lock.acquire(key, self, stop);
      answered = true;
      failures = 0;
      if ('held' in taken) {
        log('info', 'leading', { identity: self.identity });
        try {
          await work(taken.held.lost);
        } finally {
          await taken.held.release();
        }
        if (taken.held.lost.aborted) log('error', 'the lead was lost to another controller');
        return taken.held.lost.aborted;
      }
      if (leader !== taken.heldBy.description) log('info', 'standing by', { leader: taken.heldBy.description });
      leader = taken.heldBy.description;
      await clock.sleep(LOOK_EVERY_MS, stop).catch(() => undefined);
    } catch (error) {
      if (stop.aborted) return false;
      if (!answered || !isTransient(error)) throw error;
      failures += 1;
      const wait = backoffMs(failures, AGAIN);
      log('warn', 'the lease of the leader cannot be read', { reason: messageOf(error), againInSeconds: wait / 1000 });
      await clock.sleep(wait, stop).catch(() => undefined);
    }
  }
  return false;
}
