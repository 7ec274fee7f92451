/**
 * How many requests (or pairs) a verdict takes: it differs from run to run, so an average alone promises too much. 507 requests for
 * an error rate of 0.1 % against 1 % decide 69 % of the runs.
 */
export interface NeededRequests {
  readonly average: number;
  /** Enough in half, in 80 % and in 95 % of the runs. Infinity where the verdict is not reached. */
  readonly half: number;
  readonly most: number;
  readonly nearlyAll: number;
}

export const NEVER: NeededRequests = {
  average: Number.POSITIVE_INFINITY,
  half: Number.POSITIVE_INFINITY,
  most: Number.POSITIVE_INFINITY,
  nearlyAll: Number.POSITIVE_INFINITY,
};

/** Nothing is needed. */
export const NONE: NeededRequests = { average: 0, half: 0, most: 0, nearlyAll: 0 };

export function scaled(needed: NeededRequests, factor: number): NeededRequests {
  return {
    average: needed.average * factor,
    half: needed.half * factor,
    most: needed.most * factor,
    nearlyAll: needed.nearlyAll * factor,
  };
}

/** Of what the best single bet would take at its average growth (docs/method.md 1.7). */
export function fromInformation(lnThreshold: number, information: number): NeededRequests {
  if (!(information > 0)) return NEVER;
  return scaled({ average: 1.3, half: 1.2, most: 2, nearlyAll: 3 }, lnThreshold / information);
}

/** The n-th of runs in order of size. */
export function fromRuns(runs: readonly number[]): NeededRequests {
  const sorted = runs.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)]!;
  return {
    average: sorted.reduce((sum, n) => sum + n, 0) / sorted.length,
    half: at(0.5),
    most: at(0.8),
    nearlyAll: at(0.95),
  };
}
