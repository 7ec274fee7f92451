/** What it takes to show which version has the best reward: for `plan`. Pure. */
import type { Metric } from '../experiment/metric.ts';
import { pairsToDistinguish } from '../evidence/planning/pairs-needed.ts';
import type { Question } from '../judge/question/question.ts';

export interface RewardPower {
  readonly metric: string;
  readonly preferred: 'High' | 'Low';
  /** Data points of each version until the better of two values is shown; absent when that can never be. */
  readonly needed?: number | undefined;
  /** The two values that `needed` tells apart. */
  readonly between?: readonly [number, number] | undefined;
  /** Why it cannot be compared with confidence. */
  readonly problem?: string | undefined;
}

/** Where nothing is measured yet: a tenth, and a fifth more. */
const ASSUMED: readonly [number, number] = [0.1, 0.12];

/** `values`: of the versions, as just measured. `metric`: absent for built-in ones. */
export function rewardDecidability(
  { reward, alpha, versions }: Question,
  known: { readonly metric: Metric | undefined; readonly values: readonly number[] },
): RewardPower | undefined {
  if (reward === undefined) return undefined;
  const base = { metric: reward.metric, preferred: reward.preferred };
  const { quantity, cap = 1 } = reward;
  if (alpha === undefined) return base;
  const problem =
    quantity.kind === 'custom' ? customProblem(known, cap) : quantity.kind === 'error-rate' ? undefined : BUILTIN;
  if (problem !== undefined) return { ...base, problem };
  const [low, high] = [Math.min(...known.values), Math.max(...known.values)];
  const between = known.values.length > 1 && low < high ? ([low, high] as const) : scaledBy(cap);
  const needed = pairsToDistinguish({
    shareA: between[0] / cap,
    shareB: between[1] / cap,
    lnThreshold: Math.log(versions.length / alpha),
    certainty: 'average',
  });
  return { ...base, needed, between };
}

const BUILTIN = 'how much it takes depends on how widely it varies';

const scaledBy = (cap: number): readonly [number, number] => [ASSUMED[0] * cap, ASSUMED[1] * cap];

function customProblem(
  { metric, values }: { readonly metric: Metric | undefined; readonly values: readonly number[] },
  cap: number,
): string | undefined {
  if (metric === undefined) return 'it is not there';
  if (/\b(shares|sums)\b/.test(metric.spec.jqExpression ?? '')) return undefined;
  if (metric.spec.type === 'Counter') return 'a counter says how much, not how much per request';
  if (metric.spec.sampleSize === undefined) return 'it has no sampleSize: the number of data points is unknown';
  if (values.some((value) => value < 0 || value > cap)) return 'it has no largest value: declare one (strength.cap)';
  return undefined;
}
