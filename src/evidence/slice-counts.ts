/** What one worker counts about the requests of one scope that are due in one slice of 100 ms. */
import { binIndex } from './latency-histogram.ts';
import {
  limitKey,
  type LatencyLimit,
  type LimitCount,
  type SparseHistogram,
  type Tally,
  type TallyView,
} from './request-tally.ts';

/** Width of a slice in ms of intended start. Source: docs/method.md 0.4. */
export const SLICE_MS = 100;

/** The final outcome of a request. Latencies in ms, already capped at the timeout. */
export interface Outcome {
  /** HTTP code, or a class of failure. */
  readonly code: string;
  readonly responseMs: number;
  readonly responseError: boolean;
  /** Absent from the service view: it was never sent. */
  readonly sent: boolean;
  readonly serviceMs: number;
  readonly serviceError: boolean;
  /** No HTTP answer: beyond every limit. */
  readonly unanswered: boolean;
  /** There may have been one after `serviceMs`: in the service view, which condemns, it is taken for that. */
  readonly maybeAnswered?: boolean | undefined;
  readonly late: boolean;
  readonly scheduled: boolean;
  readonly reconnected: boolean;
}

class View {
  n = 0;
  errors = 0;
  sumMs = 0;
  maxMs = 0;
  minMs = Number.POSITIVE_INFINITY;
  readonly bins = new Map<number, number>();
  readonly bad: number[];

  constructor(limits: number) {
    this.bad = Array.from({ length: limits }, () => 0);
  }

  /** @returns the bin that it was counted in */
  record(ms: number, error: boolean, times: number): number {
    this.n += times;
    if (error) this.errors += times;
    this.sumMs += ms * times;
    if (ms > this.maxMs) this.maxMs = ms;
    if (ms < this.minMs) this.minMs = ms;
    const bin = binIndex(Math.max(1, Math.round(ms * 1000)));
    addTo(this.bins, bin, times);
    return bin;
  }

  add(other: View): void {
    this.n += other.n;
    this.errors += other.errors;
    this.sumMs += other.sumMs;
    this.maxMs = Math.max(this.maxMs, other.maxMs);
    this.minMs = Math.min(this.minMs, other.minMs);
    for (const [bin, times] of other.bins) addTo(this.bins, bin, times);
    for (const [index, bad] of other.bad.entries()) this.bad[index]! += bad;
  }

  toTally(): TallyView {
    const histogram: SparseHistogram = [...this.bins].toSorted((a, b) => a[0] - b[0]);
    return {
      n: this.n,
      errors: this.errors,
      histogram,
      sumMs: this.sumMs,
      maxMs: this.maxMs,
      minMs: this.n === 0 ? 0 : this.minMs,
    };
  }
}

export class Slice {
  /** Requests of it that are not resolved yet. */
  open = 0;
  readonly #limits: readonly LatencyLimit[];
  readonly #response: View;
  readonly #service: View;
  /** Of answers alone, response times. */
  readonly #answers = { n: 0, sumMs: 0, maxMs: 0, minMs: Number.POSITIVE_INFINITY };
  readonly #unanswered = new Map<number, number>();
  readonly #codes = new Map<string, number>();
  #reconnects = 0;
  #late = 0;
  #scheduled = 0;

  constructor(limits: readonly LatencyLimit[]) {
    this.#limits = limits;
    this.#response = new View(limits.length);
    this.#service = new View(limits.length);
  }

  get isEmpty(): boolean {
    return this.#response.n === 0 && this.open === 0;
  }

  /** `times`: of so many requests alike. */
  record(outcome: Outcome, times = 1): void {
    const bin = this.#response.record(outcome.responseMs, outcome.responseError, times);
    if (outcome.unanswered) addTo(this.#unanswered, bin, times);
    else addAnswer(this.#answers, outcome.responseMs, times);
    if (outcome.sent) this.#service.record(outcome.serviceMs, outcome.serviceError, times);
    addTo(this.#codes, outcome.code, times);
    if (outcome.reconnected) this.#reconnects += times;
    if (outcome.scheduled) this.#scheduled += times;
    if (outcome.late) this.#late += times;
    for (let index = 0; index < this.#limits.length; index++) {
      const limit = this.#limits[index]!;
      if (outcome.unanswered || isBeyond(outcome.responseMs, limit)) this.#response.bad[index]! += times;
      if (
        outcome.sent &&
        ((outcome.unanswered && outcome.maybeAnswered !== true) || isBeyond(outcome.serviceMs, limit))
      )
        this.#service.bad[index]! += times;
    }
  }

  /** Everything resolved. */
  tally(): Tally {
    const limits: Record<string, LimitCount> = {};
    for (const [index, limit] of this.#limits.entries()) {
      limits[limitKey(limit)] = {
        response: { n: this.#response.n, bad: this.#response.bad[index]! },
        service: { n: this.#service.n, bad: this.#service.bad[index]! },
      };
    }
    return {
      response: this.#response.toTally(),
      service: this.#service.toTally(),
      answers: {
        sumMs: this.#answers.sumMs,
        maxMs: this.#answers.maxMs,
        minMs: this.#answers.n === 0 ? 0 : this.#answers.minMs,
        unanswered: [...this.#unanswered].toSorted((a, b) => a[0] - b[0]),
      },
      limits,
      codes: Object.fromEntries(this.#codes),
      reconnects: this.#reconnects,
      late: { n: this.#scheduled, bad: this.#late },
    };
  }

  /**
   * Adds all of another one with the same limits, its unresolved requests as errors with latency T in the response view and absent
   * from the service view.
   */
  add(other: Slice, capMs: number): void {
    this.#response.add(other.#response);
    this.#service.add(other.#service);
    const { n, sumMs, maxMs, minMs } = other.#answers;
    this.#answers.n += n;
    this.#answers.sumMs += sumMs;
    this.#answers.maxMs = Math.max(this.#answers.maxMs, maxMs);
    this.#answers.minMs = Math.min(this.#answers.minMs, minMs);
    for (const [bin, times] of other.#unanswered) addTo(this.#unanswered, bin, times);
    for (const [code, times] of other.#codes) addTo(this.#codes, code, times);
    this.#reconnects += other.#reconnects;
    this.#late += other.#late;
    this.#scheduled += other.#scheduled;
    if (other.open > 0) this.record(unresolvedAt(capMs), other.open);
  }
}

function unresolvedAt(capMs: number): Outcome {
  return {
    code: 'unresolved',
    responseMs: capMs,
    responseError: true,
    sent: false,
    serviceMs: 0,
    serviceError: false,
    unanswered: true,
    late: false,
    scheduled: false,
    reconnected: false,
  };
}

function addTo<Key>(counts: Map<Key, number>, key: Key, times: number): void {
  counts.set(key, (counts.get(key) ?? 0) + times);
}

function addAnswer(
  answers: { n: number; sumMs: number; maxMs: number; minMs: number },
  ms: number,
  times: number,
): void {
  answers.n += times;
  answers.sumMs += ms * times;
  if (ms > answers.maxMs) answers.maxMs = ms;
  if (ms < answers.minMs) answers.minMs = ms;
}

/** Compared before any rounding. */
function isBeyond(ms: number, limit: LatencyLimit): boolean {
  return limit.side === 'upper' ? ms > limit.limitMs : ms >= limit.limitMs;
}
