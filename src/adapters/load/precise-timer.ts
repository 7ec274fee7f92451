/**
 * Timers that are right to a small part of a millisecond without keeping a core busy: the timers of an event loop count in
 * whole milliseconds, so another thread sleeps until just before, and only the last part of the wait is spun.
 */

/** Calls back from another thread, which sleeps more exactly than an event loop. */
export interface WakeUp {
  /** Asks for one call of `woken` at this time, in place of what was asked for before. It may be late, or never come. */
  ask(atMs: number): void;
  woken: () => void;
}

export interface PreciseTimerOptions {
  readonly now: () => number;
  readonly after: (ms: number, run: () => void) => () => void;
  /** Runs in the next turn of the event loop: answers that have come are read in between. */
  readonly soon: (run: () => void) => void;
  readonly wakeUp: WakeUp;
}

/** Waits longer than this sleep in a timer of the event loop first, which may be late by two. */
const TIMER_FROM_MS = 5;
const TIMER_IS_LATE_BY_MS = 3;
/** The spun part of a wait: no less, no more. */
const SHORTEST_LEAD_MS = 0.02;
const LONGEST_LEAD_MS = 0.5;
/** The lead follows the lateness that nine of ten wake-ups keep, by these steps. */
const LEAD_UP_MS = 0.018;
const LEAD_DOWN_MS = 0.002;

interface Wait {
  readonly atMs: number;
  readonly run: () => void;
}

export class PreciseTimer {
  readonly #options: PreciseTimerOptions;
  /** One for each load of a thread: few. */
  readonly #waits = new Set<Wait>();
  /** How much before its time a wait is woken: what waking takes, as measured. */
  #leadMs = 0.1;
  /** What everything below was armed for. */
  #armedFor: Wait | undefined;
  #cancelTimer: (() => void) | undefined;
  /** The other thread was asked to wake us at this time. */
  #askedMs: number | undefined;
  #isTurnAsked = false;
  #isRunning = false;

  constructor(options: PreciseTimerOptions) {
    this.#options = options;
    options.wakeUp.woken = () => this.#woken();
  }

  /** Runs once, never before this time of `now` and never within this call. Returns what cancels it. */
  at(atMs: number, run: () => void): () => void {
    const wait = { atMs, run };
    this.#waits.add(wait);
    if (this.#armedFor === undefined || atMs < this.#armedFor.atMs) this.#arm();
    return () => {
      if (this.#waits.delete(wait) && this.#armedFor === wait) this.#arm();
    };
  }

  /** Waits for the earliest, and for nothing else any more. */
  #arm(): void {
    if (this.#isRunning) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#askedMs = undefined;
    this.#armedFor = this.#earliest();
    if (this.#armedFor === undefined) return;
    const { now, after, wakeUp } = this.#options;
    const { atMs } = this.#armedFor;
    const leftMs = atMs - now();
    if (leftMs > TIMER_FROM_MS) {
      this.#cancelTimer = after(leftMs - TIMER_IS_LATE_BY_MS, () => this.#arm());
    } else if (leftMs > this.#leadMs + SHORTEST_LEAD_MS) {
      // Whatever becomes of the other thread, nothing waits for it longer than for a timer.
      this.#cancelTimer = after(Math.ceil(leftMs), () => this.#woken());
      this.#askedMs = atMs - this.#leadMs;
      wakeUp.ask(this.#askedMs);
    } else {
      this.#askTurn();
    }
  }

  #earliest(): Wait | undefined {
    let earliest: Wait | undefined;
    for (const wait of this.#waits) if (earliest === undefined || wait.atMs < earliest.atMs) earliest = wait;
    return earliest;
  }

  /** One turn, however often it is asked for. */
  #askTurn(): void {
    if (this.#isTurnAsked) return;
    this.#isTurnAsked = true;
    this.#options.soon(() => {
      this.#isTurnAsked = false;
      this.#turn();
    });
  }

  #woken(): void {
    // What was asked for earlier, and has come or was cancelled since.
    if (this.#askedMs === undefined) return;
    const stepMs = this.#options.now() - this.#askedMs >= this.#leadMs ? LEAD_UP_MS : -LEAD_DOWN_MS;
    this.#leadMs = Math.min(LONGEST_LEAD_MS, Math.max(SHORTEST_LEAD_MS, this.#leadMs + stepMs));
    this.#turn();
  }

  /** Runs what is due now, each once: what falls due meanwhile has its turn after the answers that have come. */
  #turn(): void {
    const nowMs = this.#options.now();
    const due = [...this.#waits].filter(({ atMs }) => atMs <= nowMs).toSorted((a, b) => a.atMs - b.atMs);
    this.#isRunning = true;
    try {
      for (const wait of due) if (this.#waits.delete(wait)) wait.run();
    } finally {
      this.#isRunning = false;
      this.#arm();
    }
  }
}
