/** A worker's sender with real timers and real connections. */
import { Connections } from './connections.ts';
import { Sender } from './request-sender.ts';
import type { Timers } from './timers.ts';
import type { WorkerReport, WorkerSetup } from './worker-messages.ts';

export function createSender(
  setup: WorkerSetup,
  { timers, post }: { readonly timers: Timers; readonly post: (report: WorkerReport) => void },
): Sender {
  return new Sender(setup, {
    timers,
    post,
    connect: (endpoint) => new Connections({ endpoint, now: () => timers.now() }),
  });
}
