/**
 * Evidence about a percentile, from a histogram: that fewer than 1 - q of the requests are at a level or above it, and that more
 * than 1 - q are above it. Each bin is a step. Source: docs/method.md 1.2.
 */
import { firstWhere } from '../bisection.ts';
import { binEdgesMs } from '../latency-histogram.ts';
import { lnSatisfied, lnViolated } from '../one-sample/rate-bounds.ts';
import type { SparseHistogram } from '../request-tally.ts';
import { NO_STEPS, window, type LevelEvidence, type Steps } from './levels.ts';

export interface PercentileQuestion {
  readonly percent: number;
  readonly lnNeeded: number;
  /** Nothing is known of latencies from here on, ms: what got no answer is counted as this. Absent: all are known. */
  readonly knownBelowMs?: number | undefined;
}

/** `response` for "below", `service` for "above" (docs/method.md 0.2). */
export function percentileLevels(
  { response, service }: { readonly response: SparseHistogram; readonly service: SparseHistogram },
  { percent, lnNeeded, knownBelowMs = Number.POSITIVE_INFINITY }: PercentileQuestion,
): LevelEvidence {
  const p0 = (100 - percent) / 100;
  const { from, to } = window(lnNeeded);
  return {
    below: belowSteps(response, { p0, from, to, knownBelowMs }),
    above: aboveSteps(service, { p0, from, to }),
    least: 0,
    most: Number.POSITIVE_INFINITY,
  };
}

interface Wanted {
  readonly p0: number;
  readonly from: number;
  readonly to: number;
}

/** Beyond the upper edge of a bin are no more than those of later bins. */
function belowSteps(
  histogram: SparseHistogram,
  { p0, from, to, knownBelowMs }: Wanted & { knownBelowMs: number },
): Steps {
  const { n, before } = sums(histogram);
  if (n === 0) return NO_STEPS;
  const known = firstWhere(histogram.length, (at) => binEdgesMs(histogram[at]![0]).highMs >= knownBelowMs);
  const ln = (at: number) => lnSatisfied({ n, bad: n - before[at + 1]! }, p0);
  const first = firstWhere(known, (at) => ln(at) >= from);
  const last = Math.min(
    known - 1,
    firstWhere(known, (at) => ln(at) >= to),
  );
  return steps(first, last, (at) => [binEdgesMs(histogram[at]![0]).highMs, ln(at)]);
}

/** Above a level under the lower edge of a bin are at least its own and those of later bins. */
function aboveSteps(histogram: SparseHistogram, { p0, from, to }: Wanted): Steps {
  const { n, before } = sums(histogram);
  if (n === 0) return NO_STEPS;
  const ln = (at: number) => lnViolated({ n, bad: n - before[at]! }, p0);
  const first = Math.max(0, firstWhere(histogram.length, (at) => ln(at) < to) - 1);
  const last = firstWhere(histogram.length, (at) => ln(at) < from) - 1;
  return steps(first, last, (at) => [binEdgesMs(histogram[at]![0]).lowMs, ln(at)]);
}

/** Requests, and those of the bins before each. */
function sums(histogram: SparseHistogram): { readonly n: number; readonly before: readonly number[] } {
  const before = [0];
  for (const [, count] of histogram) before.push(before.at(-1)! + count);
  return { n: before.at(-1)!, before };
}

function steps(first: number, last: number, step: (at: number) => readonly [number, number]): Steps {
  const at: number[] = [];
  const ln: number[] = [];
  for (let bin = first; bin <= last; bin++) {
    const [level, evidence] = step(bin);
    at.push(level);
    ln.push(evidence);
  }
  return { at, ln };
}
