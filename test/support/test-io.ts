/** An Io that keeps what is written, for tests of commands: `run(argv, testIo(...))`. */
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../../src/cli/program.ts';
import { checkNumbers } from './numbers-in-text.ts';
import { checkHints } from './hints.ts';
import { checkOutputs } from './output-shape.ts';
import type { ExitCode } from '../../src/exit-codes.ts';
import type { Clock, Io, ProcessSignal } from '../../src/io.ts';

export interface TestIoOptions {
  readonly cwd: string;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A terminal of that width; absent: a pipe. */
  readonly columns?: number;
  readonly clock?: Clock;
  /** Reported of what is written to standard error, as it is. */
  readonly onErr?: (text: string) => void;
}

export interface TestIo extends Io {
  readonly out: () => string;
  readonly err: () => string;
  send(signal: ProcessSignal): void;
}

const realClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
};

/** Processor time of this process, in ms. */
export function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export function testIo(options: TestIoOptions): TestIo {
  let out = '';
  let err = '';
  const listeners = new Set<(signal: ProcessSignal) => void>();
  const tty = options.columns !== undefined;
  const stream = (add: (text: string) => void) => ({
    write: add,
    isTTY: tty,
    columns: options.columns,
    rows: tty ? 40 : undefined,
  });
  return {
    stdin: Object.assign(Readable.from([options.stdin ?? '']), { isTTY: tty }),
    stdout: stream((text) => (out += text)),
    stderr: stream((text) => {
      err += text;
      options.onErr?.(text);
    }),
    env: options.env ?? {},
    cwd: options.cwd,
    pid: process.pid,
    cpuMs: processCpuMs,
    clock: options.clock ?? realClock,
    kill: (pid, signal) => {
      try {
        return process.kill(pid, signal);
      } catch {
        return false; // it has ended
      }
    },
    onSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    resized: () => () => undefined,
    out: () => out,
    err: () => err,
    send: (signal) => listeners.forEach((listener) => listener(signal)),
  };
}

export interface Finished {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Runs one command to its end. */
export async function iter8ctl(argv: readonly string[], options: TestIoOptions): Promise<Finished> {
  const io = testIo(options);
  const code = await run(argv, io);
  const text = `${io.out()}\n${io.err()}`;
  await checkHints(argv, text);
  checkNumbers(argv, text);
  checkOutputs(io.out());
  return { code, out: io.out(), err: io.err() };
}
