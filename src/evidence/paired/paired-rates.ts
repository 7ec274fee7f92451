/**
 * Shares of two versions, from randomised pairs of requests of one schedule: how often only A, only B, both or neither were
 * hits (errors, latencies above a limit, conversions).
 *
 * The bets are constant, so the evidence depends on these four counts alone, not on the order of the pairs, and may be
 * looked at after every pair; it is monotone in the limit, so bounds and verdicts cannot disagree. "p95 at most 5 % slower"
 * is approached by the share above a latency limit that was fixed beforehand (docs/method.md 1.4).
 *
 * Pairs are matched by schedule index and counted when both are resolved (docs/method.md 0.5): never as they complete,
 * or the slow ones come too late to be seen. Source: docs/method.md 0.5, 1.4.
 */
import type { Bounds, Comparison, TwoSidedEvidence } from '../two-versions/comparison.ts';
import { halved } from '../bisection.ts';
import { DIFFERENCE_BETS, lnMeanExp, NODES } from '../betting-grid.ts';

/** Pairs by what they hit. Plain data. */
export interface SharePairs {
  readonly neither: number;
  readonly onlyA: number;
  readonly onlyB: number;
  readonly both: number;
}

export const EMPTY_SHARE_PAIRS: SharePairs = { neither: 0, onlyA: 0, onlyB: 0, both: 0 };

/** The union of two disjoint sets of pairs. */
export function addSharePairs(one: SharePairs, other: SharePairs): SharePairs {
  return {
    neither: one.neither + other.neither,
    onlyA: one.onlyA + other.onlyA,
    onlyB: one.onlyB + other.onlyB,
    both: one.both + other.both,
  };
}

/** With the log wealth of every node. */
export interface SharePairEvidence extends TwoSidedEvidence {
  readonly nodesBelow: Float64Array;
  readonly nodesAbove: Float64Array;
}

/** ln of the evidence that B's share is below ratio * A's + plus, and above it. The cap of a share is 1. */
export function lnSharePairs(pairs: SharePairs, { ratio, plus }: Omit<Comparison, 'cap'>): SharePairEvidence {
  // D = x_B - ratio x_A - plus, in [-(ratio + plus), 1 - plus].
  const rows = [
    [pairs.neither, -plus],
    [pairs.onlyA, -ratio - plus],
    [pairs.onlyB, 1 - plus],
    [pairs.both, 1 - ratio - plus],
  ] as const;
  const below = new Float64Array(NODES);
  const above = new Float64Array(NODES);
  for (const [count, difference] of rows) {
    if (count === 0 || difference === 0) continue;
    for (let j = 0; j < NODES; j++) {
      const bet = DIFFERENCE_BETS[j]! * difference;
      below[j]! += count * Math.log1p(-bet / (1 - plus));
      above[j]! += count * Math.log1p(bet / (ratio + plus));
    }
  }
  return { lnBelow: lnMeanExp(below), lnAbove: lnMeanExp(above), nodesBelow: below, nodesAbove: above };
}

/** With the confidence of the threshold B's share is between `lower` and `upper` times A's. */
export function shareRatioBounds(pairs: SharePairs, lnThreshold: number): Bounds {
  // A ratio in (0, infinity) as its odds in (0, 1).
  const at = (middle: number) => lnSharePairs(pairs, { ratio: middle / (1 - middle), plus: 0 });
  return bounds({ from: 0, to: 1, at, lnThreshold, shown: (middle) => middle / (1 - middle) });
}

/** With the confidence of the threshold B's share minus A's is between `lower` and `upper`. */
export function shareDifferenceBounds(pairs: SharePairs, lnThreshold: number): Bounds {
  const at = (plus: number) => lnSharePairs(pairs, { ratio: 1, plus });
  return bounds({ from: -1, to: 1, at, lnThreshold, shown: (plus) => plus });
}

const STEPS = 40;
/** Nearer to the end of the range than this a bound says nothing. */
const EDGE = 1e-6;

function bounds({
  from,
  to,
  at,
  lnThreshold,
  shown,
}: {
  readonly from: number;
  readonly to: number;
  readonly at: (limit: number) => TwoSidedEvidence;
  readonly lnThreshold: number;
  readonly shown: (limit: number) => number;
}): Bounds {
  const low = from + EDGE;
  const high = to - EDGE;
  const upper = at(high).lnBelow >= lnThreshold;
  const lower = at(low).lnAbove >= lnThreshold;
  // Errs to the wide side.
  const change = (holds: (limit: number) => boolean) => halved(low, high, { steps: STEPS, holds });
  return {
    ...(lower ? { lower: shown(change((limit) => at(limit).lnAbove < lnThreshold).before) } : {}),
    ...(upper ? { upper: shown(change((limit) => at(limit).lnBelow >= lnThreshold).from) } : {}),
  };
}
