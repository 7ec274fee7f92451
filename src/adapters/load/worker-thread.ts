/** Entry of a worker thread: a Sender for each of its loads, fed by messages. */
import { parentPort } from 'node:worker_threads';
import { createSender } from './create-sender.ts';
import { machineClock } from './machine-clock.ts';
import { startMetronome } from './metronome.ts';
import type { Sender } from './request-sender.ts';
import { realTimers } from './timers.ts';
import type { FromThread, ToThread, WorkerReport } from './worker-messages.ts';

const port = parentPort;
if (port === null) throw new Error('internal error: the load worker is not the main program');

const timers = realTimers(machineClock(process.hrtime), () =>
  startMetronome(new URL('./metronome.js', import.meta.url)),
);
const senders = new Map<number, Sender>();

port.on('message', (said: ToThread) => {
  const { load } = said;
  switch (said.kind) {
    case 'open': {
      const say = (message: FromThread) => port.postMessage(message);
      const post = (report: WorkerReport) => say({ load, kind: 'report', report });
      senders.set(load, createSender(said.setup, { timers, post }));
      // The thread that wakes this one is started here, not by the first request.
      if (said.setup.plan.ratePerSec > 0) timers.at(timers.now(), () => {});
      say({ load, kind: 'ready' });
      break;
    }
    case 'message':
      senders.get(load)?.receive(said.message);
      break;
    case 'close':
      senders.get(load)?.receive({ kind: 'kill' });
      senders.delete(load);
      break;
  }
});
