/** Entry of a worker thread: one Sender, fed by messages. The only file of the load generator that touches `process`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ToWorker, WorkerSetup } from './worker-messages.ts';
import { createSender } from './create-sender.ts';

const port = parentPort;
if (port === null) throw new Error('internal error: the load worker is not the main program');

// The monotonic clock of the machine: the same in every thread, unlike performance.now().
const [seconds, nanoseconds] = process.hrtime();
const offsetMs = seconds * 1000 + nanoseconds / 1e6 - performance.now();

const sender = createSender(workerData as WorkerSetup, {
  now: () => performance.now() + offsetMs,
  post: (report) => port.postMessage(report),
});
port.on('message', (message: ToWorker) => sender.receive(message));
