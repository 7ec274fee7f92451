/** Counters at latency limits that were not counted when a load ran, from its histograms. Pure. */
import { binEdgesMs } from '../evidence/latency-histogram.ts';
import {
  limitKey,
  type Count,
  type LatencyLimit,
  type SparseHistogram,
  type Tally,
} from '../evidence/request-tally.ts';
import { readTally, storeTally, type StoredTally } from '../judge/record/stored-record.ts';

/** The counters at these limits: those that were kept, or what the histograms say, to the disadvantage of every verdict. */
export function withLimits(stored: StoredTally, limits: readonly LatencyLimit[]): StoredTally {
  const tally = readTally(stored);
  const counters: Record<string, { readonly response: Count; readonly service: Count }> = { ...tally.limits };
  for (const limit of limits) {
    const key = limitKey(limit);
    if (counters[key]?.response.n !== tally.response.n) counters[key] = countersAt(tally, limit);
  }
  return storeTally({ ...tally, limits: counters });
}

/**
 * In response time a divided bin counts as beyond the limit, in service time as within it: for upper limits `satisfied` looks
 * at the first and `violated` at the second, for lower limits the other way round (judge.ts), so both are helped least.
 */
function countersAt({ response, service }: Tally, { limitMs }: LatencyLimit): { response: Count; service: Count } {
  const beyond = (histogram: SparseHistogram, isBeyond: (low: number, high: number) => boolean): number =>
    histogram.reduce((sum, [index, n]) => {
      const { lowMs, highMs } = binEdgesMs(index);
      return isBeyond(lowMs, highMs) ? sum + n : sum;
    }, 0);
  const surely = (low: number) => low > limitMs;
  const perhaps = (_: number, high: number) => high >= limitMs;
  return {
    response: { n: response.n, bad: beyond(response.histogram, perhaps) },
    service: { n: service.n, bad: beyond(service.histogram, surely) },
  };
}
