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
  record(ms: number, error: boolean): number {
    this.n += 1;
    if (error) this.errors += 1;
    this.sumMs += ms;
    if (ms > this.maxMs) this.maxMs = ms;
    if (ms < this.minMs) this.minMs = ms;
    const bin = binIndex(Math.max(1, Math.round(ms * 1000)));
    this.bins.set(bin, (this.bins.get(bin) ?? 0) + 1);
    return bin;
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
  readonly #codes: Record<string, number> = {};
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

  record(outcome: Outcome): void {
    const bin = this.#response.record(outcome.responseMs, outcome.responseError);
    if (outcome.unanswered) this.#unanswered.set(bin, (this.#unanswered.get(bin) ?? 0) + 1);
    else addAnswer(this.#answers, outcome.responseMs);
    if (outcome.sent) this.#service.record(outcome.serviceMs, outcome.serviceError);
    this.#codes[outcome.code] = (this.#codes[outcome.code] ?? 0) + 1;
    if (outcome.reconnected) this.#reconnects += 1;
    if (outcome.scheduled) this.#scheduled += 1;
    if (outcome.late) this.#late += 1;
    for (let index = 0; index < this.#limits.length; index++) {
      const limit = this.#limits[index]!;
      if (outcome.unanswered || isBeyond(outcome.responseMs, limit)) this.#response.bad[index]! += 1;
      if (outcome.sent && (outcome.unanswered || isBeyond(outcome.serviceMs, limit))) this.#service.bad[index]! += 1;
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
      codes: { ...this.#codes },
      reconnects: this.#reconnects,
      late: { n: this.#scheduled, bad: this.#late },
    };
  }

  /** All of it, with unresolved requests as errors with latency T in the response view and absent from the service view. */
  checkpoint(capMs: number): Tally {
    const copy = new Slice(this.#limits);
    for (let i = 0; i < this.open; i++) {
      copy.record({
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
      });
    }
    return copy.tally();
  }
}

function addAnswer(answers: { n: number; sumMs: number; maxMs: number; minMs: number }, ms: number): void {
  answers.n += 1;
  answers.sumMs += ms;
  if (ms > answers.maxMs) answers.maxMs = ms;
  if (ms < answers.minMs) answers.minMs = ms;
}

/** Compared before any rounding. */
function isBeyond(ms: number, limit: LatencyLimit): boolean {
  return limit.side === 'upper' ? ms > limit.limitMs : ms >= limit.limitMs;
}
