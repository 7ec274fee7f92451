/** Laws of the precise timers, whatever the other thread does: it answers in time, late, early, twice or never. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PreciseTimer, type WakeUp } from '../../../src/adapters/load/precise-timer.ts';
import { VirtualTime } from '../../support/virtual-time.ts';

/** A turn of the event loop takes this long, ms. */
const TURN_MS = 0.01;

/** A thread that wakes so many ms after what it was asked for, no sooner than in the next turn; never where it is infinite. */
function wakesAfter(time: VirtualTime, delays: readonly number[]): WakeUp & { asked: number[] } {
  let cancel = () => {};
  let turn = 0;
  const wakeUp = {
    asked: [] as number[],
    woken: () => {},
    ask: (atMs: number) => {
      cancel();
      wakeUp.asked.push(atMs);
      const delayMs = delays[turn++ % delays.length]!;
      if (delayMs === Number.POSITIVE_INFINITY) return;
      cancel = time.after(Math.max(TURN_MS, atMs + delayMs - time.nowMs), () => wakeUp.woken());
    },
  };
  return wakeUp;
}

function preciseTimer(time: VirtualTime, wakeUp: WakeUp): PreciseTimer {
  return new PreciseTimer({
    now: () => time.nowMs,
    after: (ms, run) => time.after(ms, run),
    soon: (run) => void time.after(TURN_MS, run),
    wakeUp,
  });
}

const waits = fc.array(
  fc.record({
    askedMs: fc.double({ min: 0, max: 30, noNaN: true }),
    inMs: fc.double({ min: -1, max: 12, noNaN: true }),
  }),
  { minLength: 1, maxLength: 12 },
);
const delays = fc.array(
  fc.oneof(fc.double({ min: -0.3, max: 3, noNaN: true }), fc.constant(Number.POSITIVE_INFINITY)),
  { minLength: 1, maxLength: 5 },
);

describe('precise timers', () => {
  it('run each wait once, never early, late by a turn or a timer at most, whoever wakes them', () => {
    fc.assert(
      fc.property(waits, delays, (asked, late) => {
        const time = new VirtualTime();
        const timer = preciseTimer(time, wakesAfter(time, late));
        const ran: { dueMs: number; atMs: number }[] = [];
        for (const { askedMs, inMs } of asked)
          time.after(askedMs, () => {
            const dueMs = time.nowMs + inMs;
            timer.at(dueMs, () => ran.push({ dueMs, atMs: time.nowMs }));
          });
        time.passUntil(100);
        expect(ran).toHaveLength(asked.length);
        for (const { dueMs, atMs } of ran) {
          expect(atMs).toBeGreaterThanOrEqual(dueMs);
          // A timer of the event loop counts whole milliseconds; one asked for too late has its turn at once.
          expect(atMs).toBeLessThanOrEqual(dueMs + 1 + 1 + 2 * TURN_MS);
        }
      }),
    );
  });

  it('never run what was cancelled, and run all others', () => {
    fc.assert(
      fc.property(waits, delays, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), (asked, late, kept) => {
        const time = new VirtualTime();
        const timer = preciseTimer(time, wakesAfter(time, late));
        const ran = new Set<number>();
        const cancels = asked.map(({ inMs }, index) => timer.at(40 + inMs, () => ran.add(index)));
        time.after(20, () => cancels.forEach((cancel, index) => !kept[index]! && cancel()));
        time.passUntil(100);
        expect([...ran].toSorted((a, b) => a - b)).toEqual([...asked.keys()].filter((index) => kept[index]));
      }),
    );
  });

  it('may be asked again from within, in the order of time, without a call inside the call', () => {
    const time = new VirtualTime();
    const timer = preciseTimer(time, wakesAfter(time, [0]));
    const ran: string[] = [];
    timer.at(3, () => {
      timer.at(2, () => ran.push('overdue'));
      timer.at(6, () => ran.push('later'));
      ran.push('first');
    });
    timer.at(4, () => ran.push('second'));
    time.passUntil(20);
    expect(ran).toEqual(['first', 'overdue', 'second', 'later']);
  });

  it('spin no longer than waking takes: the lead grows with late wake-ups and shrinks with prompt ones', () => {
    const lead = (delayMs: number): number => {
      const time = new VirtualTime();
      const wakeUp = wakesAfter(time, [delayMs]);
      const timer = preciseTimer(time, wakeUp);
      let last = 0;
      const next = (dueMs: number): void => {
        timer.at(dueMs, () => {
          last = dueMs - wakeUp.asked.at(-1)!;
          if (dueMs < 1_500) next(dueMs + 3);
        });
      };
      next(3);
      time.passUntil(2_000);
      return last;
    };
    expect(lead(0.01)).toBeCloseTo(0.02, 1);
    expect(lead(0.3)).toBeGreaterThan(0.25);
    expect(lead(0.3)).toBeLessThan(0.35);
    expect(lead(5)).toBeLessThanOrEqual(0.5);
  });
});
