/**
 * A clock that stands still until it is moved; sleeping moves it. Commands that keep experiments in a folder start it at
 * `Date.now()`: locks compare it with the times of files.
 */
import type { Clock } from '../../src/io.ts';

export function fakeClock(startMs = Date.parse('2026-11-24T08:00:00Z')): Clock & { advance(ms: number): void } {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs - startMs,
    sleep: (ms, signal) => {
      signal?.throwIfAborted();
      nowMs += ms;
      return Promise.resolve();
    },
    advance: (ms) => {
      nowMs += ms;
    },
  };
}
