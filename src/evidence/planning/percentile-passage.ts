/** Pairs of requests until a relative limit on a percentile is decided. Source: docs/method.md 0.5, 1.7. */
import type { ValuePair } from '../paired/paired-means.ts';
import { addPercentilePairs, emptyPercentilePairs, lnPercentilePairs } from '../paired/paired-percentiles.ts';
import { binEdgesMs } from '../latency-histogram.ts';
import type { SparseHistogram } from '../request-tally.ts';
import type { Comparison } from '../two-versions/comparison.ts';
import { firstWhere } from '../bisection.ts';
import { plannedUniform } from './planned-uniform.ts';
import { fromInformation, fromRuns, NONE, scaled, type NeededRequests } from './quantiles.ts';

/** Latencies of both versions, which are alike and independent. */
export interface LatencySpread {
  /** The part of the requests above a latency, in ms. */
  readonly above: (ms: number) => number;
  /** The latency that this part of the requests exceeds. */
  readonly exceededBy: (part: number) => number;
}

/** Assumed: as wide as the mean. */
export function exponentialSpread(meanMs: number): LatencySpread {
  return {
    above: (ms) => Math.exp(-Math.max(0, ms) / meanMs),
    exceededBy: (part) => -meanMs * Math.log(part),
  };
}

/** As a short probe or an earlier run showed it; undefined without any request. */
export function measuredSpread(histogram: SparseHistogram): LatencySpread | undefined {
  const n = histogram.reduce((sum, [, count]) => sum + count, 0);
  if (n === 0) return undefined;
  let left = n;
  /** Each bin with the part of the requests from it on, and beyond it. */
  const bins = histogram.map(([index, count]) => {
    const from = left / n;
    left -= count;
    return { ...binEdgesMs(index), from, beyond: left / n };
  });
  return {
    above: (ms) => {
      const bin = bins[firstWhere(bins.length, (at) => bins[at]!.highMs > ms)];
      if (bin === undefined) return 0;
      const part = Math.min(1, Math.max(0, (ms - bin.lowMs) / (bin.highMs - bin.lowMs)));
      return bin.from + part * (bin.beyond - bin.from);
    },
    exceededBy: (part) => {
      const at = firstWhere(bins.length, (index) => bins[index]!.beyond <= part);
      const { lowMs, highMs, from, beyond } = bins[Math.min(at, bins.length - 1)]!;
      return lowMs + (highMs - lowMs) * Math.min(1, Math.max(0, (from - part) / (from - beyond)));
    },
  };
}

/** Places around the percentile that are looked at, by the part of A's requests above them, from this part of p on to so many times p. */
const PLACES = 41;
const FARTHEST = 4;

export interface PercentilePairsQuestion extends LatencySpread {
  readonly percent: number;
  readonly comparison: Omit<Comparison, 'cap'>;
  /** ln(1/alpha). */
  readonly lnThreshold: number;
}

/** Pairs until the percentile of B, which is that of A, is shown to be below ratio * A's + plus (`paired-percentiles.ts`). */
export function pairsForPercentile(question: PercentilePairsQuestion): NeededRequests {
  const estimate = scaled(byInformation(question), LEAST_COSTS);
  return RUNS * estimate.average < MOST_PAIRS ? played(question, estimate.average) : estimate;
}

/** That the worst of many places must be settled, not one: measured factors are 1 to 2.7. */
const LEAST_COSTS = 1.5;
const RUNS = 24;
/** Pairs that are drawn at most: some tenths of a second. */
const MOST_PAIRS = 1e5;
/** A look after each so many percent more. */
const LOOKS = 0.06;

/** The rule itself, with latencies that are drawn: seeded. */
function played(
  { percent, comparison, lnThreshold, exceededBy }: PercentilePairsQuestion,
  estimate: number,
): NeededRequests {
  const random = plannedUniform(1);
  const most = 8 * estimate;
  const run = () => {
    let state = emptyPercentilePairs({ percent, ...comparison });
    for (let more = Math.ceil(estimate / 8); state.n < most; more = Math.ceil(LOOKS * state.n)) {
      const below = Array.from({ length: more }, (): ValuePair => [exceededBy(random()), exceededBy(random())]);
      state = addPercentilePairs(state, { below, above: [] });
      if (lnPercentilePairs(state).lnBelow >= lnThreshold) return state.n;
    }
    return Number.POSITIVE_INFINITY;
  };
  return fromRuns(Array.from({ length: RUNS }, run));
}

/** At the place that takes longest, by the bet that settles it first. */
function byInformation({
  percent,
  comparison: { ratio, plus },
  lnThreshold,
  above,
  exceededBy,
}: PercentilePairsQuestion): NeededRequests {
  const p0 = (100 - percent) / 100;
  let most = NONE;
  for (let k = 0; k < PLACES; k++) {
    const part = p0 * FARTHEST ** ((2 * k) / (PLACES - 1) - 1);
    if (part >= 1) continue;
    const place = exceededBy(part);
    const [partA, partB] = [above(place), above(ratio * place + plus)];
    const ways = [
      fromInformation(lnThreshold + Math.log(4), partA > p0 ? divergence(partA, p0) : 0),
      fromInformation(lnThreshold + Math.log(4), partB < p0 ? divergence(partB, p0) : 0),
      fromInformation(lnThreshold + Math.LN2, informationOfPairs(partA * (1 - partB), partB * (1 - partA))),
    ];
    const best = ways.reduce((least, one) => (one.average < least.average ? one : least));
    if (best.average > most.average) most = best;
  }
  return most;
}

/** Of one request, where the part that exceeds a place is another than supposed. */
function divergence(part: number, supposed: number): number {
  const term = (x: number, y: number) => (x === 0 ? 0 : x * Math.log(x / y));
  return term(part, supposed) + term(1 - part, 1 - supposed);
}

/** Of one pair: that only A is hit is more frequent than that only B is. */
export function informationOfPairs(onlyA: number, onlyB: number): number {
  const sum = onlyA + onlyB;
  if (onlyA <= onlyB) return 0;
  return sum * divergence(onlyA / sum, 1 / 2);
}
