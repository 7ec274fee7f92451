/** Wakes one worker at the times it asks for: a thread that only sleeps. */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { WakeUp } from './precise-timer.ts';

/** What the two threads share: a number that changes with each `ask`, and the time that was asked for. */
export interface MetronomeSetup {
  readonly shared: SharedArrayBuffer;
  readonly port: MessagePort;
}

const SHARED_BYTES = 16;

export function sharedFields(shared: SharedArrayBuffer): { readonly asked: Int32Array; readonly atMs: Float64Array } {
  return { asked: new Int32Array(shared, 0, 1), atMs: new Float64Array(shared, 8, 1) };
}

/**
 * Ends with the thread that started it. Where it cannot run, nobody is woken, and timers of the event loop do their best
 * (precise-timer.ts).
 */
export function startMetronome(file: URL): WakeUp {
  const shared = new SharedArrayBuffer(SHARED_BYTES);
  const { asked, atMs } = sharedFields(shared);
  atMs[0] = Number.POSITIVE_INFINITY;
  const { port1, port2 } = new MessageChannel();
  const setup = { shared, port: port2 };
  const thread = new Worker(file, { workerData: setup, transferList: [port2] });
  thread.on('error', () => {});
  thread.unref();
  const wakeUp: WakeUp = {
    ask: (at) => {
      atMs[0] = at;
      Atomics.add(asked, 0, 1);
      Atomics.notify(asked, 0);
    },
    woken: () => {},
  };
  port1.on('message', (ask: number) => {
    if (ask === Atomics.load(asked, 0)) wakeUp.woken();
  });
  port1.unref();
  return wakeUp;
}
