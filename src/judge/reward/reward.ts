/**
 * The reward of an A/B or A/B/N experiment: what each version earned, and who is shown to earn most.
 *
 * Of our own load: by pairs of requests of the same tick. Of what backends count: each measurement ends a block, so that drift and
 * changing weights fool nobody (docs/method.md 1.4). What a version earned in a block is the difference of two values
 * that hold everything since the start: so a custom metric needs `elapsedTime` in its query and a `sampleSize`, and
 * must be a share, or have a declared cap. Anything else is shown, and makes nobody win (unless point values are to be
 * compared: `confidence: none`).
 */
import { cappedSumMs } from '../../evidence/latency-histogram.ts';
import { percentile } from '../../evidence/one-sample/percentile-bounds.ts';
import { contestLimits, judgePairedContest } from '../../evidence/paired/paired-contest.ts';
import type { PairTally } from '../../evidence/paired/request-pairs.ts';
import type { Tally } from '../../evidence/request-tally.ts';
import {
  addContestBlock,
  judgeContest,
  startContest,
  type Contest,
  type ContestLook,
  type ContestResult,
  type ContestRules,
  type RewardKind,
} from '../../evidence/two-versions/best-version.ts';
import type { Comparison } from '../../evidence/two-versions/comparison.ts';
import { addReading, readingDueMs, startReadings, weightsChanged } from '../../evidence/two-versions/reward-blocks.ts';
import { enumerated } from '../../text/enumerate.ts';
import { formatLimit, formatValue } from '../../text/units.ts';
import type { Verdict } from '../assessment.ts';
import type { Look } from '../finding.ts';
import { isStale, type MeasuredMetric } from '../limits/custom-metric.ts';
import type { Question, RewardQuestion } from '../question/question.ts';
import { countedScopes, tallyOf, type Iter8Record } from '../record/stored-record.ts';
import { canBeShare, isPercentile, isUpTo } from '../share-or-mean.ts';
import type { RewardResult, RewardState } from './reward-state.ts';

interface Earned {
  readonly value: number;
  readonly n?: number | undefined;
  /** Everything since the start; absent where it is not known. */
  readonly sum?: number | undefined;
}

/** When something was measured. */
export interface MeasuredAt {
  readonly atMs: number;
  /** When the experiment began to run. */
  readonly startMs: number;
  /** When the weights were last changed; undefined when they were not. */
  readonly changedMs: number | undefined;
  /** An object says how traffic is split, and could not be read. */
  readonly isSplitUnknown: boolean;
}

/**
 * The state after one more measurement; undefined without a reward. Pure.
 *
 * A block does not count when a backend failed for a version, or gave what cannot be, or when the split of traffic could not be read;
 * it is then longer next time. After the split has changed, what comes in within `rewardDelay` is let go: see `reward-blocks.ts` for
 * what must hold.
 */
export function nextReward(question: Question, record: Iter8Record, now: MeasuredAt): RewardState | undefined {
  const { reward, versions } = question;
  if (reward === undefined) return undefined;
  const { metric } = reward;
  const earned = new Map(versions.map(({ name }) => [name, earnedBy(name, reward, record)]));
  const before = record.reward?.metric === metric ? record.reward : undefined;
  const values = Object.fromEntries(
    [...earned].flatMap(([version, one]) => {
      const shown = one ?? (isStale(record.measured?.[metric]?.[version] ?? {}) ? undefined : before?.values[version]);
      return shown === undefined ? [] : [[version, { value: shown.value, n: shown.n }]];
    }),
  );
  // What it is may be known only from the first values: until a block is counted, nothing is settled.
  const counted = before?.contest !== undefined && hasBlocks(before.contest) ? before.contest : undefined;
  const kind = counted?.rules.reward ?? kindOf(reward, record);
  const begun = before?.readings ?? startReadings(now.startMs);
  const known = now.changedMs === undefined ? begun : weightsChanged(begun, now.changedMs);
  // That weights were changed is known also where nothing can be said yet.
  if ('problem' in kind)
    return { metric, values, ...(reward.quantity.kind === 'custom' ? { readings: known } : {}), problem: kind.problem };
  if (isOwnLoad(reward)) return { metric, values };
  const cap = kind.kind === 'share' ? 1 : kind.cap;
  const read = addReading(known, {
    atMs: now.atMs,
    earned: new Map(
      [...earned].map(([version, one]) => [
        version,
        one?.n === undefined || one.sum === undefined ? undefined : { n: one.n, sum: one.sum },
      ]),
    ),
    cap,
    delayMs: delayMsOf(question),
  });
  const goesOn = now.isSplitUnknown && read.block !== undefined;
  const { readings, block } = goesOn ? { readings: known } : read;
  const contest = counted ?? startContest(rulesOf(question, kind));
  const problem = problemWith(metric, earned, cap) ?? (goesOn ? 'how traffic is split could not be read' : undefined);
  return {
    metric,
    contest: block === undefined ? contest : addContestBlock(contest, block),
    readings,
    values,
    ...(problem === undefined ? {} : { problem }),
  };
}

