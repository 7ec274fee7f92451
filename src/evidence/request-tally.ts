/**
 * What was counted about the requests of one version (or one of its endpoints): plain data that adds up.
 *
 * Each request is seen twice (docs/method.md 0.2): as *response* (from the intended start; decides `satisfied`) and as
 * *service* (from the actual send; decides `violated`). A request that was never sent is an error in the first view and
 * absent from the second.
 */

/** `bad` of `n` requests. */
export interface Count {
  readonly n: number;
  readonly bad: number;
}

/**
 * A latency histogram in HDR layout: non-empty bins only, `[index, count]` in increasing order of index, over whole
 * microseconds. `latency-histogram.ts` maps an index to the edges of its bin.
 */
export type SparseHistogram = readonly (readonly [index: number, count: number])[];

/** One of the two views of the same requests. */
export interface TallyView {
  /** Requests in this view. */
  readonly n: number;
  /** Of these: code >= 400, transport failure or timeout. */
  readonly errors: number;
  /** Latencies, capped at the timeout. Sum of counts = n. */
  readonly histogram: SparseHistogram;
  /** Sum of the same latencies in ms, exact but for rounding. */
  readonly sumMs: number;
  /** Largest latency in ms, 0 without requests. */
  readonly maxMs: number;
  /** Smallest latency in ms, 0 without requests. */
  readonly minMs: number;
}

/**
 * Key of a latency limit that is counted exactly when a request is recorded, before any rounding: `>500` counts
 * latencies above 500 ms (upper limits), `>=500` those at or above it (lower limits). Made by `limitKey`.
 */
export type LimitKey = string;

/** The exact counters at one limit, in both views. */
export interface LimitCount {
  readonly response: Count;
  readonly service: Count;
}

/** Those that are no hits, seen from the other side: the fewest hits leave the most of them. */
export function othersOf({ response, service }: LimitCount): LimitCount {
  const others = ({ n, bad }: Count): Count => ({ n, bad: n - bad });
  return { response: others(service), service: others(response) };
}

/** What the latencies of HTTP answers are, apart from what other requests are counted as: see `answersOf`. */
export interface AnswerTimes {
  /** Response times of answers alone, in ms; 0 without any. */
  readonly sumMs: number;
  readonly maxMs: number;
  readonly minMs: number;
  /** The part of the response view's histogram that stands for requests without an answer. */
  readonly unanswered: SparseHistogram;
}

export interface Tally {
  readonly response: TallyView;
  readonly service: TallyView;
  /** Absent: every request was answered, as far as is known. */
  readonly answers?: AnswerTimes | undefined;
  /** Counters at each limit; their `n` equals the `n` of the views of the same tally. */
  readonly limits: Readonly<Record<LimitKey, LimitCount>>;
  /**
   * Final outcomes: HTTP codes (`"200"`, `"503"`) and classes of failure (`connect`, `reset`, `tls`, `dns`, `timeout`,
   * `other`), and `unsent` for requests that were never sent for want of our own means.
   */
  readonly codes: Readonly<Record<string, number>>;
  /** GETs sent again on a fresh connection (docs/behavior.md 5). */
  readonly reconnects: number;
  /** Requests that our own timers or event loop sent late (docs/method.md 0.8), of those sent on a schedule. */
  readonly late: Count;
}

/** Whether one of these requests got an HTTP answer. */
export function hasAnswer({ codes }: Tally): boolean {
  return Object.keys(codes).some((code) => /^\d+$/.test(code));
}

/**
 * The response times of HTTP answers alone: what is shown. A refused connection is counted as a latency of the timeout, since no
 * limit may be satisfied by it, but nobody waited for it.
 */
export function answersOf({ response, answers }: Tally): Omit<TallyView, 'errors'> {
  if (answers === undefined) return response;
  const { unanswered, ...times } = answers;
  const without = new Map(unanswered);
  const histogram = response.histogram
    .map(([index, count]) => [index, count - (without.get(index) ?? 0)] as const)
    .filter(([, count]) => count > 0);
  return { n: response.n - countOf(unanswered), histogram, ...times };
}

