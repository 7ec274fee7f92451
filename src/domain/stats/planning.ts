/** How many requests a verdict takes. Source: statistics.md 0.3, 0.10, 1.7. */
import { lnSatisfied, lnViolated } from './counts.ts';
import type { Count } from './tally.ts';

export function requestsStillNeeded(question: {
  readonly count: Count;
  readonly p0: number;
  readonly lnSatisfiedNeeded: number;
  readonly lnViolatedNeeded: number;
}): number | undefined {
  const { count, p0 } = question;
  if (count.n === 0) return undefined;
  const rate = count.bad / count.n;
  if (rate === p0) return undefined;
  const reached = (k: number) => {
    const more = { n: count.n + k, bad: count.bad + k * rate };
    return rate < p0
      ? lnSatisfied(more, p0) >= question.lnSatisfiedNeeded
      : lnViolated(more, p0) >= question.lnViolatedNeeded;
  };
  let high = 1;
  while (!reached(high)) {
    high *= 2;
    if (high > 1e9) return undefined;
  }
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const mid = Math.floor((low + high) / 2);
    if (reached(mid)) high = mid;
    else low = mid;
  }
  return high;
}

export function fewestRequests(p0: number, lnThreshold: number): number {
  let high = 1;
  while (lnSatisfied({ n: high, bad: 0 }, p0) < lnThreshold) high *= 2;
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const mid = Math.floor((low + high) / 2);
    if (lnSatisfied({ n: mid, bad: 0 }, p0) >= lnThreshold) high = mid;
    else low = mid;
  }
  return high;
}

export function expectedRequests(question: {
  readonly p0: number;
  readonly truth: number;
  readonly lnThreshold: number;
  readonly side: 'satisfied' | 'violated';
}): number {
  const { p0, truth: p1, lnThreshold, side } = question;
  const kl = (p1 === 0 ? 0 : p1 * Math.log(p1 / p0)) + (p1 === 1 ? 0 : (1 - p1) * Math.log((1 - p1) / (1 - p0)));
  const n = ((side === 'satisfied' ? 1.3 : 1.7) * lnThreshold) / kl;
  return Math.max(n, side === 'satisfied' ? fewestRequests(p0, lnThreshold) : 0);
}

export function meanExpectedRequests(question: {
  readonly limitMs: number;
  readonly capMs: number;
  readonly truthMs: number;
  readonly lnThreshold: number;
}): number {
  const { limitMs: m, capMs, truthMs, lnThreshold } = question;
  return Math.ceil((1.3 * lnThreshold) / Math.log1p((m - truthMs) / (capMs - m)));
}
