/**
 * Where traffic goes next under the progressive policy: the rule of Iter8 0.7, without its defects.
 *
 * 10 % evenly over all versions, 90 % over the best ones; candidates are capped and what is cut goes to the baseline. 0.7
 * rounded at random and read the present weights by position, and so broke both caps: here rounding is by the largest
 * remainder, and weights are read by name. Source: docs/contract.md 6; docs/method.md 3.
 */
import { explorationShares } from './exploration-shares.ts';
import { roundWeights, type Weights } from './round-weights.ts';

export interface WeighedVersion {
  readonly name: string;
  readonly role: 'baseline' | 'candidate';
  /** Whole percent that the version has now; undefined counts as 100 for the baseline and 0 for a candidate. */
  readonly presentPercent: number | undefined;
  /** Whether this iteration measured anything of it. */
  readonly hasData: boolean;
}

/** spec.strategy.weights, each a whole number from 0 to 100. */
export interface WeightLimits {
  readonly maxCandidateWeight: number;
  readonly maxCandidateWeightIncrement: number;
}

export interface WeightsQuestion {
  /** One baseline, names unique. */
  readonly versions: readonly WeighedVersion[];
  /** Names of the best versions by the present point estimate; none while that is unknown: then the baseline counts as best. */
  readonly best: ReadonlySet<string>;
  readonly limits: WeightLimits;
}

/**
 * The weights of the next iteration.
 *
 * Without any data the weights stay as they are. A candidate without data is not raised, with one exception: one that has
 * no traffic cannot have data, and may be raised to its part of the exploration as long as others have data (the document says
 * only "hold weights while a loop has no data"). Decreases are not limited.
 *
 * Never throws: limits were checked before.
 */
export function nextWeights({ versions, best, limits }: WeightsQuestion): Weights {
  if (!versions.some((version) => version.hasData)) return heldWeights(versions, limits);
  const known = versions.filter((version) => best.has(version.name));
  const favoured = known.length > 0 ? known : versions.filter((version) => version.role === 'baseline');
  const { each, favourite } = explorationShares(versions.length, favoured.length);
  return roundWeights(
    versions.map((version) => {
      const wanted = favoured.includes(version) ? favourite : each;
      const most = mostPercent(version, limits, each);
      return { name: version.name, role: version.role, percent: Math.min(wanted, most) };
    }),
  );
}

/** Present weights, but none above its cap; the baseline has what the candidates leave, and what whole percent leave of theirs. */
function heldWeights(versions: readonly WeighedVersion[], { maxCandidateWeight }: WeightLimits): Weights {
  return roundWeights(
    versions.map((version) => ({
      ...version,
      percent: Math.floor(Math.min(presentPercent(version), maxCandidateWeight)),
    })),
  );
}

export function presentPercent({ role, presentPercent: present }: WeighedVersion): number {
  return present ?? (role === 'baseline' ? 100 : 0);
}

/**
 * The most that a version may have next, in whole percent: for a candidate by both caps, and by whether it was measured.
 * `startPercent` is what it may start with from 0.
 */
export function mostPercent(version: WeighedVersion, limits: WeightLimits, startPercent: number): number {
  if (version.role === 'baseline') return 100;
  const present = presentPercent(version);
  const increment = limits.maxCandidateWeightIncrement;
  const started = present === 0 ? Math.min(startPercent, increment) : present;
  const raised = version.hasData ? present + increment : started;
  return Math.floor(Math.min(limits.maxCandidateWeight, raised));
}