const delayMsOf = ({ strength }: Question): number => 1000 * (strength.rewardDelay ?? strength.inFlightSeconds);

/** When a reward is to be read for its next block to begin; undefined while one is under way, and where there are none. */
export function rewardDueMs(question: Question, { reward, split }: Iter8Record): number | undefined {
  if (reward?.readings === undefined || split?.changedAt === undefined) return undefined;
  return readingDueMs(weightsChanged(reward.readings, Date.parse(split.changedAt)), delayMsOf(question));
}

const hasBlocks = ({ totals }: Contest): boolean => totals.some(({ n }) => n > 0);

/** Why what was measured now makes no block: a version, and what is wrong with it. Undefined when nothing is. */
function problemWith(metric: string, earned: ReadonlyMap<string, Earned | undefined>, cap: number): string | undefined {
  for (const [version, one] of earned) {
    if (one?.n === undefined) return `${metric} of ${version} could not be measured`;
    if (!isUpTo(cap, one.value))
      return `${metric} of ${version} is ${formatValue(one.value, 'plain', cap)}, which is not between 0 and ${formatLimit(cap, 'plain')}: declare its largest value (strength.cap)`;
  }
  return undefined;
}

/** Counted by our own load, which sends to all versions in the same ticks. */
function isOwnLoad({ quantity: { kind } }: RewardQuestion): boolean {
  return kind === 'error-rate' || kind === 'mean-latency';
}

function rulesOf({ reward, versions, strength }: Question, kind: RewardKind): ContestRules {
  return {
    versions: versions.map(({ name }) => name),
    reward: kind,
    preferred: reward?.preferred === 'Low' ? 'low' : 'high',
    marginPercent: strength.margin,
  };
}

/** Of our own load; undefined for any other reward, and without a largest value. */
function pairedRules(question: Question): ContestRules | undefined {
  const { reward } = question;
  if (reward?.quantity.kind === 'error-rate') return rulesOf(question, { kind: 'share' });
  if (reward?.quantity.kind !== 'mean-latency' || reward.cap === undefined) return undefined;
  return rulesOf(question, { kind: 'mean', cap: reward.cap });
}

/** Limits at which means of pairs must be followed while they are counted, for the reward. */
export function pairedRewardLimits(question: Question): Comparison[] {
  const rules = pairedRules(question);
  return rules === undefined ? [] : contestLimits(rules);
}

/** Whether requests must be paired for the reward. */
export function rewardNeedsPairs(question: Question): boolean {
  return pairedRules(question) !== undefined;
}

/** Whether it can be compared with confidence, and how. */
function kindOf(
  { metric, quantity, cap }: RewardQuestion,
  record: Iter8Record,
): RewardKind | { readonly problem: string } {
  switch (quantity.kind) {
    case 'error-rate':
      return { kind: 'share' };
    case 'mean-latency':
      return cap === undefined
        ? { problem: `${metric} has no largest value: declare one (strength.cap)` }
        : { kind: 'mean', cap };
    case 'request-count':
    case 'error-count':
    case 'percentile':
      return { problem: `${metric} cannot be compared with confidence as a reward` };
    case 'custom':
      break;
  }
  const measured = Object.values(record.measured?.[metric] ?? {});
  const one = measured.find(({ value }) => value !== undefined);
  const problem = one === undefined ? undefined : problemOf(metric, one);
  if (problem !== undefined) return { problem };
  if (measured.some(isPercentile))
    return { problem: `${metric} is a percentile: its value and its sampleSize do not say how sure it is` };
  if (cap !== undefined) return { kind: 'mean', cap };
  const isShare = measured.every((each) => canBeShare(each) && isUpTo(1, each.value ?? 0));
  return isShare ? { kind: 'share' } : { problem: `${metric} has no largest value: declare one (strength.cap)` };
}

/** Of what one measurement gave: why no block can be made of such. */
function problemOf(
  metric: string,
  { type, n, sizeFailure, windowsDiffer, cumulative }: MeasuredMetric,
): string | undefined {
  if (sizeFailure !== undefined) return `the sampleSize of ${metric} could not be measured: ${sizeFailure.message}`;
  if (type === 'Counter') return `${metric} is a counter: it says how much, not how much per request`;
  if (n === undefined)
    return `${metric} has no sampleSize: only its value is known, not the number of data points behind it`;
  if (windowsDiffer === true)
    return `${metric} and its sampleSize are about different times: both need elapsedTime in their queries`;
  if (!cumulative)
    return `the query of ${metric} does not use elapsedTime: what a version earned in one iteration is unknown`;
  return undefined;
}

