/**
 * What one collect task has counted: what an earlier driver of it left, closed slices and pairs since. A run adds them as they
 * close, a replay as it reads the lines about them; both keep what comes of it in the record by the same functions.
 */
import { addPairs, EMPTY_PAIR_TALLY, type PairTally, type RequestPair } from '../../evidence/paired/request-pairs.ts';
import { addTally, type Tally } from '../../evidence/request-tally.ts';
import type { Question } from '../question/question.ts';
import { pairedRewardLimits } from '../reward/reward.ts';
import { pairedMeanLimits, pairedPercentileLimits } from '../question/relative-limits.ts';
import {
  addScopes,
  addStoredPairs,
  pairsKey,
  readTally,
  storeTally,
  type Iter8Record,
  type PairsScope,
  type StoredPairs,
  type StoredScope,
  type StoredTally,
} from './stored-record.ts';

/** A version, or one of its endpoints. */
export interface CountedScope {
  readonly version: string;
  readonly endpoint?: string | undefined;
}

export class TaskSums {
  /** Counted by earlier drivers of this very task. */
  readonly before: readonly StoredScope[];
  readonly #closed = new Map<string, { readonly scope: CountedScope; readonly tally: Tally }>();
  readonly #limits: {
    readonly reward: ReturnType<typeof pairedRewardLimits>;
    readonly means: ReturnType<typeof pairedMeanLimits>;
    readonly percentiles: ReturnType<typeof pairedPercentileLimits>;
  };
  #pairs: StoredPairs;

  constructor(
    question: Question,
    before: { readonly scopes?: readonly StoredScope[] | undefined; readonly pairs?: StoredPairs | undefined },
  ) {
    this.before = before.scopes ?? [];
    this.#pairs = before.pairs ?? {};
    const { relative } = question;
    const reward = pairedRewardLimits(question);
    this.#limits = {
      reward,
      means: [...pairedMeanLimits(relative), ...reward],
      percentiles: pairedPercentileLimits(relative),
    };
  }

  /** Adds a closed slice, as it is stored. */
  add({ version, endpoint }: CountedScope, tally: StoredTally): void {
    addTo(this.#closed, { version, endpoint }, readTally(tally));
  }

  /** Requests of a version in the slices that were added. */
  added(version: string): number {
    return this.#closed.get(pairsKey({ version }))?.tally.response.n ?? 0;
  }

  /** Adds pairs of closed slices. @returns the tallies of these pairs alone: of the version as a whole, and of the endpoint. */
  addPairs(where: PairsScope, pairs: readonly RequestPair[]): (PairsScope & { readonly tally: PairTally })[] {
    const tallies = this.#tallies(where, pairs);
    this.#pairs = withPairs(this.#pairs, tallies);
    return tallies;
  }

  /** All that was counted; `more`: what is unresolved, as a checkpoint has it. */
  scopes(more: readonly { readonly scope: CountedScope; readonly tally: Tally }[] = []): StoredScope[] {
    const sums = new Map(this.#closed);
    for (const { scope, tally } of more) addTo(sums, scope, tally);
    return addScopes(
      this.before,
      [...sums.values()].map(({ scope: { version, endpoint }, tally }) => ({
        version,
        ...(endpoint === undefined ? {} : { endpoint }),
        tally: storeTally(tally),
      })),
    );
  }

  /** Undefined without any. */
  pairs(more: readonly (PairsScope & { readonly pairs: readonly RequestPair[] })[] = []): StoredPairs | undefined {
    const all = more.reduce((sum, one) => withPairs(sum, this.#tallies(one, one.pairs)), this.#pairs);
    return Object.keys(all).length === 0 ? undefined : all;
  }

  #tallies({ version, endpoint, against }: PairsScope, pairs: readonly RequestPair[]) {
    // Relative limits compare with the baseline only, the reward every version with every other.
    const { reward, means, percentiles } = this.#limits;
    const tally =
      against === undefined
        ? addPairs(EMPTY_PAIR_TALLY, pairs, means, percentiles)
        : addPairs(EMPTY_PAIR_TALLY, pairs, reward);
    const whole = { version, against, tally };
    return endpoint === undefined ? [whole] : [whole, { ...whole, endpoint }];
  }
}

function withPairs(pairs: StoredPairs, tallies: readonly (PairsScope & { readonly tally: PairTally })[]): StoredPairs {
  return tallies.reduce((sum, { tally, ...scope }) => addStoredPairs(sum, { [pairsKey(scope)]: tally }), pairs);
}

function addTo(
  sums: Map<string, { readonly scope: CountedScope; readonly tally: Tally }>,
  scope: CountedScope,
  tally: Tally,
): void {
  const key = pairsKey(scope);
  const present = sums.get(key);
  sums.set(key, { scope, tally: present === undefined ? tally : addTally(present.tally, tally) });
}

/** The record after a collect task: what it counted is part of what the experiment counted. */
export function withCountedTask(
  record: Iter8Record,
  task: string,
  counted: {
    readonly scopes: readonly StoredScope[];
    readonly pairs?: StoredPairs | undefined;
    /** Seconds of load, over all drivers. */
    readonly loadSeconds: number;
  },
): Iter8Record {
  const pairs = addStoredPairs(record.pairs, counted.pairs);
  const isFirst = record.scopes.length === 0;
  const isEmpty = counted.scopes.length === 0;
  return {
    ...record,
    scopes: addScopes(record.scopes, counted.scopes),
    ...(Object.keys(pairs).length === 0 ? {} : { pairs }),
    loadSeconds: record.loadSeconds + (isEmpty ? 0 : counted.loadSeconds),
    ...(isFirst || isEmpty ? {} : { newest: { task, scopes: counted.scopes } }),
  };
}
