/** Everything that a process owns, so that below `main.ts` nothing touches `process`. */

/** Where text goes. `columns` is the width of a terminal, or what COLUMNS asks for elsewhere; absent in most pipes and files. */
export interface OutputStream {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  /** Aborted when nothing that is written can arrive any more: its reader has gone, or the disk is full. */
  readonly lost?: AbortSignal | undefined;
}

/** Nobody reads narrower texts, and some terminals say 0 before they know. */
const LEAST_COLUMNS = 20;
const MOST_COLUMNS = 10_000;

/** The width to write for: what the terminal reports, else COLUMNS. */
export function columnsOf(reported: number | undefined, wanted: string | undefined): number | undefined {
  const columns = (reported ?? 0) > 0 ? reported : /^\d{1,6}$/.test(wanted ?? '') ? Number(wanted) : undefined;
  return columns === undefined || columns === 0 ? undefined : Math.min(MOST_COLUMNS, Math.max(LEAST_COLUMNS, columns));
}

/** Time, so that tests can fake it. */
export interface Clock {
  /** Wall clock, ms since 1970 UTC. */
  now(): number;
  /** Monotonic, ms since an arbitrary start. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Aborts the signal after `ms`, however long that is, unless it is cancelled before. */
export function timeLimit(clock: Clock, ms: number): { readonly signal: AbortSignal; cancel(): void } {
  const over = new AbortController();
  const cancelled = new AbortController();
  clock.sleep(ms, cancelled.signal).then(
    () => over.abort(),
    () => undefined,
  );
  return { signal: over.signal, cancel: () => cancelled.abort() };
}

/** Calls back once when a signal is aborted, now where it is already, until the returned function is called. An absent one never is. */
export function whenAborted(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal?.aborted === true) listener();
  else signal?.addEventListener('abort', listener, { once: true });
  return () => signal?.removeEventListener('abort', listener);
}

/** Signals that the user or the system can send; SIGTERM stands for SIGHUP too. */
export type ProcessSignal = 'SIGINT' | 'SIGTERM';

export interface Io {
  readonly stdin: AsyncIterable<Uint8Array | string> & { readonly isTTY: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Identity of this process, e.g. for locks. */
  readonly pid: number;
  readonly clock: Clock;
  /** Processor time that all threads of this process have used so far, in ms. */
  cpuMs(): number;
  /** Sends a signal to a process, or to the group of a negative id; 0: none, only asks. False when it is gone. */
  kill(pid: number, signal: 'SIGTERM' | 'SIGKILL' | 0): boolean;
  /** Calls back on each signal until the returned function is called. */
  onSignal(listener: (signal: ProcessSignal) => void): () => void;
  /** Calls back when the terminal of standard error changes its size, until the returned function is called. */
  resized(listener: () => void): () => void;
}

/**
 * The same with some of it replaced. Not by `...io`, which would ask for the current folder and standard input before anything needs
 * them.
 */
export function replaceIo(io: Io, parts: Partial<Io>): Io {
  return Object.create(io, Object.getOwnPropertyDescriptors(parts)) as Io;
}
