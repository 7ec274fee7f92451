/** The clock and the timers of a load: real ones, or those of a test in which time is only counted. */
import { PreciseTimer, type WakeUp } from './precise-timer.ts';

export interface Timers {
  /** The monotonic clock of the machine, ms: the same in every worker. */
  now(): number;
  /** Runs once after at least so many ms; returns what cancels it. */
  after(ms: number, run: () => void): () => void;
  /**
   * Runs once at this time of `now`, late by a small part of a millisecond where a `WakeUp` is at hand, otherwise by about one;
   * never early, never within the call. Returns what cancels it.
   */
  at(dueMs: number, run: () => void): () => void;
  /** Runs every so many ms; returns what ends it. */
  every(ms: number, run: () => void): () => void;
}

/** Of one thread. The wake-up is started when the first precise time is asked for. */
export function realTimers(now: () => number, startWakeUp?: () => WakeUp): Timers {
  const after = (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  };
  let precise: PreciseTimer | undefined;
  return {
    now,
    after,
    at: (dueMs, run) => {
      if (startWakeUp === undefined) return after(Math.ceil(dueMs - now()), run);
      precise ??= new PreciseTimer({ now, after, soon: (turn) => void setImmediate(turn), wakeUp: startWakeUp() });
      return precise.at(dueMs, run);
    },
    every: (ms, run) => {
      const timer = setInterval(run, ms);
      return () => clearInterval(timer);
    },
  };
}
