/** Requests until a rate is decided: exact first passage of the rule itself. Source: docs/method.md 0.3, 0.10. */
import { lnSatisfied, lnViolated } from '../one-sample/rate-bounds.ts';
import { FEWEST_FOR_VIOLATED } from '../verdict-thresholds.ts';
import { firstNumber } from './first-verdict.ts';
import { NEVER, scaled, type NeededRequests } from './quantiles.ts';

export interface ExpectationQuestion {
  readonly p0: number;
  /** The true rate. */
  readonly truth: number;
  readonly lnThreshold: number;
  readonly side: 'satisfied' | 'violated';
  /** No verdict before (violated: FEWEST_FOR_VIOLATED). */
  readonly fewest?: number | undefined;
}

/** Below this limit only the ratio of truth and limit matters: numbers scale as 1/p0. */
const SCALED_BELOW = 1e-3;
/** Longest walk that is computed step by step; what is then still open counts as so many requests. */
const MOST_STEPS = 200_000;
/** Probabilities below this are let go. */
const NEGLIGIBLE = 1e-10;

/**
 * Requests until the verdict, looking after every one: by dynamic programming over the number of bad requests. For limits below
 * 0.1 % scaled from there. Never when the truth does not lead to the verdict.
 */
export function requestsForRate(question: ExpectationQuestion): NeededRequests {
  const { p0, truth, side } = question;
  if (!(p0 > 0 && p0 < 1) || (side === 'satisfied' ? truth >= p0 : truth <= p0)) return NEVER;
  if (p0 < SCALED_BELOW) {
    const scale = SCALED_BELOW / p0;
    return scaled(requestsForRate({ ...question, p0: SCALED_BELOW, truth: Math.min(1, truth * scale) }), scale);
  }
  const boundary = side === 'satisfied' ? satisfiedBoundary(question) : violatedBoundary(question);
  // alive[i]: probability that i + offset requests are bad and nothing is decided yet.
  let offset = 0;
  let alive = [1];
  let decided = 0;
  let average = 0;
  const enough = {
    half: Number.POSITIVE_INFINITY,
    most: Number.POSITIVE_INFINITY,
    nearlyAll: Number.POSITIVE_INFINITY,
  };
  for (let n = 1; n <= MOST_STEPS; n++) {
    const next: number[] = [];
    let open = 0;
    for (let i = 0; i <= alive.length; i++) {
      const mass = (alive[i] ?? 0) * (1 - truth) + (i === 0 ? 0 : alive[i - 1]! * truth);
      if (mass > NEGLIGIBLE && boundary(n, i + offset)) {
        average += n * mass;
        decided += mass;
        next.push(0);
      } else {
        next.push(mass > NEGLIGIBLE ? mass : 0);
        open += next.at(-1)!;
      }
    }
    if (decided >= 0.5) enough.half = Math.min(enough.half, n);
    if (decided >= 0.8) enough.most = Math.min(enough.most, n);
    if (decided >= 0.95) enough.nearlyAll = Math.min(enough.nearlyAll, n);
    while (next.length > 0 && next.at(-1) === 0) next.pop();
    const leading = next.findIndex((mass) => mass > 0);
    if (leading > 0) {
      next.splice(0, leading);
      offset += leading;
    }
    alive = next;
    if (open < 1e-6) return { average: average + open * n, ...enough };
  }
  return { average: average + alive.reduce((sum, mass) => sum + mass, 0) * MOST_STEPS, ...enough };
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
function violatedBoundary({
  p0,
  lnThreshold,
  fewest = FEWEST_FOR_VIOLATED,
}: ExpectationQuestion): (n: number, bad: number) => boolean {
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
