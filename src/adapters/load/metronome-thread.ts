/** Entry of the thread that sleeps for a load worker: see metronome.ts. */
import { workerData } from 'node:worker_threads';
import { machineClock } from './machine-clock.ts';
import { type MetronomeSetup, sharedFields } from './metronome.ts';

const { shared, port } = workerData as MetronomeSetup;
const { asked, atMs } = sharedFields(shared);
const now = machineClock(process.hrtime);
for (;;) {
  const ask = Atomics.load(asked, 0);
  const leftMs = atMs[0]! - now();
  // A new ask wakes it early.
  if (leftMs > 0 && Atomics.wait(asked, 0, ask, leftMs) !== 'timed-out') continue;
  port.postMessage(ask);
  Atomics.wait(asked, 0, ask);
}
