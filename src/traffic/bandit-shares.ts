/**
 * How traffic is divided under `policy: bandit`: top-two Thompson sampling, which finds the best version with the fewest
 * requests (half to the likely best, half to its likely rival).
 *
 * Only the division of traffic rests on these posteriors. They pool all requests of a version, so a drift under changing
 * weights can mislead them; the *verdict* comes from `best-version.ts`, which stays valid under any adaptive weights.
 *
 * Source: docs/method.md 3; Russo 2020, "Simple Bayesian algorithms for best-arm identification", Operations Research
 * 68(6).
 */
import { drawBeta, drawNormal, seededUniform } from './seeded-random.ts';

/** What is known of the rewards of one version. */
export interface Arm {
  readonly name: string;
  readonly n: number;
  /** Of the rewards; for shares the hits. */
  readonly sum: number;
  /** Of the squared rewards; not needed for shares. */
  readonly sumOfSquares?: number | undefined;
}

export interface BanditOptions {
  /** `share`: Beta posterior, uniform before; `mean`: normal, variances shrunk towards the common one. */
  readonly reward: 'share' | 'mean';
  readonly preferred: 'high' | 'low';
  /** A whole number; another one for each iteration, or the same errors repeat. */
  readonly seed: number;
}

const DRAWS = 1000;

/**
 * The part of the traffic of each version, summing to 1: half the probability to be the best, half the probability to be the
 * best of the others when the best is taken away.
 *
 * The document's "second given first" is read draw by draw: the second is the runner-up of the same draw, which is defined
 * even when one version is always first. A single version gets all. Does not depend on the order of the arms.
 */
export function topTwoShares(arms: readonly Arm[], options: BanditOptions): Map<string, number> {
  const samplers = arms.map((arm) => samplerOf(arm, arms, options));
  const chosen = arms.map(() => 0);
  for (let draw = 0; draw < DRAWS; draw++) {
    let first = -1;
    let second = -1;
    const values = samplers.map((sample) => (options.preferred === 'high' ? sample() : -sample()));
    for (let i = 0; i < values.length; i++) {
      if (first === -1 || values[i]! > values[first]!) {
        second = first;
        first = i;
      } else if (second === -1 || values[i]! > values[second]!) second = i;
    }
    if (first === -1) continue;
    chosen[first]! += 0.5;
    chosen[second === -1 ? first : second]! += 0.5;
  }
  return new Map(arms.map((arm, i) => [arm.name, chosen[i]! / DRAWS]));
}

function samplerOf(arm: Arm, arms: readonly Arm[], { reward, seed }: BanditOptions): () => number {
  const uniform = seededUniform(seed, arm.name);
  if (reward === 'share') {
    const hits = Math.min(Math.max(arm.sum, 0), arm.n);
    return () => drawBeta(uniform, 1 + hits, 1 + arm.n - hits);
  }
  const common = commonOf(arms);
  if (arm.n === 0) return () => common.mean + common.deviation * drawNormal(uniform);
  // One more value of the common variance: a version whose few rewards happen to be equal is not thereby certain.
  const deviation = Math.sqrt((squaresOf(arm) + common.deviation ** 2) / arm.n / arm.n);
  return () => arm.sum / arm.n + deviation * drawNormal(uniform);
}

/** Sum of squared deviations from the version's mean. */
function squaresOf({ n, sum, sumOfSquares = 0 }: Arm): number {
  return n === 0 ? 0 : Math.max(0, sumOfSquares - (sum * sum) / n);
}

/** Mean and standard deviation of all rewards together; 0 and 1 without any that differ. */
function commonOf(arms: readonly Arm[]): { readonly mean: number; readonly deviation: number } {
  // In order of size, so that rounding does not depend on the order of the arms.
  const total = (values: readonly number[]) => values.toSorted((a, b) => a - b).reduce((sum, value) => sum + value, 0);
  const n = total(arms.map((arm) => arm.n));
  if (n === 0) return { mean: 0, deviation: 1 };
  const sum = total(arms.map((arm) => arm.sum));
  const squares = total(arms.map((arm) => arm.sumOfSquares ?? 0)) - (sum * sum) / n;
  return { mean: sum / n, deviation: squares > 0 ? Math.sqrt(squares / n) : 1 };
}
