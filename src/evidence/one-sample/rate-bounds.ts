/**
 * Evidence about a rate from counts: S bad of n against a limit p0. Error rates, and percentiles by counting the requests
 * beyond the limit (docs/method.md 0.1 to 0.3, 1.1, 1.2).
 *
 * Each node is the likelihood ratio of two Bernoulli rates, so the evidence is exact, depends on the counts alone, may be
 * looked at after every request, and is monotone in the limit: bounds and verdicts cannot disagree.
 */
import { aboveBetsForRate, BELOW_BETS, lnMeanExp, lnOnePlusRatio, NODES } from '../betting-grid.ts';
import { crossing } from '../crossing.ts';
import type { Count } from '../request-tally.ts';

/** What a request does to the log wealth of each node. */
interface RateLogs {
  readonly good: Float64Array;
  readonly bad: Float64Array;
}

const LN_BAD_BELOW = BELOW_BETS.map((bet) => Math.log1p(-bet));

function belowLogs(p0: number): RateLogs {
  const odds = p0 / (1 - p0);
  const good = new Float64Array(NODES);
  for (let j = 0; j < NODES; j++) good[j] = Math.log1p(BELOW_BETS[j]! * odds);
  return { good, bad: LN_BAD_BELOW };
}

function aboveLogs(p0: number): RateLogs {
  const odds = p0 / (1 - p0);
  const bets = aboveBetsForRate(p0);
  const [good, bad] = [new Float64Array(NODES), new Float64Array(NODES)];
  for (let j = 0; j < NODES; j++) {
    good[j] = Math.log1p(-bets[j]!);
    bad[j] = lnOnePlusRatio(bets[j]!, odds);
  }
  return { good, bad };
}

/** Limits are few and asked for often: their logs are kept. Bisection asks for many once, and bypasses this. */
const KEPT_LIMITS = 32;
const kept = { below: new Map<number, RateLogs>(), above: new Map<number, RateLogs>() };

function logsFor(side: 'below' | 'above', p0: number): RateLogs {
  const present = kept[side].get(p0);
  if (present !== undefined) return present;
  const logs = side === 'below' ? belowLogs(p0) : aboveLogs(p0);
  if (kept[side].size >= KEPT_LIMITS) kept[side].clear();
  kept[side].set(p0, logs);
  return logs;
}

const scratch = new Float64Array(NODES);

/** A row with count 0 is skipped: 0 x ln 0 is 0. */
function evidence({ good, bad }: RateLogs, count: Count): number {
  const goods = count.n - count.bad;
  for (let j = 0; j < NODES; j++) {
    scratch[j] = (count.bad === 0 ? 0 : count.bad * bad[j]!) + (goods === 0 ? 0 : goods * good[j]!);
  }
  return lnMeanExp(scratch);
}

/** ln of the evidence that the rate is below p0, 0 < p0 < 1. `bad` may be fractional. */
export function lnSatisfied(count: Count, p0: number): number {
  return evidence(logsFor('below', p0), count);
}

/** ln of the evidence that the rate is above p0, 0 < p0 < 1. */
export function lnViolated(count: Count, p0: number): number {
  return evidence(logsFor('above', p0), count);
}

/** Rates are between these; a bound is known when its interval is so narrow, relatively. */
const RATES = { start: 0, end: 1, narrow: 1e-13 };

/** Smallest limit that the counts satisfy at this threshold: with the confidence asked for the rate is at most this. 1 without data. */
export function upperBound(count: Count, lnThreshold: number): number {
  return count.n === 0 ? 1 : crossing(RATES, (p0) => evidence(belowLogs(p0), count) - lnThreshold).from;
}

/** Largest limit that the counts violate at this threshold: the rate is at least this. 0 where none was bad. */
export function lowerBound(count: Count, lnThreshold: number): number {
  return count.bad === 0 ? 0 : crossing(RATES, (p0) => lnThreshold - evidence(aboveLogs(p0), count)).before;
}
