/** The process: builds the real Io, runs the command, sets the exit code. The only place that touches `process`. */
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './cli/program.ts';
import { EXIT } from './exit-codes.ts';
import type { Io, OutputStream, ProcessSignal } from './io.ts';

/** How long output may take to drain before the process ends all the same. */
const FLUSH_MS = 5_000;

function output(stream: NodeJS.WriteStream): OutputStream {
  return {
    write: (text) => void stream.write(text),
    get isTTY() {
      return stream.isTTY ?? false; // undefined in a pipe, whatever its type says
    },
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
  };
}

function onSignal(listener: (signal: ProcessSignal) => void): () => void {
  const listen = (signal: ProcessSignal) => listener(signal);
  process.on('SIGINT', listen);
  process.on('SIGTERM', listen);
  return () => {
    process.off('SIGINT', listen);
    process.off('SIGTERM', listen);
  };
}

const io: Io = {
  stdin: process.stdin,
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  env: process.env,
  cwd: process.cwd(),
  pid: process.pid,
  clock: {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
  },
  kill: (pid, signal) => {
    try {
      process.kill(pid, signal);
    } catch {
      // it has ended
    }
  },
  onSignal,
  resized: (listener) => {
    process.stdout.on('resize', listener);
    return () => process.stdout.off('resize', listener);
  },
};

// A reader that has enough (`describe | head`) is no error: the rest is of no interest to anybody.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    throw error;
  });
}

process.exitCode = await run(process.argv.slice(2), io);

// Something may keep the event loop alive (a worker, a socket); what was printed must still reach its reader.
const flushed = Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))),
);
await Promise.race([flushed, delay(FLUSH_MS, undefined, { ref: false })]);
process.exit();
