/**
 * Weights in whole percent, by the largest remainder: the same input gives the same split, and no candidate passes its cap
 * (0.7 rounded at random: docs/contract.md 8, defect 11). Source: docs/method.md 3.
 */

export interface UnroundedWeight {
  readonly name: string;
  readonly role: 'baseline' | 'candidate';
  /** 0 or more; what the versions lack to 100 goes to the baseline. */
  readonly percent: number;
}

/** Whole percent by version, in the order of the versions; the sum is 100. */
export type Weights = ReadonlyMap<string, number>;

/** A remainder that only floating point made is none. */
const FUZZ = 1e-9;

/**
 * One baseline; candidates that have more than 100 % in all are scaled down. A candidate whose percentage is whole is not changed, so a
 * cap that is whole holds after rounding if it did before. Of equal remainders the baseline's is rounded up first, then the
 * first in alphabetical order: the order of the versions does not matter.
 */
export function roundWeights(weights: readonly UnroundedWeight[]): Weights {
  const candidates = weights.reduce((sum, one) => sum + (one.role === 'candidate' ? one.percent : 0), 0);
  const scale = candidates > 100 ? 100 / candidates : 1;
  const exact = weights.map((one) => ({
    ...one,
    percent: one.role === 'baseline' ? Math.max(0, 100 - candidates) : one.percent * scale,
  }));
  const floors = new Map(exact.map(({ name, percent }) => [name, Math.max(0, Math.floor(percent + FUZZ))]));
  const remainder = (one: UnroundedWeight) => one.percent - floors.get(one.name)!;
  let left = 100 - [...floors.values()].reduce((sum, percent) => sum + percent, 0);
  const order = exact
    .filter((one) => remainder(one) > FUZZ)
    .toSorted((a, b) => {
      const difference = remainder(b) - remainder(a);
      if (Math.abs(difference) > FUZZ) return difference;
      if (a.role !== b.role) return a.role === 'baseline' ? -1 : 1;
      return a.name < b.name ? -1 : 1;
    });
  for (const { name } of order) {
    if (left === 0) break;
    floors.set(name, floors.get(name)! + 1);
    left -= 1;
  }
  return floors;
}
