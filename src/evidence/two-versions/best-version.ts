/**
 * Which of several versions has the best reward: a contest of every pair, over blocks (an iteration, a loop, a scrape).
 *
 * Version i is better than j when the evidence of their pair says so; it wins when that holds against every other contender
 * at once with ln(K/alpha), K being the versions at the start, so that "no difference, no winner" holds too.
 *
 * With a margin, versions within that percentage count as equal, so that the baseline is kept. The document says this only
 * of a tie that was shown; the conservative reading is taken: a candidate must be better than the *baseline* by more than the
 * margin, and a tie that was shown among all contenders is no winner, whatever else was shown.
 *
 * Source: docs/method.md 0.6, 1.4, 1.5; docs/contract.md 5.
 */
import { addMeansBlock, emptyBlockMeans, lnBlockMeans, type Amount, type BlockMeans } from './means-by-block.ts';
import { equality, type TwoSidedEvidence } from './comparison.ts';
import { addOddsBlock, EMPTY_ODDS, lnOdds, type Odds } from './rates-by-block.ts';
import type { Count } from '../request-tally.ts';

/**
 * What a reward is. `share`: hits of requests; blocks in which both are whole numbers are compared exactly, which takes 11 to 33 %
 * fewer requests, others (a share that was extrapolated) as means. `mean`: values from 0 to the cap. A reward without a cap has no
 * finite-sample evidence, and cannot be entered (docs/method.md 1.4).
 */
export type RewardKind = { readonly kind: 'share' } | { readonly kind: 'mean'; readonly cap: number };

export interface ContestRules {
  /** Baseline first, names unique. These are the K versions; the number never falls. */
  readonly versions: readonly string[];
  readonly reward: RewardKind;
  readonly preferred: 'high' | 'low';
  /** Percent within which versions count as equal, 0 or more. */
  readonly marginPercent: number;
}

/** What is known about versions i < j (A is i, B is j). */
interface Duel {
  readonly equal: Odds | BlockMeans;
  /** Of shares: blocks whose counts are not whole. Different blocks, so that the evidence of both multiplies. */
  readonly rest?: BlockMeans;
  /** B against A divided and multiplied by 1 + margin; absent without a margin. */
  readonly less?: BlockMeans;
  readonly more?: BlockMeans;
}

/** Plain data: stored and resumed. */
export interface Contest {
  readonly rules: ContestRules;
  /** What each version had in all blocks; for shares `sum` are the hits. In the order of the versions. */
  readonly totals: readonly Amount[];
  /** `duels[i][j - i - 1]` is i against j. */
  readonly duels: readonly (readonly Duel[])[];
}

export function startContest(rules: ContestRules): Contest {
  const cap = capOf(rules.reward);
  const factor = 1 + rules.marginPercent / 100;
  const margins =
    factor === 1
      ? {}
      : {
          less: emptyBlockMeans({ ratio: 1 / factor, plus: 0, cap }),
          more: emptyBlockMeans({ ratio: factor, plus: 0, cap }),
        };
  const equal = rules.reward.kind === 'share' ? EMPTY_ODDS : emptyBlockMeans(equality(cap));
  return {
    rules,
    totals: rules.versions.map(() => ({ n: 0, sum: 0 })),
    duels: rules.versions.map((_, i) => rules.versions.slice(i + 1).map(() => ({ equal, ...margins }))),
  };
}

const capOf = (reward: RewardKind): number => (reward.kind === 'share' ? 1 : reward.cap);

/** The contest after one more block: what each version had *in it*. A version that is absent had nothing. */
export function addContestBlock(contest: Contest, block: ReadonlyMap<string, Amount>): Contest {
  const { versions } = contest.rules;
  const amounts = versions.map((version) => block.get(version) ?? { n: 0, sum: 0 });
  return {
    ...contest,
    totals: contest.totals.map(({ n, sum }, i) => ({ n: n + amounts[i]!.n, sum: sum + amounts[i]!.sum })),
    duels: contest.duels.map((row, i) => row.map((duel, at) => fought(duel, amounts[i]!, amounts[i + 1 + at]!))),
  };
}

function fought(duel: Duel, a: Amount, b: Amount): Duel {
  const margins = {
    ...(duel.less === undefined ? {} : { less: addMeansBlock(duel.less, { a, b }) }),
    ...(duel.more === undefined ? {} : { more: addMeansBlock(duel.more, { a, b }) }),
  };
  if ('comparison' in duel.equal) return { ...duel, equal: addMeansBlock(duel.equal, { a, b }), ...margins };
  const [countA, countB] = [wholeCount(a), wholeCount(b)];
  return countA !== undefined && countB !== undefined
    ? { ...duel, equal: addOddsBlock(duel.equal, { a: countA, b: countB }), ...margins }
    : { ...duel, rest: addMeansBlock(duel.rest ?? emptyBlockMeans(equality(1)), { a, b }), ...margins };
}

/** A share times its number of requests is whole but for rounding: 0.1 x 30 is 3.0000000000000004. */
const ROUNDING = 1e-9;

function wholeCount({ n, sum }: Amount): Count | undefined {
  const [requests, hits] = [Math.round(n), Math.round(sum)];
  const isWhole = Math.abs(n - requests) <= ROUNDING * (1 + n) && Math.abs(sum - hits) <= ROUNDING * (1 + n);
  return isWhole && hits >= 0 && hits <= requests ? { n: requests, bad: hits } : undefined;
}

