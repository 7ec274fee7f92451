/** What it takes to show which version has the best reward: for `plan`. Pure. */
import { meanOf, type Distribution } from '../evidence/planning/distribution.ts';
import { pairsForMean, shareOf } from '../evidence/planning/mean-passage.ts';
import { pairsToDistinguish } from '../evidence/planning/pairs-needed.ts';
import { equality } from '../evidence/two-versions/comparison.ts';
import type { Question } from '../judge/question/question.ts';
import { rewardProblem, type Trial } from './measured-outlook.ts';
import { unloadedText, unloadedVersions, type Seen } from './power-row.ts';
import { assumptions } from './relative-decidability.ts';

export interface RewardPower {
  readonly metric: string;
  readonly preferred: 'High' | 'Low';
  /** Data points of each version until the better of two values is shown; absent when that can never be. */
  readonly needed?: number | undefined;
  /** The two values that so many data points distinguish. */
  readonly between?: readonly [number, number] | undefined;
  /** Of these two. */
  readonly unit?: 'ms' | 'share' | 'plain';
  /** Why it cannot be compared with confidence. */
  readonly problem?: string | undefined;
}

/** Where nothing is measured yet: a tenth, and a fifth more. */
const ASSUMED: readonly [number, number] = [0.1, 0.12];
const A_FIFTH_MORE = 1.2;

/** `trial`: what was just measured of one that is not built in. */
export function rewardDecidability(question: Question, trial: Trial, seen: Seen = {}): RewardPower | undefined {
  const { reward, alpha, versions } = question;
  if (reward === undefined) return undefined;
  const base = { metric: reward.metric, preferred: reward.preferred };
  const { quantity, cap = 1 } = reward;
  if (alpha === undefined) return base;
  const lnThreshold = Math.log(versions.length / alpha);
  if (quantity.kind !== 'custom') return { ...base, ...ownLoad(question, reward, { seen, lnThreshold }) };
  const problem = rewardProblem(question, trial);
  if (problem !== undefined) return { ...base, problem };
  const values = Object.values(trial.measured[reward.metric] ?? {}).flatMap(({ value }) => value ?? []);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const between = values.length > 1 && low < high ? ([low, high] as const) : scaledBy(cap);
  const needed = pairsToDistinguish({
    shareA: between[0] / cap,
    shareB: between[1] / cap,
    lnThreshold,
  });
  return { ...base, needed, between };
}

/** By pairs of requests: how many until a version is shown to be better than one that is a fifth worse. */
function ownLoad(
  question: Question,
  { quantity, cap }: NonNullable<Question['reward']>,
  { seen, lnThreshold }: { readonly seen: Seen; readonly lnThreshold: number },
): Omit<RewardPower, 'metric' | 'preferred'> {
  if (quantity.kind !== 'error-rate' && quantity.kind !== 'mean-latency')
    return { problem: 'of our own load only error rates and mean latencies are' };
  const unloaded = unloadedVersions(question, question.versions);
  if (unloaded.length > 0) return { problem: unloadedText(unloaded) };
  if (question.load.closedLoop) return { problem: 'with qps 0 requests are not paired' };
  const { errors, latencies } = assumptions(question, seen);
  const isShare = quantity.kind === 'error-rate';
  if (!isShare && cap === undefined) return { problem: 'it has no largest value: declare one (strength.cap)' };
  const better = isShare ? shareOf(errors) : latencies;
  const worse: Distribution = isShare
    ? shareOf(Math.min(1, A_FIFTH_MORE * errors))
    : latencies.map(([ms, weight]) => [A_FIFTH_MORE * ms, weight]);
  const { average } = pairsForMean({
    a: worse,
    b: better,
    comparison: equality(isShare ? 1 : (cap ?? 1)),
    lnThreshold,
  });
  if (!Number.isFinite(average))
    return { problem: 'its largest value (strength.cap) is below what it is expected to be' };
  return { needed: average, between: [meanOf(better), meanOf(worse)], unit: isShare ? 'share' : 'ms' };
}

const scaledBy = (cap: number): readonly [number, number] => [ASSUMED[0] * cap, ASSUMED[1] * cap];
