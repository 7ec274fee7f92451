/**
 * The time that an experiment goes by: the wall clock as it was when it began to run, and what has passed since. A clock that is set, by
 * hand or by a time server, moves neither its iterations nor the windows of its queries.
 *
 * While a machine is suspended this time stands still where the operating system's monotonic clock does.
 */
import type { Experiment } from '../experiment/experiment.ts';
import type { Clock } from '../io.ts';
import { formatSeconds } from '../text/units.ts';
import { areAllIterationsDone } from '../experiment/iterations.ts';

/** Smaller ones are drift, which time servers correct all the time. */
const STEP_MS = 5_000;

export class SteadyTime {
  readonly #clock: Clock;
  #wallMs: number;
  #monotonicMs: number;
  #reportedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wallMs = clock.now();
    this.#monotonicMs = clock.monotonicMs();
  }

  /** ms since 1970 UTC, by the clock as it was at the start. */
  now(): number {
    return this.#wallMs + (this.#clock.monotonicMs() - this.#monotonicMs);
  }

  /** From now on by the clock as it is. */
  setAgain(): void {
    this.#wallMs = this.#clock.now();
    this.#monotonicMs = this.#clock.monotonicMs();
    this.#reportedMs = 0;
  }

  /** By how much the clock was set since this was last asked, ms; undefined while it was not. */
  takeStep(): number | undefined {
    const stepMs = this.#clock.now() - this.now();
    const changeMs = stepMs - this.#reportedMs;
    if (Math.abs(changeMs) < STEP_MS) return undefined;
    this.#reportedMs = stepMs;
    return changeMs;
  }
}

export function clockText(stepMs: number): string {
  const by = formatSeconds(Math.abs(stepMs) / 1000);
  return `the clock of this machine went ${by} ${stepMs > 0 ? 'ahead' : 'back'} at once (set, or suspended): it goes on by the time that passed`;
}

/** Of a driver whose clock is behind that of the one before: iterations and values keep their order in time, and so have to wait. */
export function behindText(experiment: Experiment, nowMs: number): string[] {
  const { lastUpdateTime = '', stage, startTime } = experiment.status ?? {};
  const behindMs = Date.parse(lastUpdateTime) - nowMs;
  if (!(behindMs >= STEP_MS)) return [];
  const waits = startTime !== undefined && stage === 'Running' && !areAllIterationsDone(experiment);
  return [
    `the clock of this machine is ${formatSeconds(Math.round(behindMs / 1000))} behind that of the driver before: ${waits ? 'the next iteration waits for it' : 'times in the record are not in order'}`,
  ];
}
