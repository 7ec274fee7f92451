/** The load generator: starts the workers, merges what they count, steers them by caps. */
import { UsageError } from '../../errors.ts';
import { limitKey } from '../../evidence/request-tally.ts';
import type { LoadGenerator, LoadPlan, LoadReport, LoadRun } from '../../drive/ports.ts';
import { builtWorker, createCrew, type Crew } from './workers.ts';
import { SliceMerge } from './merge-slices.ts';
import { scopesOf, type WorkerReport } from './worker-messages.ts';
import { SLICE_MS } from './slice-counts.ts';

/** Time for all workers to be ready before the first request is due. */
const LEAD_MS = 100;
const DEFAULT_CHECKPOINT_MS = 1_000;

export interface GeneratorOptions {
  /** The worker's program; by default the one beside this program, and without one the calling thread. */
  readonly workerFile?: URL | undefined;
}

export function createLoadGenerator(options: GeneratorOptions = {}): LoadGenerator {
  return {
    start: (plan, how) => {
      checkPlan(plan);
      return Promise.resolve(
        new Run(plan, {
          workerFile: options.workerFile ?? builtWorker(),
          checkpointEveryMs: how?.checkpointEveryMs ?? DEFAULT_CHECKPOINT_MS,
        }),
      );
    },
  };
}

function checkPlan(plan: LoadPlan): void {
  if (plan.targets.length === 0) throw new UsageError('there is nothing to send load to: no versions');
  for (const { version, endpoints } of plan.targets) {
    if (endpoints.length === 0) throw new UsageError(`version ${version} has no URL`);
    for (const { url } of endpoints) {
      if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
        throw new UsageError(`${JSON.stringify(url)} of version ${version} is not an http or https URL`);
    }
  }
}

class Run implements LoadRun {
  readonly reports: AsyncIterable<LoadReport>;
  readonly #plan: LoadPlan;
  readonly #crew: Crew;
  readonly #merge: SliceMerge;
  readonly #caps: number[];
  /** By target: the number of the scope that is the version as a whole. */
  readonly #wholeScopes: readonly number[];
  readonly #checkpointEveryMs: number;
  readonly #startMs: number;
  readonly #waiting: ((result: IteratorResult<LoadReport>) => void)[] = [];
  readonly #ready: LoadReport[] = [];
  #error: Error | undefined;
  #reject: ((error: Error) => void) | undefined;
  /** Messages sent to every worker so far: a worker is drained when it has heard them all and is idle. */
  #told = 0;
  #lastTick = 0;
  #lastReportMs = Number.NEGATIVE_INFINITY;
  #lastCheckpointMs: number;
  #drained = false;
  #ending = false;
  #over = false;