function earnedBy(version: string, reward: RewardQuestion, record: Iter8Record): Earned | undefined {
  const { metric, quantity, endpoint } = reward;
  if (quantity.kind === 'custom') return earnedOf(record.measured?.[metric]?.[version]);
  return countedOf(reward, tallyOf(countedScopes(record), version, endpoint));
}

/** What our own load has counted of a version. */
function countedOf({ quantity, cap }: RewardQuestion, { response }: Tally): Earned | undefined {
  const { n } = response;
  if (n === 0) return undefined;
  switch (quantity.kind) {
    case 'error-rate':
      return { value: response.errors / n, n, sum: response.errors };
    case 'mean-latency': {
      const sum = cappedSumMs(response, cap);
      return { value: sum / n, n, sum };
    }
    case 'percentile':
      return { value: percentile(response.histogram, quantity.percent), n };
    case 'error-count':
      return { value: response.errors };
    case 'request-count':
      return { value: n };
    case 'custom':
      return undefined;
  }
}

/** A value that its backend failed to give again is no data for this block. */
function earnedOf(measured: MeasuredMetric | undefined): Earned | undefined {
  if (measured?.value === undefined || measured.failure !== undefined) return undefined;
  const { value, n } = measured;
  return n === undefined ? { value } : { value, n, sum: value * n };
}

interface KnownOfReward {
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** Pairs of requests of two versions, A the earlier in the question; undefined without any. */
  readonly pairs: (a: string, b: string) => PairTally | undefined;
  /** What our own load has counted so far. */
  readonly tallyOf: (version: string, endpoint?: string) => Tally;
  readonly look: Look;
}

/** Who wins, among the versions that no objective excludes. Pure. */
export function judgeReward(question: Question, before: RewardState, known: KnownOfReward): RewardResult {
  const state = withCounted(question, before, known);
  const { winner, ...result } = shownReward(question, state, known);
  const soon = tooSoon(question, result, known.look);
  if (soon !== undefined) return { ...result, state: 'open', reason: `${state.metric}: ${soon}` };
  return winner === undefined ? result : { ...result, winner };
}

/** Our own load may have gone on since the state was made, which is at iterations alone: what it counted is known at every look. */
function withCounted(
  { reward, versions }: Question,
  state: RewardState,
  { tallyOf: tallyNow }: Pick<KnownOfReward, 'tallyOf'>,
): RewardState {
  if (reward === undefined || reward.quantity.kind === 'custom') return state;
  const counted = versions.flatMap(({ name }) => {
    const one = countedOf(reward, tallyNow(name, reward.endpoint));
    return one === undefined ? [] : [[name, { value: one.value, n: one.n }] as const];
  });
  return { ...state, values: { ...state.values, ...Object.fromEntries(counted) } };
}

/** Why there is no answer yet, whatever has been shown; undefined when there may be. As of an objective (`decide.ts`). */
function tooSoon(
  { alpha, reward, strength }: Question,
  { state, values }: RewardResult,
  look: Look,
): string | undefined {
  if (state === 'open') return undefined;
  const isBackend = reward?.quantity.kind === 'custom';
  if (Object.values(values).some(({ n }) => n !== undefined && n < strength.minRequests))
    return 'there are too few requests for an answer (minRequests)';
  const seconds = isBackend ? (look.runningSeconds ?? look.elapsedSeconds) : look.elapsedSeconds;
  if (seconds < strength.minSeconds) return 'it is too early for an answer (minSeconds)';
  if (alpha !== undefined) return undefined;
  if (isBackend) return look.measuringDone === false ? 'it is compared after the last iteration' : undefined;
  return look.planDone && look.loadToCome !== true ? undefined : 'it is compared when the planned load is done';
}

