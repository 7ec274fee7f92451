/**
 * Whether a row could have shown a difference at all: whether B, with as many data points as it has, would be shown to be different had
 * all of them been as bad (or as good) as can be. benchstat says in the same case how many samples a comparison needs. Pure.
 */
import { binIndex } from '../../evidence/latency-histogram.ts';
import type { SparseHistogram } from '../../evidence/request-tally.ts';
import { differenceBounds, shownOrder } from '../../evidence/two-runs/difference.ts';
import type { LevelEvidence } from '../../evidence/two-runs/levels.ts';
import { meanLevels } from '../../evidence/two-runs/mean-levels.ts';
import { percentileLevels } from '../../evidence/two-runs/percentile-levels.ts';
import { goodShareLevels, scaledLevels, shareLevels } from '../../evidence/two-runs/share-levels.ts';
import type { RowQuantity } from './row-levels.ts';

export interface WorstCase {
  readonly quantity: RowQuantity;
  /** Absent: nobody says which values are the better ones, and a difference in either direction counts. */
  readonly better?: 'lower' | 'higher' | undefined;
  /** Hits of a share are good. */
  readonly isGood?: boolean | undefined;
  readonly lnNeeded: number;
  readonly capMs?: number | undefined;
}

/** `n`: data points of B, whose quantity is at most `most`. */
export function couldShowWorse(a: LevelEvidence, n: number, most: number, asked: WorstCase): boolean {
  const { better, lnNeeded } = asked;
  const shows = (end: 'largest' | 'smallest', order: 'larger' | 'smaller') =>
    shownOrder(differenceBounds(a, allAt(end, n, most, asked), lnNeeded)) === order;
  return (better !== 'higher' && shows('largest', 'larger')) || (better !== 'lower' && shows('smallest', 'smaller'));
}

/** Of the last bin that there is. */
const LONGEST_US = Number.MAX_SAFE_INTEGER;

/** What `n` data points say that are all as large, or as small, as they can be. */
function allAt(
  end: 'largest' | 'smallest',
  n: number,
  most: number,
  { quantity, isGood = false, lnNeeded, capMs = 0 }: WorstCase,
): LevelEvidence {
  switch (quantity.kind) {
    case 'percentile':
    case 'mean-latency': {
      const same: SparseHistogram = [[end === 'largest' ? binIndex(LONGEST_US) : 0, n]];
      const views = { response: same, service: same };
      if (quantity.kind === 'mean-latency') return meanLevels(views, { capMs, lnNeeded });
      return percentileLevels(views, { percent: quantity.percent, lnNeeded });
    }
    case 'error-rate':
    case 'custom': {
      const count = { n, bad: end === 'largest' ? n : 0 };
      const levels = (isGood ? goodShareLevels : shareLevels)({ response: count, service: count }, lnNeeded);
      return most === 1 ? levels : scaledLevels(levels, most);
    }
  }
}
