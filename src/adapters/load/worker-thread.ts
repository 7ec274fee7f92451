/** Entry of a worker thread: a Sender for each of its loads, fed by messages. */
import { parentPort } from 'node:worker_threads';
import { createSender } from './create-sender.ts';
import { machineClock } from './machine-clock.ts';
import { startMetronome } from './metronome.ts';
import type { Sender } from './request-sender.ts';
import { realTimers } from './timers.ts';
import type { FromThread, ToThread } from './worker-messages.ts';

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
      const post = (report: FromThread['report']) => port.postMessage({ load, report } satisfies FromThread);
      senders.set(load, createSender(said.setup, { timers, post }));
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
