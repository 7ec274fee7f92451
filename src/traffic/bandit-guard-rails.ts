/**
 * The weights of the next iteration under `policy: bandit`: what the bandit wants, within guard rails.
 *
 * - every live version keeps at least 5 % (less when there are more than 20): what is not measured is not learned;
 * - a candidate moves by at most `maxCandidateWeightIncrement`, up or down, and never above `maxCandidateWeight`;
 * - a candidate with an alarm (an objective violated, or shown to be worse than the baseline) gets nothing, at once;
 * - no candidate is raised above 50 % before it satisfies every objective;
 * - without data nothing moves, but for alarms, and a candidate without data is not raised.
 *
 * The baseline has what the candidates leave. Source: docs/method.md 3.
 */
import type { WeighedVersion, WeightLimits } from './progressive-weights.ts';
import { mostPercent, presentPercent } from './progressive-weights.ts';
import { roundWeights, type Weights } from './round-weights.ts';

const FLOOR = 5;
const MOST_BEFORE_SATISFIED = 50;

export interface GuardedVersion extends WeighedVersion {
  /** Of a candidate: no traffic any more. Of the baseline: no effect. */
  readonly alarm: boolean;
  /** Every objective is satisfied. */
  readonly satisfied: boolean;
}

export interface BanditWeightsQuestion {
  /** One baseline, names unique. */
  readonly versions: readonly GuardedVersion[];
  /** The part of each version, as `topTwoShares` gives it for the versions without an alarm. */
  readonly shares: ReadonlyMap<string, number>;
  readonly limits: WeightLimits;
}

export function nextBanditWeights({ versions, shares, limits }: BanditWeightsQuestion): Weights {
  const candidates = versions.filter((version) => version.role === 'candidate');
  const live = versions.filter((version) => version.role === 'baseline' || !version.alarm);
  const floor = Math.min(FLOOR, 100 / live.length);
  const nothing = !versions.some((version) => version.hasData);
  const wanted = new Map(
    candidates.map((version) => {
      if (version.alarm) return [version.name, 0];
      const present = presentPercent(version);
      if (nothing) return [version.name, Math.floor(Math.min(present, limits.maxCandidateWeight))];
      const share = shares.get(version.name) ?? 0;
      return [version.name, guarded(version, { wanted: floor + (100 - floor * live.length) * share, floor, limits })];
    }),
  );
  fit(candidates, wanted, nothing ? 100 : 100 - floor);
  return roundWeights(versions.map((version) => ({ ...version, percent: wanted.get(version.name) ?? 0 })));
}

function guarded(
  version: GuardedVersion,
  { wanted, floor, limits }: { readonly wanted: number; readonly floor: number; readonly limits: WeightLimits },
): number {
  const present = presentPercent(version);
  const least = present - limits.maxCandidateWeightIncrement;
  const unproven = version.satisfied ? 100 : Math.max(present, MOST_BEFORE_SATISFIED);
  const most = Math.min(mostPercent(version, limits, floor), unproven);
  return Math.min(Math.max(wanted, least), most);
}

/**
 * Makes room for the baseline: first the increases are cut, all in proportion, then everything. The latter only when the
 * present weights leave the baseline less than its floor; then a decrease may pass the step by so much.
 */
function fit(candidates: readonly GuardedVersion[], wanted: Map<string, number>, room: number): void {
  const total = () => candidates.reduce((sum, { name }) => sum + wanted.get(name)!, 0);
  const increase = (version: GuardedVersion) => Math.max(0, wanted.get(version.name)! - presentPercent(version));
  const increases = candidates.reduce((sum, version) => sum + increase(version), 0);
  const excess = total() - room;
  if (excess <= 0) return;
  const kept = increases === 0 ? 0 : Math.max(0, 1 - excess / increases);
  for (const version of candidates)
    wanted.set(version.name, wanted.get(version.name)! - increase(version) * (1 - kept));
  const factor = Math.min(1, room / total());
  for (const { name } of candidates) wanted.set(name, wanted.get(name)! * factor);
}
