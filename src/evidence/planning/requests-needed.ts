/** How many requests a verdict takes: before a run, and in the middle of one. Source: statistics.md 0.3, 0.10, 1.7. */
import { lnSatisfied, lnViolated } from '../one-sample/rate.ts';
import type { Count } from '../request-tally.ts';

/** Nothing is planned beyond. */
const MOST_REQUESTS = 1e9;

/** The smallest whole number from `from` on for which `holds`, which is false and then true; undefined beyond a billion. */
function firstNumber(from: number, holds: (n: number) => boolean): number | undefined {
  if (holds(from)) return from;
  let step = 1;
  while (!holds(from + step)) {
    step *= 2;
    if (from + step > MOST_REQUESTS) return undefined;
  }
  let low = from + Math.floor(step / 2);
  let high = from + step;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

export interface NeededQuestion {
  readonly count: Count;
  readonly p0: number;
  /** Natural logs. "Satisfied" is: the rate is below p0. */
  readonly lnSatisfiedNeeded: number;
  readonly lnViolatedNeeded: number;
  /** Of the requests to come; absent: as among those counted. */
  readonly rate?: number | undefined;
}

/**
 * Further requests that would settle it if the present rate of bad ones went on; at least 1. Undefined without data, when
 * the rate is the limit itself, and beyond a billion.
 */
export function requestsStillNeeded({
  count,
  p0,
  lnSatisfiedNeeded,
  lnViolatedNeeded,
  rate = count.bad / count.n,
}: NeededQuestion): number | undefined {
  if (count.n === 0) return undefined;
  if (rate === p0) return undefined;
  return firstNumber(1, (more) => {
    const then = { n: count.n + more, bad: count.bad + more * rate };
    return rate < p0 ? lnSatisfied(then, p0) >= lnSatisfiedNeeded : lnViolated(then, p0) >= lnViolatedNeeded;
  });
}

/** Requests without a bad one that first satisfy the limit: with fewer it cannot be satisfied, whatever they say. */
export function fewestRequests(p0: number, lnThreshold: number): number {
  return firstNumber(1, (n) => lnSatisfied({ n, bad: 0 }, p0) >= lnThreshold) ?? Number.POSITIVE_INFINITY;
}

export interface ExpectationQuestion {
  readonly p0: number;
  /** The true rate. */
  readonly truth: number;
  readonly lnThreshold: number;
  readonly side: 'satisfied' | 'violated';
  /** No verdict before (violated: 50). */
  readonly fewest?: number | undefined;
}

/** Below this limit only the ratio of truth and limit matters: numbers scale as 1/p0. */
const SCALED_BELOW = 1e-3;
/** Longest walk that is computed step by step; what is then still open counts as so many requests. */
const MOST_STEPS = 200_000;
/** Probabilities below this are let go. */
const NEGLIGIBLE = 1e-10;

/**
 * Mean number of requests until the verdict, looking after every one: exact first passage by dynamic programming over the
 * number of bad requests. For limits below 0.1 % scaled from there. Infinity when the truth never leads to the verdict.
 */
export function expectedRequests(question: ExpectationQuestion): number {
  const { p0, truth, side } = question;
  if (side === 'satisfied' ? truth >= p0 : truth <= p0) return Number.POSITIVE_INFINITY;
  if (p0 < SCALED_BELOW) {
    const scale = SCALED_BELOW / p0;
    return expectedRequests({ ...question, p0: SCALED_BELOW, truth: Math.min(1, truth * scale) }) * scale;
  }
  const boundary = side === 'satisfied' ? satisfiedBoundary(question) : violatedBoundary(question);
  // alive[i]: probability that i + offset requests are bad and nothing is decided yet.
  let offset = 0;
  let alive = [1];
  let expected = 0;
  for (let n = 1; n <= MOST_STEPS; n++) {
    const next: number[] = [];
    let open = 0;
    for (let i = 0; i <= alive.length; i++) {
      const mass = (alive[i] ?? 0) * (1 - truth) + (i === 0 ? 0 : alive[i - 1]! * truth);
      if (mass > NEGLIGIBLE && boundary(n, i + offset)) {
        expected += n * mass;
        next.push(0);
      } else {
        next.push(mass > NEGLIGIBLE ? mass : 0);
        open += next.at(-1)!;
      }
    }
    while (next.length > 0 && next.at(-1) === 0) next.pop();
    const leading = next.findIndex((mass) => mass > 0);
    if (leading > 0) {
      next.splice(0, leading);
      offset += leading;
    }
    alive = next;
    if (open < 1e-6) return expected + open * n;
  }
  return expected + alive.reduce((sum, mass) => sum + mass, 0) * MOST_STEPS;
}

/** Whether `bad` of n satisfy: from a number of requests on that is computed once for each number of bad ones. */
function satisfiedBoundary({ p0, lnThreshold, fewest = 0 }: ExpectationQuestion): (n: number, bad: number) => boolean {
  const first: number[] = [];
  return (n, bad) => {
    while (first.length <= bad) {
      const from = first.at(-1) ?? 1;
      first.push(
        firstNumber(from, (m) => lnSatisfied({ n: m, bad: first.length }, p0) >= lnThreshold) ??
          Number.POSITIVE_INFINITY,
      );
    }
    return n >= first[bad]! && n >= fewest;
  };
}

/** Whether `bad` of n violate: up to a number of requests that is computed once for each number of bad ones. */
function violatedBoundary({ p0, lnThreshold, fewest = 50 }: ExpectationQuestion): (n: number, bad: number) => boolean {
  const last: number[] = [];
  return (n, bad) => {
    while (last.length <= bad) {
      const k = last.length;
      const holds = (m: number) => lnViolated({ n: m, bad: k }, p0) >= lnThreshold;
      last.push(k === 0 || !holds(k) ? -1 : (firstNumber(k, (m) => !holds(m)) ?? Number.POSITIVE_INFINITY) - 1);
    }
    return n >= fewest && n <= last[bad]!;
  };
}

export interface MeanExpectationQuestion {
  readonly limitMs: number;
  readonly capMs: number;
  readonly truthMs: number;
  readonly lnThreshold: number;
  /** Of the limit. */
  readonly side: 'upper' | 'lower';
}

/** Ratio of what the mixture takes on average and what the best single bet would (statistics.md 1.7). */
const MIXTURE_FACTOR = 1.3;

/** Mean number of requests until a mean latency is satisfied, when latencies hardly vary: the bound of 1.7. */
export function meanExpectedRequests({ limitMs, capMs, truthMs, lnThreshold, side }: MeanExpectationQuestion): number {
  const gain = side === 'upper' ? (limitMs - truthMs) / (capMs - limitMs) : (truthMs - limitMs) / limitMs;
  return gain > 0 ? (MIXTURE_FACTOR * lnThreshold) / Math.log1p(gain) : Number.POSITIVE_INFINITY;
}
