/** The clock and the timers of one worker: real ones, or those of a test in which time is only counted. */

export interface Timers {
  /** The monotonic clock of the machine, ms: the same in every worker. */
  now(): number;
  /** Runs once after at least so many ms; returns what cancels it. */
  after(ms: number, run: () => void): () => void;
  /** Runs as soon as what is under way has returned. */
  soon(run: () => void): void;
  /** Runs every so many ms; returns what ends it. */
  every(ms: number, run: () => void): () => void;
}

export function realTimers(now: () => number): Timers {
  return {
    now,
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    soon: (run) => void setImmediate(run),
    every: (ms, run) => {
      const timer = setInterval(run, ms);
      return () => clearInterval(timer);
    },
  };
}