  constructor(plan: LoadPlan, options: { readonly workerFile: URL | undefined; readonly checkpointEveryMs: number }) {
    this.#plan = plan;
    this.#checkpointEveryMs = options.checkpointEveryMs;
    this.#caps = plan.targets.map(() => plan.plannedRequests);
    this.#lastTick = plan.plannedRequests;
    const scopes = scopesOf(plan);
    this.#wholeScopes = plan.targets.map((_, target) =>
      scopes.findIndex((scope) => scope.target === target && scope.endpoint === undefined),
    );
    this.#crew = createCrew(
      plan,
      { report: (worker, report) => this.#take(worker, report), failed: (error) => this.#fail(error) },
      options.workerFile,
    );
    this.#merge = new SliceMerge(
      scopes.map(({ version, endpoint }) => (endpoint === undefined ? { version } : { version, endpoint })),
      scopes.map(({ target }) => plan.targets[target]!.limits.map(limitKey)),
      this.#crew.size,
    );
    const warmupMs =
      plan.warmup === undefined || plan.ratePerSec === 0 ? 0 : (plan.warmup.requests / plan.ratePerSec) * 1000;
    const now = this.#crew.now();
    this.#startMs = now + LEAD_MS + warmupMs;
    this.#lastCheckpointMs = now;
    this.#tellAll({ kind: 'start', warmupMs: now + LEAD_MS, startMs: this.#startMs });
    this.reports = { [Symbol.asyncIterator]: () => ({ next: () => this.#next() }) };
  }

  setCap(version: string, requests: number): void {
    const target = this.#plan.targets.findIndex((one) => one.version === version);
    if (target < 0 || this.#caps[target] === requests || this.#ending) return;
    const raises = requests > this.#caps[target]!;
    this.#caps[target] = requests;
    if (raises && this.#drained) {
      // A new piece, in a slice that nobody has closed yet.
      const slice = Math.floor((this.#crew.now() + LEAD_MS - this.#startMs) / SLICE_MS) + 2;
      if (this.#plan.ratePerSec > 0)
        this.#tellAll({ kind: 'piece', startMs: this.#startMs + slice * SLICE_MS, firstTick: this.#lastTick });
      this.#drained = false;
    }
    this.#lastTick = raises ? Math.max(this.#lastTick, requests) : this.#lastTick;
    this.#tellAll({ kind: 'cap', target, requests });
  }

  finish(): void {
    this.#endWith('kill');
  }

  stop(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#tellAll({ kind: 'stop' });
  }

  kill(): void {
    this.#endWith('kill');
  }

  #endWith(kind: 'kill'): void {
    if (this.#over) return;
    this.#ending = true;
    this.#tellAll({ kind });
  }

  #tellAll(message: Parameters<Crew['tellAll']>[0]): void {
    this.#told += 1;
    this.#crew.tellAll(message);
  }

  #take(worker: number, report: WorkerReport): void {
    if (this.#over) return;
    // Reports of a worker that has ended carry its last word; later ones repeat nothing.
    this.#merge?.take(worker, report);
    if (this.#merge === undefined) return;
    const reports = this.#merge.reports;
    const all = (holds: (report: WorkerReport) => boolean) => reports.every((one) => one !== undefined && holds(one));
    const idle = all((one) => one.idle && one.heard >= this.#told);
    const ended = all((one) => one.ended);
    const now = this.#crew.now();
    if (ended || (this.#ending && idle)) {
      this.#over = true;
      this.#emit('ended', now, true);
      void this.#crew.close();
      return;
    }
    if (idle && !this.#drained) {
      this.#drained = true;
      this.#emit('drained', now, true);
    } else if (now - this.#lastReportMs >= SLICE_MS * 0.9) {
      this.#emit(
        idle ? 'drained' : reports.some((one) => one?.warmingUp === true) ? 'warming-up' : 'running',
        now,
        false,
      );
    }
  }

  #emit(state: LoadReport['state'], now: number, withCheckpoint: boolean): void {
    this.#lastReportMs = now;
    const { slices, limits } = this.#merge.closed();
    const due = withCheckpoint || now - this.#lastCheckpointMs >= this.#checkpointEveryMs;
    if (due) this.#lastCheckpointMs = now;
    this.#push({
      state,
      elapsedMs: now - this.#startMs,
      slices,
      limits,
      ...this.#pairsOf(due),
      progress: this.#plan.targets.map(({ version }, target) => {
        const own = this.#merge.reports.flatMap((report) => report?.progress[target] ?? []);
        const lastFailure = own.findLast((one) => one.lastFailure !== undefined)?.lastFailure;
        return {
          version,
          sent: own.reduce((sum, one) => sum + one.sent, 0),
          resolved: own.reduce((sum, one) => sum + one.resolved, 0),
          answered: own.some((one) => one.answered),
          ...(lastFailure === undefined ? {} : { lastFailure }),
        };
      }),
      ...(due ? { checkpoint: this.#merge.checkpoint() } : {}),
    });
  }

  /** Nothing where nothing is paired. */
  #pairsOf(withCheckpoint: boolean): Pick<LoadReport, 'pairs' | 'checkpointPairs'> {
    const { targets, pairedWith } = this.#plan;
    const baseline = targets.findIndex(({ version }) => version === pairedWith);
    if (baseline < 0) return {};
    const scopeOf = (target: number) => this.#wholeScopes[target]!;
    const versionOf = (target: number) => targets[target]!.version;
    return {
      pairs: this.#merge
        .closedPairs(scopeOf, baseline)
        .map(({ target, slice, pairs }) => ({ slice, version: versionOf(target), pairs })),
      ...(withCheckpoint
        ? {
            checkpointPairs: this.#merge
              .checkpointPairs()
              .map(({ target, pairs }) => ({ version: versionOf(target), pairs })),
          }
        : {}),
    };
  }

  #push(report: LoadReport): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#ready.push(report);
    else waiting({ value: report, done: false });
  }

  #next(): Promise<IteratorResult<LoadReport>> {
    const report = this.#ready.shift();
    if (report !== undefined) return Promise.resolve({ value: report, done: false });
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#over) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      this.#reject = reject;
    });
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    this.#reject?.(error);
    void this.#crew.close();
  }
}
