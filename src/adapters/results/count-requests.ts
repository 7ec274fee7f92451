/**
 * Counts the requests of one window of observation: a run of a tool, or a file of a log. Memory does not grow with the number of requests.
 *
 * A file that may lack requests which were under way when it ended has too few slow ones among its last: those that started in the
 * last `inFlightMs` are left out, so that every request of what is counted has surely ended (docs/method.md 0.4, 0.7). A log that
 * began in the middle of traffic has too few fast ones among its first: what started before its first line is left out.
 */
import { Slice } from '../../evidence/slice-counts.ts';
import { addTally, type LatencyLimit, type Tally } from '../../evidence/request-tally.ts';
import type { MeasuredRequest } from './measured-request.ts';

export interface CountSettings {
  /** Of the request's `field`, by value; undefined: all are of the only version. */
  readonly split?: { readonly field: string; readonly versions: ReadonlyMap<string, string> } | undefined;
  /** In place of `split`: the version of a request; undefined: of none. */
  readonly versionOf?: ((request: MeasuredRequest) => string | undefined) | undefined;
  readonly versions: readonly string[];
  readonly limits: readonly LatencyLimit[];
  /** What the latency of a request without an answer counts as, ms. */
  readonly unansweredMs: number;
  /** Latencies above it count as it. */
  readonly capMs?: number | undefined;
}

export interface Window {
  /** Undefined: nothing is missing at the end. */
  readonly inFlightMs?: number | undefined;
  readonly isLog: boolean;
  readonly startErrorMs: number;
}

/** From the first to the last of some times; of none, from infinity to its negative. */
export interface Span {
  readonly firstMs: number;
  readonly lastMs: number;
}

const EMPTY_SPAN: Span = { firstMs: Number.POSITIVE_INFINITY, lastMs: Number.NEGATIVE_INFINITY };

const spanOfBoth = (a: Span, b: Span): Span => ({
  firstMs: Math.min(a.firstMs, b.firstMs),
  lastMs: Math.max(a.lastMs, b.lastMs),
});

/** Requests that started near to one another, which are counted or left out together. */
interface Place {
  readonly slices: Map<string, Slice>;
  starts: Span;
}

export interface CountedWindow {
  /** By version; of those without a request: absent. */
  readonly tallies: ReadonlyMap<string, Tally>;
  readonly n: number;
  /** Of those that are counted. */
  readonly starts: Span;
  readonly lastEndMs: number;
  readonly longestMs: number;
  /** Requests that started too near to the end, or before the beginning. */
  readonly leftOut: { readonly atEnd: number; readonly atStart: number };
  /** Requests of none of the versions. */
  readonly ofOthers: number;
  /** Some took longer than what was taken for the longest: more may be missing than was left out. */
  readonly isOutlasted: boolean;
  /**
   * Some ended long before its first line, or the last one long before others: it is not in the order of time, and what was left
   * out was not about the beginning, or the end.
   */
  readonly isUnordered: boolean;
}

export class RequestCounter {
  readonly #settings: CountSettings;
  readonly #window: Window;
  readonly #closed = new Map<string, Tally>();
  /** Of a window without an open end, everything. */
  readonly #open = new Map<number, Place>();
  readonly #widthMs: number;
  #n = 0;
  #ofOthers = 0;
  #atStart = 0;
  #isUnordered = false;
  #starts = EMPTY_SPAN;
  #firstEndMs: number | undefined;
  #lastEndMs = Number.NEGATIVE_INFINITY;
  /** Of the line that came last. */
  #latestLineMs = Number.POSITIVE_INFINITY;
  #longestMs = 0;

  constructor(settings: CountSettings, window: Window) {
    this.#settings = settings;
    this.#window = window;
    this.#widthMs = Math.max(1000, (window.inFlightMs ?? 0) / 64);
  }

