/** The process: builds the real Io, runs the command, sets the exit code. The only place that touches `process`. */
import { closeSync, fstatSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { reportFailure, run } from './cli/program.ts';
import { UnavailableError } from './errors.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { columnsOf, type Io, type OutputStream, type ProcessSignal } from './io.ts';

/** A timer of Node holds at most 2^31 - 1 ms (24.8 days) and fires at once beyond. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** What is written is of no interest to anybody: the reader went away, or (EIO) the terminal was closed. */
function isReaderGone({ code: reason }: NodeJS.ErrnoException, isTerminal: boolean): boolean {
  return reason === 'EPIPE' || reason === 'ECONNRESET' || (isTerminal && reason === 'EIO');
}

interface ProcessOutput extends OutputStream {
  readonly lost: AbortSignal;
  /** Why nothing can be written any more, for another reason than that its reader has gone. */
  failure(): Error | undefined;
  /** Resolves when everything that was written has reached the system. */
  flushed(): Promise<void>;
}

/** A stream of this process whose errors end nothing: they are noted, and what is written afterwards is dropped. */
function output(stream: NodeJS.WriteStream & { readonly fd: number }): ProcessOutput {
  const lost = new AbortController();
  let failure: Error | undefined;
  const fail = (error: NodeJS.ErrnoException) => {
    if (lost.signal.aborted) return;
    if (!isReaderGone(error, stream.isTTY)) failure = error;
    lost.abort(error);
  };
  stream.on('error', fail);
  const onDisk = isOnDisk(stream);
  return {
    write: (text) => {
      if (lost.signal.aborted) return;
      if (!onDisk) return void stream.write(text);
      try {
        writeWhole(stream.fd, text);
      } catch (error) {
        fail(error as NodeJS.ErrnoException);
      }
    },
    lost: lost.signal,
    failure: () => failure,
    flushed: () => new Promise((resolve) => stream.write('', () => resolve())),
    get isTTY() {
      return stream.isTTY ?? false; // undefined in a pipe, whatever its type says
    },
    get columns() {
      return columnsOf(stream.columns, process.env['COLUMNS']);
    },
    get rows() {
      return stream.rows;
    },
  };
}

/** Files and devices such as /dev/full; terminals, pipes and sockets are streams. */
function isOnDisk(stream: NodeJS.WriteStream & { readonly fd: number }): boolean {
  if (stream.isTTY) return false;
  try {
    const stat = fstatSync(stream.fd);
    return stat.isFile() || stat.isCharacterDevice();
  } catch {
    return false;
  }
}

/** Node's own stream for files drops what did not fit in the first write, without an error. */
function writeWhole(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** A closed terminal (SIGHUP) is a reason to stop as good as SIGTERM. */
const SIGNALS: Readonly<Record<string, ProcessSignal>> = { SIGINT: 'SIGINT', SIGTERM: 'SIGTERM', SIGHUP: 'SIGTERM' };

function onSignal(listener: (signal: ProcessSignal) => void): () => void {
  const listen = (signal: NodeJS.Signals) => listener(SIGNALS[signal]!);
  for (const signal of Object.keys(SIGNALS)) process.on(signal, listen);
  return () => {
    for (const signal of Object.keys(SIGNALS)) process.off(signal, listen);
  };
}

async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  let left = ms;
  do {
    await delay(Math.min(left, LONGEST_TIMER_MS), undefined, signal === undefined ? {} : { signal });
    left -= LONGEST_TIMER_MS;
  } while (left > 0);
}

function currentFolder(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new UnavailableError('the current folder is gone', { cause, hint: 'cd to one that is there' });
  }
}

const terminals = [0, 1, 2].filter((fd) => isatty(fd));

/** Node resets terminals at its end, and crashes when one is gone by then: it leaves closed files alone. */
function exit(code: ExitCode): never {
  for (const fd of terminals) {
    try {
      if (!isatty(fd)) closeSync(fd);
    } catch {
      // it was closed
    }
  }
  process.exit(code);
}

const stdout = output(process.stdout);
const stderr = output(process.stderr);

const io: Io = {
  // What is not asked for costs nothing, and fails nothing.
  get stdin() {
    return process.stdin;
  },
  stdout,
  stderr,
  env: process.env,
  get cwd() {
    return currentFolder();
  },
  pid: process.pid,
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  clock: { now: () => Date.now(), monotonicMs: () => performance.now(), sleep },
  kill: (pid, signal) => {
    try {
      return process.kill(pid, signal);
    } catch {
      return false; // it has ended
    }
  },
  onSignal,
  resized: (listener) => {
    // What is drawn again is drawn there; the answer may go to a file.
    process.stderr.on('resize', listener);
    return () => process.stderr.off('resize', listener);
  },
};

const argv = process.argv.slice(2);

/** Something was thrown where no command could catch it: a bug, and never the exit code 1 of an answer. */
let crashed = false;
process.on('uncaughtException', (error) => {
  if (crashed) return;
  crashed = true;
  void reportFailure(error, argv, io)
    .catch(() => undefined)
    .finally(() => exit(EXIT.bug));
});

/** The code of the command, unless its answer could not be written. */
async function codeOf(code: ExitCode): Promise<ExitCode> {
  // However slowly it is read: something may keep the event loop alive (a worker, a socket), so that the end is ours to find.
  await Promise.all([stdout.flushed(), stderr.flushed()]);
  const failure = stdout.failure();
  if (failure === undefined || code === EXIT.bug) return code;
  const reason = failure.message.replace(/^[A-Z0-9_]+: (.*?),? \w+$/, '$1');
  stderr.write(`error: standard output cannot be written: ${reason}\n`);
  await stderr.flushed();
  return EXIT.unavailable;
}

process.exitCode = EXIT.bug; // should the event loop run dry before the command has ended
void run(argv, io)
  .then(codeOf)
  .then((code) => {
    if (!crashed) exit(code);
  });
