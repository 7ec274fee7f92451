/**
 * One sequence of slices out of several workers': a slice is reported when every worker has closed it, in order.
 *
 * Snapshots with different frontiers are never simply added: with 16 workers and 6 % slow requests that would call a p95
 * objective satisfied nearly always. Source: docs/method.md 0.4.
 */
import { addTally, type Tally } from '../../evidence/request-tally.ts';
import type { ClosedSlice, Scope } from '../../drive/ports.ts';
import type { WorkerReport } from './worker-messages.ts';
import type { CouplePairs, TargetCouple } from './tick-pairs.ts';

export class SliceMerge {
  readonly #scopes: readonly Scope[];
  readonly #pending: Map<number, Tally>[];
  readonly #reports: (WorkerReport | undefined)[];
  #isAtRest = false;
  /** By couple, then by slice. */
  readonly #pairs = new Map<number, Map<number, CouplePairs[]>>();

  constructor(scopes: readonly Scope[], workers: number) {
    this.#scopes = scopes;
    this.#pending = scopes.map(() => new Map());
    this.#reports = Array.from({ length: workers }, () => undefined);
  }

  take(worker: number, report: WorkerReport): void {
    this.#reports[worker] = report;
    for (const { scope, slice, tally } of report.slices) {
      const pending = this.#pending[scope]!;
      const present = pending.get(slice);
      pending.set(slice, present === undefined ? tally : addTally(present, tally));
    }
    for (const pairs of report.pairs) {
      const pending = this.#pairs.get(pairs.couple) ?? new Map<number, CouplePairs[]>();
      this.#pairs.set(pairs.couple, pending);
      pending.set(pairs.slice, [...(pending.get(pairs.slice) ?? []), pairs]);
    }
  }

  /** No worker has anything under way, or sends anything before the next message: all that they have closed is closed. */
  rest(): void {
    this.#isAtRest = true;
  }

  /** They may send again. */
  resume(): void {
    this.#isAtRest = false;
  }

  /** Takes out the pairs of slices that every worker has closed for both versions; `scopes`: their numbers by target. */
  closedPairs(scopeOf: (target: number) => number, couples: readonly TargetCouple[]): CouplePairs[] {
    return [...this.#pairs].flatMap(([couple, pending]) => {
      const { a, b } = couples[couple]!;
      const reached = this.#least((report) => Math.min(report.frontier[scopeOf(a)]!, report.frontier[scopeOf(b)]!));
      return takeBelow(pending, reached).flatMap(([, pairs]) => pairs);
    });
  }

  /** Beside the checkpoint: what `closedPairs` has not given. */
  checkpointPairs(): Omit<CouplePairs, 'slice'>[] {
    const pending = [...this.#pairs.values()].flatMap((slices) => [...slices.values()].flat());
    return [...pending, ...this.#reports.flatMap((report) => report?.checkpointPairs ?? [])];
  }

  /** Takes out everything that is closed by every worker, in order of slices within each scope. */
  closed(): ClosedSlice[] {
    return this.#scopes.flatMap((scope, index) => {
      const reached = this.#least((report) => report.frontier[index]!);
      return takeBelow(this.#pending[index]!, reached).map(([slice, tally]) => ({ slice, scope, tally }));
    });
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
    if (this.#isAtRest) return Number.POSITIVE_INFINITY;
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
