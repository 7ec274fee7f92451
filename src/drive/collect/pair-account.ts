/** The pairs of one collect task, by candidate, for the relative objectives of an experiment. */
import type { Comparison } from '../../evidence/two-versions/comparison.ts';
import { addPairs, EMPTY_PAIR_TALLY, type PairTally, type RequestPair } from '../../evidence/paired/request-pairs.ts';
import { addStoredPairs, type StoredPairs } from '../../judge/record/stored-record.ts';
import {
  needsPairs,
  pairedMeanLimits,
  pairedPercentileLimits,
  type RelativeLimit,
} from '../../judge/question/relative-limits.ts';

export class PairBook {
  readonly isNeeded: boolean;
  readonly #limits: readonly Comparison[];
  readonly #percentiles: ReturnType<typeof pairedPercentileLimits>;
  #counted: StoredPairs;

  /** `before`: counted by earlier drivers of this very task. */
  constructor(objectives: readonly RelativeLimit[], before: StoredPairs | undefined) {
    this.isNeeded = needsPairs(objectives);
    this.#limits = pairedMeanLimits(objectives);
    this.#percentiles = pairedPercentileLimits(objectives);
    this.#counted = before ?? {};
  }

  /** The tally of these pairs alone. */
  add(version: string, pairs: readonly RequestPair[]): PairTally {
    const tally = this.#tallyOf(pairs);
    this.#counted = addStoredPairs(this.#counted, { [version]: tally });
    return tally;
  }

  /** What is to be stored, with these pairs added for now. */
  stored(more: readonly { readonly version: string; readonly pairs: readonly RequestPair[] }[]): {
    readonly pairs?: StoredPairs;
  } {
    const pairs = more.reduce(
      (sum, one) => addStoredPairs(sum, { [one.version]: this.#tallyOf(one.pairs) }),
      this.#counted,
    );
    return Object.keys(pairs).length === 0 ? {} : { pairs };
  }

  #tallyOf(pairs: readonly RequestPair[]): PairTally {
    return addPairs(EMPTY_PAIR_TALLY, pairs, this.#limits, this.#percentiles);
  }
}