function countOf(histogram: SparseHistogram): number {
  return histogram.reduce((sum, [, count]) => sum + count, 0);
}

/** A latency limit to count at, in ms. `upper`: bad is above it; `lower`: counted is at or above it. */
export interface LatencyLimit {
  readonly limitMs: number;
  readonly side: 'upper' | 'lower';
}

export function limitKey(limit: LatencyLimit): LimitKey {
  return `${limit.side === 'upper' ? '>' : '>='}${limit.limitMs}`;
}

const EMPTY_VIEW: TallyView = { n: 0, errors: 0, histogram: [], sumMs: 0, maxMs: 0, minMs: 0 };

export const EMPTY_TALLY: Tally = {
  response: EMPTY_VIEW,
  service: EMPTY_VIEW,
  limits: {},
  codes: {},
  reconnects: 0,
  late: { n: 0, bad: 0 },
};

function addCount(a: Count, b: Count): Count {
  return { n: a.n + b.n, bad: a.bad + b.bad };
}

/** The union of two disjoint sets of requests, bin by bin. */
export function addHistogram(a: SparseHistogram, b: SparseHistogram): SparseHistogram {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const sum: [number, number][] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const x = a[i];
    const y = b[j];
    if (y === undefined || (x !== undefined && x[0] < y[0])) {
      sum.push([x![0], x![1]]);
      i++;
    } else if (x === undefined || y[0] < x[0]) {
      sum.push([y[0], y[1]]);
      j++;
    } else {
      sum.push([x[0], x[1] + y[1]]);
      i++;
      j++;
    }
  }
  return sum;
}

function addView(a: TallyView, b: TallyView): TallyView {
  if (a.n === 0) return b;
  if (b.n === 0) return a;
  return {
    n: a.n + b.n,
    errors: a.errors + b.errors,
    histogram: addHistogram(a.histogram, b.histogram),
    sumMs: a.sumMs + b.sumMs,
    maxMs: Math.max(a.maxMs, b.maxMs),
    minMs: Math.min(a.minMs, b.minMs),
  };
}

function addAnswers(a: Tally, b: Tally): Pick<Tally, 'answers'> {
  if (a.answers === undefined && b.answers === undefined) return {};
  const x = answersOf(a);
  const y = answersOf(b);
  const unanswered = addHistogram(a.answers?.unanswered ?? [], b.answers?.unanswered ?? []);
  const { sumMs, maxMs, minMs } = addView({ ...x, errors: 0 }, { ...y, errors: 0 });
  return { answers: { sumMs, maxMs, minMs, unanswered } };
}

function addLimitCount(a: LimitCount, b: LimitCount): LimitCount {
  return { response: addCount(a.response, b.response), service: addCount(a.service, b.service) };
}

function addRecords<T>(
  a: Readonly<Record<string, T>>,
  b: Readonly<Record<string, T>>,
  add: (x: T, y: T) => T,
): Record<string, T> {
  const sum = new Map(Object.entries(a));
  for (const [key, value] of Object.entries(b)) {
    const present = sum.get(key);
    sum.set(key, present === undefined ? value : add(present, value));
  }
  return Object.fromEntries(sum);
}

/**
 * Everything counted in `a` and `b`, which must be about different requests. Commutative and associative.
 *
 * A limit that only one of them knows is kept with the `n` it has there, so its `n` may be smaller than the views': it was
 * not counted for the others.
 */
export function addTally(a: Tally, b: Tally): Tally {
  return {
    response: addView(a.response, b.response),
    service: addView(a.service, b.service),
    ...addAnswers(a, b),
    limits: addRecords(a.limits, b.limits, addLimitCount),
    codes: addRecords(a.codes, b.codes, (x, y) => x + y),
    reconnects: a.reconnects + b.reconnects,
    late: addCount(a.late, b.late),
  };
}

/** An answer that leads elsewhere, which the load does not follow. */
export const isRedirect = (code: string): boolean => /^3\d\d$/.test(code);
