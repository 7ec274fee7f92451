/** A clock that stands still until it is told to move; sleeping moves it. */
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
