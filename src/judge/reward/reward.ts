/**
 * The reward of an A/B or A/B/N experiment: what each version earned, iteration by iteration, and who is shown to earn most.
 *
 * Each iteration is a block of its own, so that drift and changing weights fool nobody (statistics.md 1.4). What a version
 * earned in a block is the difference of two values that hold everything since the start: so a custom metric needs
 * `elapsedTime` in its query and a `sampleSize`, and must be a share, or have a declared cap. Anything else is shown, and
 * makes nobody win (unless point values are to be compared: `confidence: none`).
 */
import {
  addContestBlock,
  judgeContest,
  startContest,
  type Contest,
  type RewardKind,
} from '../../evidence/two-versions/best-version.ts';
import { cappedSumMs } from '../../evidence/latency-histogram.ts';
import type { Verdict } from '../assessment.ts';
import type { MeasuredMetric } from '../limits/custom-metric.ts';
import type { Question, RewardQuestion } from '../question/question.ts';
import { countedScopes, tallyOf, type Iter8Record } from '../record/stored-record.ts';

/** What is stored between iterations. */
export interface RewardState {
  /** As the spec wrote it. */
  readonly metric: string;
  readonly contest?: Contest | undefined;
  /** Everything since the start, at the last block. */
  readonly seen: Readonly<Record<string, { readonly n: number; readonly sum: number }>>;
  /** Values at the last look, for people; absent for a version without one. */
  readonly values: Readonly<Record<string, { readonly value: number; readonly n?: number | undefined }>>;
  /** Blocks count from here on, RFC 3339; absent: from the last measurement on. */
  readonly from?: string | undefined;
  /** Why nobody can win by it; with a contest: why the last measurement does not count. */
  readonly problem?: string | undefined;
}

/** Who is shown to be best, at one look. `best`: by point value, several when equal. */
export interface RewardResult {
  readonly metric: string;
  readonly preferred: 'High' | 'Low';
  readonly state: 'winner' | 'tie' | 'open';
  readonly winner?: string | undefined;
  readonly best: readonly string[];
  readonly values: RewardState['values'];
  /** A sentence. */
  readonly reason: string;
  readonly lnEvidence?: number | undefined;
  readonly lnNeeded?: number | undefined;
}

interface Earned {
  readonly value: number;
  readonly n?: number | undefined;
  /** Everything since the start; absent where it is not known. */
  readonly sum?: number | undefined;
}

/**
 * The state after one more measurement; undefined without a reward. Pure.
 *
 * What a version earned since the last one is a block. A block does not count when a backend failed for a version that it knew,
 * or gave what cannot be; it is then longer next time. After the split of traffic has changed, nothing counts until
 * `rewardDelay` later: what comes in until then was earned under the split before, and would be compared with requests of this
 * one. This holds when every reward arrives within that time. Where the split never changes all versions are late alike.
 */
export function nextReward(
  { reward, versions, strength }: Question,
  record: Iter8Record,
  now: { readonly time: string; readonly isSplitChanged: boolean },
): RewardState | undefined {
  if (reward === undefined) return undefined;
  const { metric } = reward;
  const earned = new Map(versions.map(({ name }) => [name, earnedBy(name, reward, record)]));
  const before = record.reward?.metric === metric ? record.reward : undefined;
  const values = Object.fromEntries(
    [...earned].flatMap(([version, one]) => {
      const failures = record.measured?.[metric]?.[version]?.failure?.count ?? 0;
      const shown = one ?? (failures <= MOST_FAILURES ? before?.values[version] : undefined);
      return shown === undefined ? [] : [[version, { value: shown.value, n: shown.n }]];
    }),
  );
  const kind = before?.contest?.rules.reward ?? kindOf(reward, record);
  if ('problem' in kind) return { metric, seen: {}, values, problem: kind.problem };
  const contest =
    before?.contest ??
    startContest({
      versions: versions.map(({ name }) => name),
      reward: kind,
      preferred: reward.preferred === 'High' ? 'high' : 'low',
      marginPercent: strength.margin,
    });
  const seen = before?.seen ?? {};
  const cap = kind.kind === 'share' ? 1 : kind.cap;
  const state = { metric, contest, seen, values, ...(before?.from === undefined ? {} : { from: before.from }) };
  const problem = problemWith(earned, seen, cap);
  if (problem !== undefined) return { ...state, problem: `${metric} of ${problem}` };
  const sums = new Map(
    [...earned].flatMap(([version, one]) =>
      one?.n === undefined || one.sum === undefined ? [] : [[version, { n: one.n, sum: one.sum }] as const],
    ),
  );
  const present = { ...seen, ...Object.fromEntries(sums) };
  const delayMs = 1000 * (strength.rewardDelay ?? strength.inFlightSeconds);
  const from = now.isSplitChanged ? new Date(Date.parse(now.time) + delayMs).toISOString() : before?.from;
  if (from !== undefined) {
    // The block begins with the first measurement after it.
    const isOver = !now.isSplitChanged && now.time >= from;
    return { metric, contest, seen: present, values, ...(isOver ? {} : { from }) };
  }
  const block = new Map(
    [...sums].flatMap(([version, { n, sum }]) => {
      const last = seen[version] ?? { n: 0, sum: 0 };
      const more = n - last.n;
      return more <= 0 ? [] : [[version, { n: more, sum: Math.min(more * cap, Math.max(0, sum - last.sum)) }] as const];
    }),
  );
  return { metric, contest: block.size === 0 ? contest : addContestBlock(contest, block), seen: present, values };
}