/** What is judged at this look. */
export interface ContestLook {
  readonly alpha: number;
  /** Versions without a violated objective: only these are compared. */
  readonly contenders: ReadonlySet<string>;
  /** Versions that satisfy every objective: only these can win. */
  readonly satisfied: ReadonlySet<string>;
}

/**
 * `winner`: it is shown. `tie`: all contenders are shown to be within the margin; the baseline is kept. `open`: neither;
 * `reason` says whether the best is known but has open objectives, a contender has no reward yet, or it takes more evidence.
 * `lnEvidence` is Infinity for an only contender.
 */
export type ContestResult =
  | { readonly kind: 'winner'; readonly version: string; readonly lnEvidence: number; readonly lnNeeded: number }
  | { readonly kind: 'tie'; readonly lnNeeded: number }
  | {
      readonly kind: 'open';
      readonly reason: 'objectives-open' | 'reward-missing' | 'not-enough-evidence' | 'no-contender';
      /** The version with the most evidence of being best, and that evidence; absent without contenders. */
      readonly leader?: string;
      readonly lnEvidence?: number;
      readonly lnNeeded: number;
    };

/** What is known of two versions, B being the later one. */
export interface DuelEvidence {
  readonly equal: TwoSidedEvidence;
  /** B against A divided and multiplied by 1 + margin; absent without a margin. */
  readonly less?: TwoSidedEvidence | undefined;
  readonly more?: TwoSidedEvidence | undefined;
}

/** Who wins at this look. Nothing is sticky: each look stands for itself. */
export function judgeContest(contest: Contest, look: ContestLook): ContestResult {
  return judgeDuels(duelsOf(contest), look);
}

export const duelsOf = (contest: Contest): Duels => ({
  rules: contest.rules,
  hasReward: (i) => contest.totals[i]!.n > 0,
  duel: (i, j) => evidenceOf(contest.duels[i]![j - i - 1]!),
});

/** A contest whatever its evidence is from: blocks, or pairs of requests (`paired-contest.ts`). */
export interface Duels {
  readonly rules: Omit<ContestRules, 'reward'>;
  /** By position in `rules.versions`. */
  readonly hasReward: (i: number) => boolean;
  /** i < j; A is i, B is j. */
  readonly duel: (i: number, j: number) => DuelEvidence;
}

export function judgeDuels(duels: Duels, look: ContestLook): ContestResult {
  const { versions } = duels.rules;
  const lnNeeded = Math.log(versions.length / look.alpha);
  const inside = versions.map((_, i) => i).filter((i) => look.contenders.has(versions[i]!));
  if (inside.length === 0) return { kind: 'open', reason: 'no-contender', lnNeeded };
  // A missing reward is no winner (docs/contract.md 5), even for the only contender.
  if (inside.some((i) => !duels.hasReward(i))) return { kind: 'open', reason: 'reward-missing', lnNeeded };
  if (isTie(duels, inside, lnNeeded)) return { kind: 'tie', lnNeeded };
  let best = inside[0]!;
  let lnEvidence = Number.NEGATIVE_INFINITY;
  for (const i of inside) {
    const least = Math.min(...inside.filter((j) => j !== i).map((j) => lnBetter(duels, i, j)));
    if (least > lnEvidence) {
      best = i;
      lnEvidence = least;
    }
  }
  const leader = versions[best]!;
  if (lnEvidence < lnNeeded) return { kind: 'open', reason: 'not-enough-evidence', leader, lnEvidence, lnNeeded };
  if (!look.satisfied.has(leader)) return { kind: 'open', reason: 'objectives-open', leader, lnEvidence, lnNeeded };
  return { kind: 'winner', version: leader, lnEvidence, lnNeeded };
}

/**
 * ln of the evidence that version i (its position) has the better reward than j: for a candidate against the baseline, by
 * more than the margin.
 */
export function lnBetter({ rules, duel }: Duels, i: number, j: number): number {
  const { equal, less, more } = duel(Math.min(i, j), Math.max(i, j));
  // Whether the claim is that B, the later one, is above A.
  const above = (rules.preferred === 'high') === i > j;
  const plain = sideOf(equal, above);
  if (j !== 0 || less === undefined || more === undefined) return plain;
  return sideOf(above ? more : less, above);
}

function evidenceOf({ equal, rest, less, more }: Duel): DuelEvidence {
  const whole = 'comparison' in equal ? lnBlockMeans(equal) : lnOdds(equal);
  const others = rest === undefined ? { lnBelow: 0, lnAbove: 0 } : lnBlockMeans(rest);
  return {
    equal: { lnBelow: whole.lnBelow + others.lnBelow, lnAbove: whole.lnAbove + others.lnAbove },
    ...(less === undefined ? {} : { less: lnBlockMeans(less) }),
    ...(more === undefined ? {} : { more: lnBlockMeans(more) }),
  };
}

const sideOf = ({ lnAbove, lnBelow }: TwoSidedEvidence, above: boolean): number => (above ? lnAbove : lnBelow);

/** Whether of every two contenders each is shown not to be worse than the other by more than the margin. */
function isTie({ duel }: Duels, inside: readonly number[], lnNeeded: number): boolean {
  if (inside.length < 2) return false;
  return inside.every((i) =>
    inside.every((j) => {
      if (j <= i) return true;
      const { less, more } = duel(i, j);
      return less !== undefined && more !== undefined && less.lnAbove >= lnNeeded && more.lnBelow >= lnNeeded;
    }),
  );
}
