/** A worker's sender with real timers and real connections. */
import { Connections } from './connections.ts';
import { Sender } from './request-sender.ts';
import { realTimers } from './timers.ts';
import type { WorkerReport, WorkerSetup } from './worker-messages.ts';

/** `now`: the monotonic clock of the machine in ms, the same in every thread. */
export function createSender(
  setup: WorkerSetup,
  { now, post }: { readonly now: () => number; readonly post: (report: WorkerReport) => void },
): Sender {
  return new Sender(setup, {
    timers: realTimers(now),
    post,
    connect: (endpoint) => new Connections({ endpoint, now }),
  });
}
