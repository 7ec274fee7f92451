/** Latencies of the requests that got an HTTP answer, as they are shown: mean, range, and the percentiles that are always there. */
import { percentile } from '../evidence/one-sample/percentile-bounds.ts';
import type { answersOf } from '../evidence/request-tally.ts';

/** Percentiles that are always shown. */
const SHOWN_PERCENTILES = [50, 75, 90, 95, 99] as const;

/** In ms, but for the number of answers. */
export interface ObservedLatencies {
  readonly answers: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly percentiles: readonly { readonly percent: number; readonly value: number }[];
}

/** Undefined when there is no histogram, or nothing answered. */
export function observedLatencies(answers: ReturnType<typeof answersOf>): ObservedLatencies | undefined {
  if (answers.histogram.length === 0) return undefined;
  return {
    answers: answers.n,
    mean: answers.sumMs / answers.n,
    min: answers.minMs,
    max: answers.maxMs,
    percentiles: SHOWN_PERCENTILES.map((percent) => ({
      percent,
      value: Math.min(answers.maxMs, percentile(answers.histogram, percent)),
    })),
  };
}