  add(request: MeasuredRequest): void {
    const { startMs, atMostMs } = request;
    const endMs = startMs + atMostMs;
    this.#firstEndMs ??= endMs;
    if (endMs > this.#lastEndMs) this.#lastEndMs = endMs;
    this.#latestLineMs = endMs;
    if (atMostMs > this.#longestMs) this.#longestMs = atMostMs;
    if (this.#window.isLog && startMs < this.#firstEndMs + this.#window.startErrorMs) {
      this.#atStart += 1;
      this.#isUnordered ||= this.#isLongBefore(endMs, this.#firstEndMs);
      return;
    }
    const version = this.#versionOf(request);
    if (version === undefined) {
      this.#ofOthers += 1;
      return;
    }
    this.#n += 1;
    const number = this.#window.inFlightMs === undefined ? 0 : Math.floor(startMs / this.#widthMs);
    let place = this.#open.get(number);
    if (place === undefined) {
      this.#closeBefore(this.#lastEndMs);
      place = { slices: new Map(), starts: EMPTY_SPAN };
      this.#open.set(number, place);
    }
    if (startMs < place.starts.firstMs || startMs > place.starts.lastMs)
      place.starts = spanOfBoth(place.starts, { firstMs: startMs, lastMs: startMs });
    let slice = place.slices.get(version);
    if (slice === undefined) {
      slice = new Slice(this.#settings.limits);
      place.slices.set(version, slice);
    }
    slice.record(this.#outcome(request));
  }

  end(): CountedWindow {
    this.#closeBefore(this.#lastEndMs);
    let atEnd = 0;
    const { inFlightMs } = this.#window;
    for (const place of this.#open.values()) {
      if (inFlightMs === undefined) this.#close(place);
      else for (const slice of place.slices.values()) atEnd += slice.tally().response.n;
    }
    this.#open.clear();
    return {
      tallies: this.#closed,
      n: this.#n - atEnd,
      starts: this.#starts,
      lastEndMs: this.#lastEndMs,
      longestMs: this.#longestMs,
      leftOut: { atEnd, atStart: this.#atStart },
      ofOthers: this.#ofOthers,
      isOutlasted: inFlightMs !== undefined && this.#longestMs > inFlightMs,
      isUnordered:
        this.#isUnordered || (inFlightMs !== undefined && this.#isLongBefore(this.#latestLineMs, this.#lastEndMs)),
    };
  }

  #isLongBefore(endMs: number, otherMs: number): boolean {
    const { inFlightMs = 0, startErrorMs } = this.#window;
    return endMs < otherMs - inFlightMs - startErrorMs;
  }

  /** All slices whose requests have surely ended by then. */
  #closeBefore(nowMs: number): void {
    const { inFlightMs, startErrorMs } = this.#window;
    if (inFlightMs === undefined) return;
    for (const [number, place] of this.#open) {
      if ((number + 1) * this.#widthMs + startErrorMs > nowMs - inFlightMs) continue;
      this.#close(place);
      this.#open.delete(number);
    }
  }

  #close({ slices, starts }: Place): void {
    this.#starts = spanOfBoth(this.#starts, starts);
    for (const [version, slice] of slices) {
      const present = this.#closed.get(version);
      this.#closed.set(version, present === undefined ? slice.tally() : addTally(present, slice.tally()));
    }
  }

  #versionOf(request: MeasuredRequest): string | undefined {
    const { split, versions, versionOf } = this.#settings;
    if (versionOf !== undefined) return versionOf(request);
    if (split === undefined) return versions[0];
    const value = request.field(split.field);
    return value === undefined ? undefined : split.versions.get(value);
  }

  #outcome(request: MeasuredRequest): Parameters<Slice['record']>[0] {
    const { code, error, atLeastMs, atMostMs } = request;
    const { unansweredMs, capMs = Number.POSITIVE_INFINITY } = this.#settings;
    const unanswered = request.unanswered !== false;
    const maybeAnswered = request.unanswered === 'perhaps';
    return {
      code,
      responseMs: unanswered ? Math.max(unansweredMs, Math.min(atMostMs, capMs)) : Math.min(atMostMs, capMs),
      responseError: error,
      sent: true,
      // Where the timeout is not known, what is taken for it must condemn nobody.
      serviceMs:
        unanswered && !maybeAnswered && this.#settings.capMs !== undefined ? capMs : Math.min(atLeastMs, capMs),
      serviceError: error,
      unanswered,
      maybeAnswered,
      late: false,
      scheduled: false,
      reconnected: false,
    };
  }
}

/** So many requests of which nothing is known: failures for `satisfied`, absent for `violated` (docs/method.md 0.4). */
export function unresolvedTally(n: number, { limits, unansweredMs }: CountSettings): Tally {
  const unresolved = new Slice(limits);
  unresolved.open = n;
  const sum = new Slice(limits);
  sum.add(unresolved, unansweredMs);
  return sum.tally();
}
