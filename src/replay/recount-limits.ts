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
 * at the first and `violated` at the second, for lower limits the other way round (judge.ts), so both are helped least. A request
 * without an answer stands in the bin of the timeout, and is beyond every limit (docs/method.md 0.2).
 */
function countersAt(
  { response, service, answers }: Tally,
  { limitMs }: LatencyLimit,
): { response: Count; service: Count } {
  const unanswered = new Map(answers?.unanswered);
  const sum = (histogram: SparseHistogram, beyondOf: (bin: number, n: number) => number): number =>
    histogram.reduce((bad, [bin, n]) => bad + beyondOf(bin, n), 0);
  return {
    response: {
      n: response.n,
      bad: sum(response.histogram, (bin, n) => (binEdgesMs(bin).highMs >= limitMs ? n : (unanswered.get(bin) ?? 0))),
    },
    service: { n: service.n, bad: sum(service.histogram, (bin, n) => (binEdgesMs(bin).lowMs > limitMs ? n : 0)) },
  };
}
