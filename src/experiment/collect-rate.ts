/** The rate of a `metrics/collect` task. Pure. */

/** Source: docs/contract.md 3. */
export const DEFAULT_QPS = 8;
export const MOST_QPS = 1_000_000;

interface Written {
  readonly qps?: number | undefined;
  readonly versions?: readonly { readonly qps?: number | undefined }[] | undefined;
}

/**
 * Requests a second for each version: that of the task, else that of its versions where all say the same. Samples of Iter8 0.7
 * write it beside `url`, where Iter8 0.7 did not look.
 */
export function rateOf({ qps, versions = [] }: Written): number {
  return qps ?? commonRate(versions) ?? DEFAULT_QPS;
}

function commonRate(versions: readonly { readonly qps?: number | undefined }[]): number | undefined {
  const [first, ...others] = versions.map((version) => version.qps);
  return others.every((other) => other === first) ? first : undefined;
}

/** Number of requests whose turn comes within a time: those of ticks 0, 1, ... that are due before its end. */
export function requestsWithin(ms: number, qps: number): number {
  return Math.max(1, Math.ceil((ms * qps) / 1000 - 1e-9));
}

/** Of each version: so many, or as many as fall into a time. A closed loop for a time sends as many as it can. */
export function plannedRequests(how: {
  readonly numQueries: number;
  readonly timeMs: number | undefined;
  readonly qps: number;
}): { readonly plannedRequests: number; readonly plannedSeconds?: number } {
  const { numQueries, timeMs, qps } = how;
  if (timeMs === undefined) return { plannedRequests: numQueries };
  if (qps > 0) return { plannedRequests: requestsWithin(timeMs, qps) };
  return { plannedRequests: Number.POSITIVE_INFINITY, plannedSeconds: timeMs / 1000 };
}
