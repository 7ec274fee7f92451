/**
 * The difference of a quantity between two runs that nobody paired, B minus A.
 *
 * Suppose that B is at most A + d. Whatever A is, at that level m neither "A is below m" nor "B is above m + d" is true, so that the
 * evidence for each of them is that of an unlucky run, and so is their product. Since A is not known, the least product over all m
 * counts. The difference is shown to be more than d where that is at least the threshold. No m is chosen, and neither run gets a part
 * of alpha of its own: this takes about half the requests that two separate bounds would.
 *
 * As of every e-process here, what is claimed is about the average over the requests that were sent, whatever drifts in between,
 * and whether or not requests depend on one another. Source: docs/method.md 1.9; for quantiles Howard and Ramdas 2022 (arXiv
 * 1906.09712, theorem 5).
 */
import { firstWhere } from '../bisection.ts';
import type { Bounds } from '../two-versions/comparison.ts';
import { LN_RESERVE, withReserve, type LevelEvidence, type Steps } from './levels.ts';

export interface DifferenceBounds extends Bounds {
  /** B as a multiple of A: shown together with the difference, at no further cost. */
  readonly ratio: Bounds;
}

/** With the confidence of the threshold the difference lies between these; a bound that says nothing is absent. */
export function differenceBounds(a: LevelEvidence, b: LevelEvidence, lnNeeded: number): DifferenceBounds {
  const lower = least(a, b, lnNeeded);
  const upper = least(b, a, lnNeeded);
  return {
    ...bound('lower', lower.difference, b.least - a.most),
    ...bound('upper', -upper.difference, b.most - a.least),
    ratio: {
      ...bound('lower', lower.ratio, 0),
      ...bound('upper', 1 / upper.ratio, Number.POSITIVE_INFINITY),
    },
  };
}

/** B is shown to be the larger one, or the smaller one; undefined: no difference is shown. */
export function shownOrder({ lower = 0, upper = 0 }: Bounds): 'larger' | 'smaller' | undefined {
  if (lower > 0) return 'larger';
  return upper < 0 ? 'smaller' : undefined;
}

function bound(side: 'lower' | 'upper', value: number, nothing: number): Bounds {
  const says = side === 'lower' ? value > nothing : value < nothing;
  return Number.isFinite(value) && says ? { [side]: value } : {};
}

/**
 * The least that B minus A, and B over A, can be. For every piece of levels m at which the evidence "A is below" is the same, B must be
 * above m + d with the rest of the evidence that is needed: the highest level at which it is gives d.
 */
function least(
  { below, most }: LevelEvidence,
  { above, least: lowest }: LevelEvidence,
  lnNeeded: number,
): { readonly difference: number; readonly ratio: number } {
  const highest = highestLevels(above, lowest);
  let difference = Number.POSITIVE_INFINITY;
  let ratio = Number.POSITIVE_INFINITY;
  for (let piece = -1; piece < below.at.length; piece++) {
    const ln = piece < 0 ? LN_RESERVE : withReserve(below.ln[piece]!);
    const end = below.at[piece + 1] ?? most;
    const from = highest(lnNeeded - ln);
    // Even the reserve of B is enough: nothing needs to be known of it.
    if (from === Number.POSITIVE_INFINITY) continue;
    difference = Math.min(difference, from - end);
    ratio = Math.min(ratio, end === 0 ? Number.POSITIVE_INFINITY : from / end);
  }
  return { difference, ratio: Number.isFinite(ratio) ? ratio : 0 };
}

/** The highest level above which B is, with so much evidence: surely above what it cannot fall below. */
function highestLevels({ at, ln }: Steps, lowest: number): (needed: number) => number {
  const kept = ln.map(withReserve);
  return (needed) => {
    if (needed <= LN_RESERVE) return Number.POSITIVE_INFINITY;
    // Steps of falling evidence: the last one that is enough.
    const enough = firstWhere(kept.length, (step) => kept[step]! < needed);
    return enough === 0 ? lowest : Math.max(lowest, at[enough - 1]!);
  };
}
