/**
 * The DurationHistogram that Iter8 0.7 keeps: seconds, only buckets with something in them. Source: docs/contract.md 1.
 */
import { binEdgesMs } from '../../evidence/latency-histogram.ts';
import type { TallyView } from '../../evidence/request-tally.ts';

export interface DurationHistogram {
  readonly Count: number;
  readonly Max: number;
  readonly Sum: number;
  readonly Data: readonly { readonly Start: number; readonly End: number; readonly Count: number }[];
}

/** Buckets double their width about every ten: enough for those who read this form, small in the object. */
const BUCKET_RATIO = 1.07;

const seconds = (ms: number): number => Math.round(ms * 1e6) / 1e9;

/** Coarse and exact at its ends: the first Start is the minimum, the last End the maximum. */
export function toDurationHistogram(view: TallyView): DurationHistogram {
  const groups: { low: number; high: number; count: number }[] = [];
  for (const [index, count] of view.histogram) {
    const { lowMs, highMs } = binEdgesMs(index);
    const last = groups.at(-1);
    if (last !== undefined && highMs <= last.low * BUCKET_RATIO) {
      last.high = highMs;
      last.count += count;
    } else {
      groups.push({ low: lowMs, high: highMs, count });
    }
  }
  return {
    Count: view.n,
    Max: seconds(view.maxMs),
    Sum: seconds(view.sumMs),
    Data: groups.map(({ low, high, count }, index) => ({
      Start: seconds(index === 0 ? Math.max(low, view.minMs) : low),
      End: seconds(index === groups.length - 1 ? Math.min(high, Math.max(view.maxMs, low)) : high),
      Count: count,
    })),
  };
}
