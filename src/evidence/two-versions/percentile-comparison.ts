/**
 * Percentiles of two versions against a relative limit, from the histograms of their paired requests.
 *
 * B is below when an upper bound of its percentile does not exceed the limit at a lower bound of A's, each bound with half
 * of alpha; above when its lower bound exceeds the limit at A's upper bound. The histograms must hold the paired requests only (as
 * many of A as of B, sent at the same times): the percentiles of all requests mix drift with weights. Source: statistics.md
 * 0.5; the bounds Howard and Ramdas 2022 (arXiv 1906.09712, theorem 1), one-sided.
 */
import type { Bounds, Comparison } from './comparison.ts';
import { quantileLowerBound, quantileUpperBound } from '../one-sample/percentile.ts';
import type { SparseHistogram } from '../request-tally.ts';

export interface PercentileQuestion {
  readonly a: SparseHistogram;
  readonly b: SparseHistogram;
  readonly percent: number;
  readonly comparison: Omit<Comparison, 'cap'>;
  /** ln of what the evidence must reach, as for one claim: halving alpha is done here. */
  readonly lnBelowNeeded: number;
  readonly lnAboveNeeded: number;
}

export interface PercentileComparison {
  readonly verdict: 'below' | 'above' | 'undecided';
  /** B's percentile as a multiple of A's, with the confidence of the thresholds. */
  readonly ratio: Bounds;
}

export function comparePercentiles(question: PercentileQuestion): PercentileComparison {
  const { a, b, percent, comparison } = question;
  const { ratio, plus } = comparison;
  const below = { percent, lnThreshold: question.lnBelowNeeded + Math.LN2 };
  const above = { percent, lnThreshold: question.lnAboveNeeded + Math.LN2 };
  const upperB = quantileUpperBound(b, below);
  const lowerA = quantileLowerBound(a, below);
  const lowerB = quantileLowerBound(b, above);
  const upperA = quantileUpperBound(a, above);
  const isBelow = upperB !== undefined && lowerA !== undefined && upperB <= ratio * lowerA + plus;
  const isAbove = lowerB !== undefined && upperA !== undefined && lowerB > ratio * upperA + plus;
  return {
    // Both at once is possible only against a limit that the histograms cannot resolve: then nothing is claimed.
    verdict: isBelow === isAbove ? 'undecided' : isBelow ? 'below' : 'above',
    ratio: {
      ...(lowerB === undefined || upperA === undefined || upperA === 0 ? {} : { lower: lowerB / upperA }),
      ...(upperB === undefined || lowerA === undefined || lowerA === 0 ? {} : { upper: upperB / lowerA }),
    },
  };
}
