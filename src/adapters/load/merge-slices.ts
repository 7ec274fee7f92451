/**
 * One sequence of slices out of several workers': a slice is told when every worker has closed it, in order.
 *
 * Snapshots with different frontiers are never simply added: with 16 workers and 6 % slow requests that would call a p95
 * objective satisfied nearly always. Source: statistics.md 0.4.
 */
import { addLimitCount, addTally, type LimitCount, type LimitKey, type Tally } from '../../evidence/request-tally.ts';
import type { ClosedLimit, ClosedSlice, Scope } from '../../drive/ports.ts';
import type { RequestPair } from '../../evidence/paired/request-pairs.ts';
import type { WorkerReport } from './worker-messages.ts';
import type { TargetPairs } from './tick-pairs.ts';

export class SliceMerge {
  readonly #scopes: readonly Scope[];
  readonly #limitKeys: readonly (readonly LimitKey[])[];
  readonly #pending: Map<number, Tally>[];
  readonly #pendingLimits: Map<LimitKey, Map<number, LimitCount>>[];
  readonly #reports: (WorkerReport | undefined)[];
  /** By target, for those that are paired: by slice. */
  readonly #pairs = new Map<number, Map<number, RequestPair[]>>();

  constructor(scopes: readonly Scope[], limitKeys: readonly (readonly LimitKey[])[], workers: number) {
    this.#scopes = scopes;
    this.#limitKeys = limitKeys;
    this.#pending = scopes.map(() => new Map());
    this.#pendingLimits = scopes.map((_, scope) => new Map(limitKeys[scope]!.map((key) => [key, new Map()])));
    this.#reports = Array.from({ length: workers }, () => undefined);
  }

  take(worker: number, report: WorkerReport): void {
    this.#reports[worker] = report;
    for (const { scope, slice, tally } of report.slices) {
      const pending = this.#pending[scope]!;
      const present = pending.get(slice);
      pending.set(slice, present === undefined ? tally : addTally(present, tally));
    }
    for (const { scope, slice, key, count } of report.limits) {
      const pending = this.#pendingLimits[scope]!.get(key)!;
      const present = pending.get(slice);
      pending.set(slice, present === undefined ? count : addLimitCount(present, count));
    }
    for (const { target, slice, pairs } of report.pairs) {
      const pending = this.#pairs.get(target) ?? new Map<number, RequestPair[]>();
      this.#pairs.set(target, pending);
      pending.set(slice, [...(pending.get(slice) ?? []), ...pairs]);
    }
  }

  /** Takes out the pairs of slices that every worker has closed for both versions; `scopes`: their numbers by target. */
  closedPairs(scopeOf: (target: number) => number, baseline: number): TargetPairs[] {
    return [...this.#pairs].flatMap(([target, pending]) => {
      const reached = this.#least((report) =>
        Math.min(report.frontier[scopeOf(target)]!, report.frontier[scopeOf(baseline)]!),
      );
      return takeBelow(pending, reached).map(([slice, pairs]) => ({ target, slice, pairs }));
    });
  }

  /** Beside the checkpoint: what `closedPairs` has not given. */
  checkpointPairs(): Omit<TargetPairs, 'slice'>[] {
    const pending = [...this.#pairs].flatMap(([target, slices]) =>
      [...slices.values()].map((pairs) => ({ target, pairs })),
    );
    return [...pending, ...this.#reports.flatMap((report) => report?.checkpointPairs ?? [])];
  }

  /** Takes out everything that is closed by every worker, in order of slices within each scope. */
  closed(): { readonly slices: ClosedSlice[]; readonly limits: ClosedLimit[] } {
    const slices: ClosedSlice[] = [];
    const limits: ClosedLimit[] = [];
    for (const [index, scope] of this.#scopes.entries()) {
      for (const [at, key] of this.#limitKeys[index]!.entries()) {
        const reached = this.#least((report) => report.limitFrontier[index]![at]!);
        for (const [slice, count] of takeBelow(this.#pendingLimits[index]!.get(key)!, reached))
          limits.push({ slice, scope, key, count });
      }
      const reached = this.#least((report) => report.frontier[index]!);
      for (const [slice, tally] of takeBelow(this.#pending[index]!, reached)) slices.push({ slice, scope, tally });
    }
    return { slices, limits };
  }

  /** What is to be added to everything that `closed` gave so far, so that every request whose time has come is in the sum. */
  checkpoint(): { readonly scope: Scope; readonly tally: Tally }[] {
    const sums = this.#scopes.map((_, index) => [...this.#pending[index]!.values()]);
    for (const report of this.#reports)
      for (const { scope, tally } of report?.checkpoint ?? []) sums[scope]!.push(tally);
    return sums.flatMap((tallies, index) => {
      const [first, ...rest] = tallies;
      return first === undefined ? [] : [{ scope: this.#scopes[index]!, tally: rest.reduce(addTally, first) }];
    });
  }

  get reports(): readonly (WorkerReport | undefined)[] {
    return this.#reports;
  }

  #least(frontier: (report: WorkerReport) => number): number {
    return Math.min(
      ...this.#reports.map((report) => (report === undefined ? Number.NEGATIVE_INFINITY : frontier(report))),
    );
  }
}

function takeBelow<T>(pending: Map<number, T>, reached: number): [number, T][] {
  const taken = [...pending].filter(([slice]) => slice < reached).toSorted((a, b) => a[0] - b[0]);
  for (const [slice] of taken) pending.delete(slice);
  return taken;
}