function shownReward(question: Question, state: RewardState, known: KnownOfReward): RewardResult {
  const { reward, alpha } = question;
  const { verdicts } = known;
  const preferred = reward?.preferred ?? 'High';
  const contenders = new Set([...verdicts].filter(([, verdict]) => verdict !== 'violated').map(([name]) => name));
  const satisfied = new Set([...verdicts].filter(([, verdict]) => verdict === 'satisfied').map(([name]) => name));
  const best = bestOf(state.values, contenders, preferred);
  const base = { metric: state.metric, preferred, best, values: state.values };
  const missing = [...contenders].filter((name) => state.values[name] === undefined);
  if (missing.length > 0)
    return { ...base, state: 'open', reason: `${state.metric} of ${missing.join(', ')} has no value` };
  if (alpha === undefined) return byPoints(question, base, { contenders, satisfied });
  const result = contestResult(question, state, { look: { alpha, contenders, satisfied }, pairs: known.pairs });
  if (typeof result === 'string') return { ...base, state: 'open', reason: result };
  const { lnNeeded } = result;
  if (result.kind === 'winner') {
    const reason = `${state.metric} of ${result.version} is the ${preferred === 'High' ? 'highest' : 'lowest'}`;
    return { ...base, state: 'winner', winner: result.version, reason, lnEvidence: result.lnEvidence, lnNeeded };
  }
  if (result.kind === 'tie') return { ...base, state: 'tie', reason: withinMargin(state.metric), lnNeeded };
  const why = {
    'objectives-open': `${result.leader ?? ''} has the best ${state.metric}, but its objectives are not decided`,
    'reward-missing': `${state.metric} has not been measured for every version`,
    'not-enough-evidence': `${state.metric}: no version is shown to be the best${result.leader === undefined ? '' : ` (${result.leader} leads)`}`,
    'no-contender': 'every version violates an objective',
  }[result.reason];
  return {
    ...base,
    state: 'open',
    reason: state.problem === undefined ? why : `${why}; ${state.problem}`,
    lnEvidence: result.lnEvidence,
    lnNeeded,
  };
}

/** A text says why nobody can win yet. */
function contestResult(
  question: Question,
  { metric, contest, problem }: RewardState,
  how: { readonly look: ContestLook; readonly pairs: (a: string, b: string) => PairTally | undefined },
): ContestResult | string {
  const rules = pairedRules(question);
  if (rules === undefined)
    return contest === undefined ? (problem ?? `${metric} has not been measured`) : judgeContest(contest, how.look);
  const [first, ...others] = rules.versions;
  return others.some((version) => (how.pairs(first!, version)?.n ?? 0) > 0)
    ? judgePairedContest(rules, how.pairs, how.look)
    : `${metric}: the load does not go to the versions at the same times; load them in one metrics/collect task, at a rate`;
}

const withinMargin = (metric: string): string => `the versions are equal in ${metric} within the margin`;

/**
 * As Iter8 0.7: the best value of the versions that satisfy every objective; equal ones make nobody win. Neither does a candidate
 * that is better than the baseline by no more than the margin.
 */
function byPoints(
  { baseline, strength }: Question,
  base: Omit<RewardResult, 'state' | 'reason'>,
  { contenders, satisfied }: Record<'contenders' | 'satisfied', ReadonlySet<string>>,
): RewardResult {
  // Of whom nothing is known yet: whoever is second has not won by that.
  const open = base.best.find((name) => !satisfied.has(name));
  if (open !== undefined && satisfied.size > 0)
    return {
      ...base,
      state: 'open',
      reason: `${open} has the best ${base.metric}, but its objectives are not decided`,
    };
  const best = bestOf(base.values, satisfied, base.preferred);
  const [winner, ...others] = best;
  if (winner === undefined) return { ...base, state: 'open', reason: 'no version satisfies every objective' };
  if (others.length > 0) return { ...base, state: 'tie', reason: `${enumerated(best)} have the same ${base.metric}` };
  const isAgainstBaseline = baseline !== undefined && winner !== baseline.name && contenders.has(baseline.name);
  if (isAgainstBaseline && !isBeyondMargin(base, { of: winner, over: baseline.name, percent: strength.margin }))
    return { ...base, state: 'tie', reason: withinMargin(base.metric) };
  return { ...base, state: 'winner', winner, reason: `${base.metric} of ${winner} is the best point value` };
}

/** Above the other times 1 + margin, or below the other divided by it; by as much where values are negative. */
function isBeyondMargin(
  { values, preferred }: Pick<RewardResult, 'values' | 'preferred'>,
  { of, over, percent }: { readonly of: string; readonly over: string; readonly percent: number },
): boolean {
  const [value, other] = [values[of]!.value, values[over]!.value];
  const margin = percent / 100;
  return preferred === 'High'
    ? value - other > margin * Math.abs(other)
    : other - value > (margin / (1 + margin)) * Math.abs(other);
}

function bestOf(values: RewardState['values'], among: ReadonlySet<string>, preferred: 'High' | 'Low'): string[] {
  const rows = Object.entries(values).filter(([name]) => among.has(name));
  const sign = preferred === 'High' ? 1 : -1;
  const most = Math.max(...rows.map(([, { value }]) => sign * value));
  return rows.filter(([, { value }]) => sign * value === most).map(([name]) => name);
}