/** One failure keeps the last value; more make it too old, and a missing reward makes nobody win. */
const MOST_FAILURES = 1;
/** Rounding is no reason to doubt a value. */
const FUZZ = 1e-9;

/** Why what was measured now makes no block: a version, and what is wrong with it. Undefined when nothing is. */
function problemWith(
  earned: ReadonlyMap<string, Earned | undefined>,
  seen: RewardState['seen'],
  cap: number,
): string | undefined {
  for (const [version, one] of earned) {
    if (one === undefined || one.n === undefined) {
      if (seen[version] !== undefined) return `${version} could not be measured`;
    } else if (one.value < 0 || one.value > cap * (1 + FUZZ)) {
      return `${version} is ${one.value}, which is not between 0 and ${cap}: declare its largest value (strength.cap)`;
    } else if (one.n < (seen[version]?.n ?? 0)) {
      return `${version} has fewer data points than before`;
    }
  }
  return undefined;
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
  if (one === undefined) return { kind: 'mean', cap: cap ?? 1 };
  if (one.type === 'Counter') return { problem: `${metric} is a counter: it says how much, not how much per request` };
  if (one.n === undefined)
    return { problem: `${metric} has no sampleSize: only its value is known, not the number of data points behind it` };
  if (one.windowsDiffer === true)
    return {
      problem: `${metric} and its sampleSize are about different times: both need elapsedTime in their queries`,
    };
  if (!one.cumulative)
    return {
      problem: `the query of ${metric} does not use elapsedTime: what a version earned in one iteration is unknown`,
    };
  if (cap !== undefined) return { kind: 'mean', cap };
  if (measured.every(({ value = 0 }) => value >= 0 && value <= 1)) return { kind: 'mean', cap: 1 };
  return { problem: `${metric} has no largest value: declare one (strength.cap)` };
}

function earnedBy(version: string, reward: RewardQuestion, record: Iter8Record): Earned | undefined {
  const { metric, quantity, endpoint, cap } = reward;
  if (quantity.kind === 'custom') return earnedOf(record.measured?.[metric]?.[version]);
  const { response } = tallyOf(countedScopes(record), version, endpoint);
  const { n } = response;
  if (n === 0) return undefined;
  if (quantity.kind === 'error-rate') return { value: response.errors / n, n, sum: response.errors };
  if (quantity.kind !== 'mean-latency') return undefined;
  const sum = cappedSumMs(response, cap);
  return { value: sum / n, n, sum };
}

/** A value that its backend failed to give again is no data for this block. */
function earnedOf(measured: MeasuredMetric | undefined): Earned | undefined {
  if (measured?.value === undefined || measured.failure !== undefined) return undefined;
  const { value, n } = measured;
  return n === undefined ? { value } : { value, n, sum: value * n };
}

/** Who wins, among the versions that no objective excludes. Pure. */
export function judgeReward(
  { reward, alpha }: Question,
  state: RewardState,
  verdicts: ReadonlyMap<string, Verdict>,
): RewardResult {
  const preferred = reward?.preferred ?? 'High';
  const contenders = new Set([...verdicts].filter(([, verdict]) => verdict !== 'violated').map(([name]) => name));
  const satisfied = new Set([...verdicts].filter(([, verdict]) => verdict === 'satisfied').map(([name]) => name));
  const best = bestOf(state.values, contenders, preferred);
  const base = { metric: state.metric, preferred, best, values: state.values };
  const missing = [...contenders].filter((name) => state.values[name] === undefined);
  if (missing.length > 0)
    return { ...base, state: 'open', reason: `${state.metric} of ${missing.join(', ')} has no value` };
  if (alpha === undefined) return byPoints(base, satisfied);
  if (state.contest === undefined)
    return { ...base, state: 'open', reason: state.problem ?? `${state.metric} has not been measured` };
  const result = judgeContest(state.contest, { alpha, contenders, satisfied });
  const { lnNeeded } = result;
  if (result.kind === 'winner') {
    const reason = `${state.metric} of ${result.version} is the ${preferred === 'High' ? 'highest' : 'lowest'}`;
    return { ...base, state: 'winner', winner: result.version, reason, lnEvidence: result.lnEvidence, lnNeeded };
  }
  if (result.kind === 'tie')
    return { ...base, state: 'tie', reason: `the versions are equal in ${state.metric} within the margin`, lnNeeded };
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

/** As Iter8 0.7: the best value of the versions that satisfy every objective; equal ones make nobody win. */
function byPoints(base: Omit<RewardResult, 'state' | 'reason'>, satisfied: ReadonlySet<string>): RewardResult {
  const best = bestOf(base.values, satisfied, base.preferred);
  const [winner, ...others] = best;
  if (winner === undefined) return { ...base, state: 'open', reason: 'no version satisfies every objective' };
  if (others.length > 0) return { ...base, state: 'tie', reason: `${best.join(' and ')} have the same ${base.metric}` };
  return { ...base, state: 'winner', winner, reason: `${base.metric} of ${winner} is the best point value` };
}

function bestOf(values: RewardState['values'], among: ReadonlySet<string>, preferred: 'High' | 'Low'): string[] {
  const rows = Object.entries(values).filter(([name]) => among.has(name));
  const sign = preferred === 'High' ? 1 : -1;
  const most = Math.max(...rows.map(([, { value }]) => sign * value));
  return rows.filter(([, { value }]) => sign * value === most).map(([name]) => name);
}
