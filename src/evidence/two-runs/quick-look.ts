/**
 * Whether two runs surely show no difference, at the price of one level: the evidence there is an upper bound of the least over all
 * levels. For simulations, in which most pairs are alike.
 */
import { binEdgesMs } from '../latency-histogram.ts';
import { percentile } from '../one-sample/percentile-bounds.ts';
import { lnMeanAbove, lnMeanBelow } from '../one-sample/mean-bounds.ts';
import { lnSatisfied, lnViolated } from '../one-sample/rate-bounds.ts';
import { addHistogram, type Count, type SparseHistogram } from '../request-tally.ts';
import { withReserve } from './levels.ts';
import { lowerRows, upperRows } from './mean-levels.ts';

interface Views<T> {
  readonly response: T;
  readonly service: T;
}

/** ln of the evidence at one level, of one run. */
interface AtLevel {
  readonly below: number;
  readonly above: number;
}

const isOpen = (a: AtLevel, b: AtLevel, lnNeeded: number): boolean =>
  withReserve(a.below) + withReserve(b.above) < lnNeeded && withReserve(b.below) + withReserve(a.above) < lnNeeded;

export function sharesCannotDiffer(a: Views<Count>, b: Views<Count>, lnNeeded: number): boolean {
  const p0 = (a.response.bad + b.response.bad) / (a.response.n + b.response.n);
  if (!(p0 > 0 && p0 < 1)) return true;
  return isOpen(shareAt(a, p0), shareAt(b, p0), lnNeeded);
}

const shareAt = ({ response, service }: Views<Count>, p0: number): AtLevel => ({
  below: lnSatisfied(response, p0),
  above: lnViolated(service, p0),
});

export function percentilesCannotDiffer(
  a: Views<SparseHistogram>,
  b: Views<SparseHistogram>,
  { percent, lnNeeded }: { readonly percent: number; readonly lnNeeded: number },
): boolean {
  const level = percentile(addHistogram(a.response, b.response), percent);
  const p0 = (100 - percent) / 100;
  const beyond = (histogram: SparseHistogram): Count => {
    let [n, bad] = [0, 0];
    for (const [index, count] of histogram) {
      n += count;
      if (binEdgesMs(index).lowMs > level) bad += count;
    }
    return { n, bad };
  };
  const at = ({ response, service }: Views<SparseHistogram>) =>
    shareAt({ response: beyond(response), service: beyond(service) }, p0);
  return isOpen(at(a), at(b), lnNeeded);
}

export function meansCannotDiffer(
  a: Views<SparseHistogram>,
  b: Views<SparseHistogram>,
  { limitMs, capMs, lnNeeded }: { readonly limitMs: number; readonly capMs: number; readonly lnNeeded: number },
): boolean {
  if (!(limitMs > 0 && limitMs < capMs)) return false;
  const limit = { limitMs, capMs };
  const at = ({ response, service }: Views<SparseHistogram>) => ({
    below: lnMeanBelow(upperRows(response, capMs), limit),
    above: lnMeanAbove(lowerRows(service, capMs), limit),
  });
  return isOpen(at(a), at(b), lnNeeded);
}
