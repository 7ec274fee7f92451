/** The DurationHistogram that Iter8 0.7 keeps. Source: iter8.md section 1. */
import { binEdgesMs } from './histogram.ts';
import type { TallyView } from './tally.ts';

export function toDurationHistogram(view: TallyView) {
  return {
    Count: view.n,
    Max: view.maxMs / 1000,
    Sum: view.sumMs / 1000,
    Data: view.histogram.map(([index, count]) => {
      const { lowMs, highMs } = binEdgesMs(index);
      return { Start: lowMs / 1000, End: highMs / 1000, Count: count };
    }),
  };
}
