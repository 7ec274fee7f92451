/**
 * Which version has the best reward, by pairs of requests of our own load: error rates, and mean latencies up to a cap (values
 * above it count as the cap). Requests of one tick meet the same moment, so that two versions are compared from the
 * first second on, with however few tasks, and drift cancels.
 *
 * A duel of two versions needs pairs of these two: of the baseline with each candidate, and of the candidates with one another.
 * Each claim uses the view in which our own lateness can only harm it (`request-pairs.ts`).
 * Source: docs/method.md 0.5, 0.6.
 */
import {
  judgeDuels,
  type ContestLook,
  type ContestResult,
  type ContestRules,
  type DuelEvidence,
} from '../two-versions/best-version.ts';
import { equality, type Comparison, type TwoSidedEvidence } from '../two-versions/comparison.ts';
import { emptyMeanPairs, lnMeanPairs } from './paired-means.ts';
import { lnSharePairs } from './paired-rates.ts';
import { comparisonKey, type PairTally } from './request-pairs.ts';

/** What is compared: equality, and the two ends of the margin. */
function comparisons({ marginPercent }: Pick<ContestRules, 'marginPercent'>, cap: number) {
  const factor = 1 + marginPercent / 100;
  const margin = (ratio: number): Comparison => ({ ratio, plus: 0, cap });
  return { equal: equality(cap), ...(factor === 1 ? {} : { less: margin(1 / factor), more: margin(factor) }) };
}

/** The limits at which means of pairs must be followed while they are counted (`addPairs`); none for shares. */
export function contestLimits(rules: Pick<ContestRules, 'reward' | 'marginPercent'>): Comparison[] {
  return rules.reward.kind === 'share' ? [] : Object.values(comparisons(rules, rules.reward.cap));
}

/** `pairs`: of two versions, A the earlier in `rules.versions`; undefined without any. */
export function judgePairedContest(
  rules: ContestRules,
  pairs: (a: string, b: string) => PairTally | undefined,
  look: ContestLook,
): ContestResult {
  const { versions } = rules;
  const tallyOf = (i: number, j: number) => pairs(versions[Math.min(i, j)]!, versions[Math.max(i, j)]!);
  return judgeDuels(
    {
      rules,
      hasReward: (i) => versions.length === 1 || versions.some((_, j) => j !== i && (tallyOf(i, j)?.n ?? 0) > 0),
      duel: (i, j) => duelOf(rules, tallyOf(i, j)),
    },
    look,
  );
}

const NOTHING: TwoSidedEvidence = { lnBelow: 0, lnAbove: 0 };

function duelOf(rules: ContestRules, tally: PairTally | undefined): DuelEvidence {
  const cap = rules.reward.kind === 'share' ? 1 : rules.reward.cap;
  const evidence = (comparison: Comparison): TwoSidedEvidence => {
    if (tally === undefined) return NOTHING;
    if (rules.reward.kind === 'share')
      return {
        lnBelow: lnSharePairs(tally.errors.below, comparison).lnBelow,
        lnAbove: lnSharePairs(tally.errors.above, comparison).lnAbove,
      };
    const empty = emptyMeanPairs(comparison);
    const { below, above } = tally.means[comparisonKey(comparison)] ?? { below: empty, above: empty };
    return { lnBelow: lnMeanPairs(below).lnBelow, lnAbove: lnMeanPairs(above).lnAbove };
  };
  const { equal, less, more } = comparisons(rules, cap);
  return {
    equal: evidence(equal),
    ...(less === undefined ? {} : { less: evidence(less) }),
    ...(more === undefined ? {} : { more: evidence(more) }),
  };
}
