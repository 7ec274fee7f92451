/** What ends a drive from outside, before its experiment ends. */
import { InterruptedError } from '../errors.ts';
import { whenAborted, type Io, type ProcessSignal } from '../io.ts';

export type Stop = ProcessSignal | 'timeout' | 'lost';

export interface StopOfDrive {
  /** Drain, judge, save, return. */
  readonly stop: AbortSignal;
  /** A second Ctrl-C: end now. */
  readonly kill: AbortSignal;
  /** The first cause; undefined while nothing has ended it. */
  readonly cause: () => Stop | undefined;
  readonly close: () => void;
}

/** Ctrl-C, SIGTERM, the time limit, a lock that is lost, and a reader that has gone, which counts as SIGTERM. */
export function stopOfDrive(
  io: Io,
  {
    lockLost,
    readerLost,
    over,
    onSignal,
  }: {
    readonly lockLost: AbortSignal;
    /** Absent: without a reader it goes on. */
    readonly readerLost: AbortSignal | undefined;
    /** Of `withTimeLimit`. */
    readonly over: AbortSignal | undefined;
    /** Called before a signal stops it. */
    readonly onSignal: () => void;
  },
): StopOfDrive {
  const stop = new AbortController();
  const kill = new AbortController();
  let stopped: Stop | undefined;
  const end = (cause: Stop) => {
    stopped ??= cause;
    stop.abort(new InterruptedError());
  };
  const stopListening = io.onSignal((signal) => {
    if (stopped !== undefined && signal === 'SIGINT') {
      kill.abort(new InterruptedError());
      return;
    }
    onSignal();
    end(signal);
  });
  const closers = [
    stopListening,
    whenAborted(lockLost, () => end('lost')),
    whenAborted(over, () => end('timeout')),
    whenAborted(readerLost, () => end('SIGTERM')),
  ];
  return {
    stop: stop.signal,
    kill: kill.signal,
    cause: () => stopped,
    close: () => {
      for (const close of closers) close();
    },
  };
}
