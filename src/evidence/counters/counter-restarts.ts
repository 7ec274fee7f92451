/** Whether the process that counts has restarted between two samples: counters only grow, so one that is lower began again. */
import type { CounterKind } from './counter-samples.ts';

/** Buckets of a native histogram may be merged as it grows: there only the number of observations says whether it restarted. */
export function hasRestarted(before: readonly number[], now: readonly number[], kind: CounterKind): boolean {
  return kind === 'histograms' ? now[0]! < before[0]! : now.some((part, index) => part < before[index]!);
}
