/**
 * The reward of an A/B or A/B/N experiment: what each version earned, iteration by iteration, and who is shown to earn most.
 *
 * Each iteration is a block of its own, so that drift and changing weights fool nobody (statistics.md 1.4). What a version
 * earned in a block is the difference of two values that hold everything since the start: so a custom metric needs
 * `elapsedTime` in its query and a `sampleSize`, and must be a share, or have a declared cap. Anything else is shown, and
 * makes nobody win (unless point values are to be compared: `confidence: none`).
 */
import type { Experiment } from '../../experiment/experiment.ts';
import { parseMetricName } from '../../experiment/metric-names.ts';
import { toNumber } from '../../experiment/quantity.ts';
import type { StrengthSettings } from '../../experiment/strength-settings.ts';
import {
  addContestBlock,
  judgeContest,
  startContest,
  type Contest,
  type RewardKind,
} from '../../evidence/two-versions/best-version.ts';
import type { Verdict } from '../assessment.ts';
import type { MeasuredMetric } from '../limits/custom-metric.ts';
import { judgedVersions, longestTimeoutMs } from '../question.ts';
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
  /** Why nobody can win by it. */
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

/** The state after one more iteration; undefined without a reward. Pure. */
export function nextReward(
  experiment: Experiment,
  record: Iter8Record,
  strength: StrengthSettings,
): RewardState | undefined {
  const reward = experiment.spec.criteria.rewards[0];
  if (reward === undefined) return undefined;
  const { metric } = reward;
  const versions = judgedVersions(experiment).map(({ name }) => name);
  const earned = new Map(versions.map((version) => [version, earnedBy(version, metric, experiment, record)]));
  const values = Object.fromEntries(
    [...earned].flatMap(([version, one]) => (one === undefined ? [] : [[version, { value: one.value, n: one.n }]])),
  );
  const before = record.reward?.metric === metric ? record.reward : undefined;
  const kind = kindOf(metric, experiment, record, strength);
  if ('problem' in kind) return { metric, seen: {}, values, problem: kind.problem };
  const contest =
    before?.contest ??
    startContest({
      versions,
      reward: kind,
      preferred: reward.preferredDirection === 'High' ? 'high' : 'low',
      marginPercent: strength.margin,
    });
  const cap = kind.kind === 'share' ? 1 : kind.cap;
  const seen: Record<string, { readonly n: number; readonly sum: number }> = { ...before?.seen };
  const block = new Map<string, { readonly n: number; readonly sum: number }>();
  for (const [version, one] of earned) {
    if (one?.n === undefined || one.sum === undefined) continue;
    const last = seen[version] ?? { n: 0, sum: 0 };
    const n = one.n - last.n;
    // A backend that forgot, or extrapolates: what cannot be is no data.
    if (n <= 0) continue;
    block.set(version, { n, sum: Math.min(n * cap, Math.max(0, one.sum - last.sum)) });
    seen[version] = { n: one.n, sum: one.sum };
  }
  return { metric, contest: block.size === 0 ? contest : addContestBlock(contest, block), seen, values };
}

/** Whether it can be compared with confidence, and how. */
function kindOf(
  metric: string,
  experiment: Experiment,
  record: Iter8Record,
  strength: StrengthSettings,
): RewardKind | { readonly problem: string } {
  const written = strength.cap.find((one) => one.metric === metric);
  const cap = written === undefined ? undefined : toNumber(written.max);
  const { quantity } = parseMetricName(metric, experiment.metadata.namespace);
  switch (quantity.kind) {
    case 'error-rate':
      return { kind: 'share' };
    case 'mean-latency': {
      const most = cap ?? longestTimeoutMs(experiment);
      return most === undefined
        ? { problem: `${metric} has no largest value: declare one (strength.cap)` }
        : { kind: 'mean', cap: most };
    }
    case 'request-count':
    case 'error-count':
    case 'percentile':
      return { problem: `${metric} cannot be compared with confidence as a reward` };
    case 'custom':
      break;
  }
  const measured = Object.values(record.measured?.[metric] ?? {});
  const one = measured.find(({ value }) => value !== undefined);
  if (one === undefined) return cap === undefined ? { kind: 'mean', cap: 1 } : { kind: 'mean', cap };
  if (one.type === 'Counter') return { problem: `${metric} is a counter: it says how much, not how much per request` };
  if (one.n === undefined)
    return { problem: `${metric} has no sampleSize: only its value is known, not the number of data points behind it` };
  if (!one.cumulative)
    return {
      problem: `the query of ${metric} does not use elapsedTime: what a version earned in one iteration is unknown`,
    };
  if (cap !== undefined) return { kind: 'mean', cap };
  if (measured.every(({ value = 0 }) => value >= 0 && value <= 1)) return { kind: 'mean', cap: 1 };
  return { problem: `${metric} has no largest value: declare one (strength.cap)` };
}

function earnedBy(version: string, metric: string, experiment: Experiment, record: Iter8Record): Earned | undefined {
  const { quantity, endpoint } = parseMetricName(metric, experiment.metadata.namespace);
  if (quantity.kind === 'custom') return earnedOf(record.measured?.[metric]?.[version]);
  const { response } = tallyOf(countedScopes(record), version, endpoint);
  if (response.n === 0) return undefined;
  if (quantity.kind === 'error-rate')
    return { value: response.errors / response.n, n: response.n, sum: response.errors };
  if (quantity.kind === 'mean-latency')
    return { value: response.sumMs / response.n, n: response.n, sum: response.sumMs };
  return undefined;
}

/** A value that its backend failed to give anew is no data for this block. */
function earnedOf(measured: MeasuredMetric | undefined): Earned | undefined {
  if (measured?.value === undefined || measured.failure !== undefined) return undefined;
  const { value, n } = measured;
  return n === undefined ? { value } : { value, n, sum: value * n };
}

/** Who wins, among the versions that no objective excludes. Pure. */
export function judgeReward(
  experiment: Experiment,
  state: RewardState,
  look: { readonly verdicts: ReadonlyMap<string, Verdict>; readonly confidence: number | 'none' },
): RewardResult {
  const preferred = experiment.spec.criteria.rewards[0]?.preferredDirection ?? 'High';
  const contenders = new Set([...look.verdicts].filter(([, verdict]) => verdict !== 'violated').map(([name]) => name));
  const satisfied = new Set([...look.verdicts].filter(([, verdict]) => verdict === 'satisfied').map(([name]) => name));
  const best = bestOf(state.values, contenders, preferred);
  const base = { metric: state.metric, preferred, best, values: state.values };
  const missing = [...contenders].filter((name) => state.values[name] === undefined);
  if (missing.length > 0)
    return { ...base, state: 'open', reason: `${state.metric} of ${missing.join(', ')} has no value` };
  if (look.confidence === 'none') return byPoints(base, satisfied);
  if (state.problem !== undefined || state.contest === undefined)
    return { ...base, state: 'open', reason: state.problem ?? `${state.metric} has not been measured` };
  const result = judgeContest(state.contest, { alpha: 1 - look.confidence, contenders, satisfied });
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
  return { ...base, state: 'open', reason: why, lnEvidence: result.lnEvidence, lnNeeded };
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
