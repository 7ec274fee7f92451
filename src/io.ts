/** Everything that a process owns, so that below `main.ts` nothing touches `process`. */

/** Where text goes. `columns` is the width of a terminal, absent in a pipe or a file. */
export interface OutputStream {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
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

/** Signals that the user or the system can send. A second SIGINT ends the process from `main.ts`. */
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
  /** Sends a signal to a process, or to the group of a negative id; nothing when it is gone. */
  kill(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Calls back on each signal until the returned function is called. */
  onSignal(listener: (signal: ProcessSignal) => void): () => void;
  /** Calls back when the terminal changes its size, until the returned function is called. */
  resized(listener: () => void): () => void;
}
