/** Evidence from counts. Source: statistics.md 0.1, 1.1. */
import { BELOW_BETS, countAboveBets, lnMeanExp, NODES } from './grid.ts';
import type { Count } from './tally.ts';

export function lnSatisfied({ n, bad }: Count, p0: number): number {
  const odds = p0 / (1 - p0);
  const logs = new Float64Array(NODES);
  for (let j = 0; j < NODES; j++) {
    const c = BELOW_BETS[j]!;
    logs[j] = (bad === 0 ? 0 : bad * Math.log1p(-c)) + (n - bad === 0 ? 0 : (n - bad) * Math.log1p(c * odds));
  }
  return lnMeanExp(logs);
}

export function lnViolated({ n, bad }: Count, p0: number): number {
  const odds = p0 / (1 - p0);
  const bets = countAboveBets(p0);
  const logs = new Float64Array(NODES);
  for (let j = 0; j < NODES; j++) {
    const d = bets[j]!;
    logs[j] = (bad === 0 ? 0 : bad * Math.log1p(d / odds)) + (n - bad === 0 ? 0 : (n - bad) * Math.log1p(-d));
  }
  return lnMeanExp(logs);
}

/** Smallest p that is shown to bound the rate from above. */
export function upperBound(count: Count, lnThreshold: number): number {
  if (count.n === 0) return 1;
  let [low, high] = [0, 1];
  for (let i = 0; i < 100 && high - low > 1e-15; i++) {
    const mid = (low + high) / 2;
    if (mid > 0 && mid < 1 && lnSatisfied(count, mid) >= lnThreshold) high = mid;
    else low = mid;
  }
  return high;
}

export function lowerBound(count: Count, lnThreshold: number): number {
  if (count.n === 0) return 0;
  let [low, high] = [0, 1];
  for (let i = 0; i < 100 && high - low > 1e-15; i++) {
    const mid = (low + high) / 2;
    if (mid > 0 && mid < 1 && lnViolated(count, mid) >= lnThreshold) low = mid;
    else high = mid;
  }
  return low;
}
