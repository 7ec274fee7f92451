/**
 * The load generator: starts the workers, merges what they count, steers them by caps.
 *
 *   warming-up -> running -> drained -> (a cap is raised: running again) -> ended
 *
 * A cap is a number of requests; workers know ticks. Ticks that pass while a cap is too low are left out, so a schedule can end
 * before a cap is reached: then another piece of schedule follows by itself. `drained` therefore means that every version has
 * got what its cap allows, and nothing but a higher cap or `finish` can follow.
 */
import { UsageError } from '../../errors.ts';
import type { LoadGenerator, LoadPlan, LoadReport, LoadRun } from '../../drive/ports.ts';
import { LoadThreads } from './load-threads.ts';
import { builtWorker, workersOn, type LoadWorkers, type StartWorkers } from './workers.ts';
import { SliceMerge } from './merge-slices.ts';
import { couplesOf, scopesOf, type ToWorker, type WorkerReport } from './worker-messages.ts';
import { SLICE_MS } from '../../evidence/slice-counts.ts';
import { firstCaps } from './pacing.ts';
import { ReportQueue } from './report-queue.ts';

/** Between a message to the workers, which are ready, and what is due by it. */
const LEAD_MS = 100;
const DEFAULT_CHECKPOINT_MS = 1_000;

export interface GeneratorOptions {
  /** The worker's program; by default the one beside this program, and without one the calling thread. */
  readonly workerFile?: URL | undefined;
  /** In place of threads. */
  readonly startWorkers?: StartWorkers | undefined;
}

export function createLoadGenerator(options: GeneratorOptions = {}): LoadGenerator {
  const workerFile = options.workerFile ?? builtWorker();
  const startWorkers =
    options.startWorkers ?? workersOn(workerFile === undefined ? undefined : new LoadThreads(workerFile));
  return {
    start: (plan, how) => {
      checkPlan(plan);
      return Promise.resolve(
        new Run(plan, {
          startWorkers,
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
  readonly #reports = new ReportQueue<LoadReport>();
  readonly #plan: LoadPlan;
  readonly #workers: LoadWorkers;
  readonly #merge: SliceMerge;
  /** By target: the number of the scope that is the version as a whole. */
  readonly #wholeScopes: readonly number[];
  readonly #checkpointEveryMs: number;
  readonly #warmupMs: number;
  /** When tick 0 is due: not known before all workers are ready, since a thread may take a second to start on a busy machine. */
  #startMs = Number.POSITIVE_INFINITY;
  /** What is posted to the workers once they are ready. */
  #unposted: ToWorker[] | undefined = [];
  readonly #caps: number[];
  /** By target: what its ticks are ahead of its requests, since some were left out. */
  readonly #leftOut: number[];
  /** Ticks below were given to the workers. */
  #lastTick: number;
  /** Messages posted to every worker so far: a worker has drained when it has received them all and is idle. */
  #posted = 0;
  #lastReportMs = Number.NEGATIVE_INFINITY;
  #lastCheckpointMs: number;
  #drained = false;
  /** `finish`: ends when drained. `stop` and `kill`: nothing more is sent. */
  #ending: 'no' | 'finish' | 'stop' | 'kill' = 'no';
  #over = false;

  constructor(plan: LoadPlan, options: { readonly startWorkers: StartWorkers; readonly checkpointEveryMs: number }) {
    this.#plan = plan;
    this.#checkpointEveryMs = options.checkpointEveryMs;
    this.#caps = firstCaps(plan);
    this.#leftOut = plan.targets.map(() => 0);
    this.#lastTick = plan.plannedRequests;
    const scopes = scopesOf(plan);
    this.#wholeScopes = plan.targets.map((_, target) =>
      scopes.findIndex((scope) => scope.target === target && scope.endpoint === undefined),
    );
    this.#warmupMs =
      plan.warmup === undefined || plan.ratePerSec === 0 ? 0 : (plan.warmup.requests / plan.ratePerSec) * 1000;
    let [areReady, isMade] = [false, false];
    this.#workers = options.startWorkers(plan, {
      ready: () => {
        areReady = true;
        if (isMade) this.#begin();
      },
      report: (worker, report) => this.#take(worker, report),
      failed: (error) => this.#fail(error),
    });
    this.#merge = new SliceMerge(
      scopes.map(({ version, endpoint }) => (endpoint === undefined ? { version } : { version, endpoint })),
      this.#workers.size,
    );
    this.#lastCheckpointMs = this.#workers.now();
    isMade = true;
    if (areReady) this.#begin();
  }

  #begin(): void {
    if (this.#over) return;
    const now = this.#workers.now();
    this.#startMs = now + LEAD_MS + this.#warmupMs;
    const unposted = this.#unposted ?? [];
    this.#unposted = undefined;
    this.#post({ kind: 'start', warmupMs: now + LEAD_MS, startMs: this.#startMs });
    for (const message of unposted) this.#workers.post(message);
  }

  get reports(): AsyncIterable<LoadReport> {
    return this.#reports;
  }

  setCaps(caps: ReadonlyMap<string, number>): void {
    if (this.#ending !== 'no') return;
    let changed = false;
    for (const [target, { version }] of this.#plan.targets.entries()) {
      const cap = caps.get(version);
      if (cap === undefined || cap === this.#caps[target]) continue;
      this.#caps[target] = cap;
      changed = true;
    }
    if (!changed) return;
    if (this.#drained) this.#goOn();
    else this.#postUntil();
  }

  finish(): void {
    if (this.#ending !== 'no') return;
    this.#ending = 'finish';
    if (this.#drained) this.#end(this.#workers.now());
  }

  stop(): void {
    if (this.#over || this.#ending === 'stop' || this.#ending === 'kill') return;
    this.#ending = 'stop';
    this.#post({ kind: 'stop' });
  }

  kill(): void {
    if (this.#over || this.#ending === 'kill') return;
    this.#ending = 'kill';
    this.#post({ kind: 'kill' });
  }

  #post(message: ToWorker): void {
    this.#posted += 1;
    if (this.#unposted === undefined) this.#workers.post(message);
    else this.#unposted.push(message);
  }

  /** The ticks that each version gets. */
  #until(): number[] {
    const until = this.#caps.map((cap, target) => cap + this.#leftOut[target]!);
    this.#lastTick = Math.max(this.#lastTick, ...until);
    return until;
  }

  #postUntil(): void {
    this.#post({ kind: 'until', until: this.#until() });
  }

  #take(worker: number, report: WorkerReport): void {
    if (this.#over) return;
    this.#merge.take(worker, report);
    const { reports } = this.#merge;
    const all = (holds: (report: WorkerReport) => boolean) => reports.every((one) => one !== undefined && holds(one));
    const idle = all((one) => one.idle && one.received >= this.#posted);
    const now = this.#workers.now();
    if (idle) this.#merge.rest();
    if (all((one) => one.ended) || (idle && this.#ending !== 'no')) this.#end(now);
    else if (idle && !this.#drained) this.#drain(now);
    else if (now - this.#lastReportMs >= SLICE_MS * 0.9)
      this.#emit(this.#drained ? 'drained' : this.#isWarmingUp(now) ? 'warming-up' : 'running', now);
  }

  #isWarmingUp(now: number): boolean {
    const { warmup } = this.#plan;
    return (
      warmup !== undefined && this.#merge.reports.some((one) => (one?.countsFromMs ?? Number.POSITIVE_INFINITY) > now)
    );
  }

  /** Of what counts: a worker of a closed loop may be warm before the others. */
  #elapsedMs(now: number): number {
    const from = this.#merge.reports.flatMap((one) => one?.countsFromMs ?? []);
    return from.length === 0 ? Math.min(0, now - this.#startMs) : now - Math.min(...from);
  }

  #drain(now: number): void {
    this.#drained = true;
    if (!this.#goOn()) this.#emit('drained', now, { withCheckpoint: true });
  }

  /** Starts another piece of schedule for those who have not got what their caps allow; false when nobody is left. */
  #goOn(): boolean {
    const sent = this.#sent();
    const isOpen = this.#caps.some((cap, target) => cap > sent[target]!);
    if (!isOpen) return false;
    // A closed loop that is bounded by time has ended, whatever its caps are.
    if (this.#plan.ratePerSec === 0 && this.#plan.plannedSeconds !== undefined) return false;
    const firstTick = this.#lastTick;
    if (this.#plan.ratePerSec > 0)
      for (const target of this.#plan.targets.keys()) this.#leftOut[target] = firstTick - sent[target]!;
    // In a slice that nobody has closed yet.
    const slice = Math.floor((this.#workers.now() + LEAD_MS - this.#startMs) / SLICE_MS) + 2;
    this.#merge.resume();
    this.#post({ kind: 'piece', startMs: this.#startMs + slice * SLICE_MS, firstTick, until: this.#until() });
    this.#drained = false;
    return true;
  }

  #sent(): number[] {
    return this.#plan.targets.map((_, target) =>
      this.#merge.reports.reduce((sum, report) => sum + (report?.progress[target]!.sent ?? 0), 0),
    );
  }

  #end(now: number): void {
    this.#over = true;
    this.#emit('ended', now, { withCheckpoint: true });
    this.#reports.end();
    void this.#workers.close();
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#reports.fail(error);
    void this.#workers.close();
  }

  #emit(state: LoadReport['state'], now: number, { withCheckpoint } = { withCheckpoint: false }): void {
    this.#lastReportMs = now;
    const due = withCheckpoint || now - this.#lastCheckpointMs >= this.#checkpointEveryMs;
    if (due) this.#lastCheckpointMs = now;
    const sent = this.#sent();
    this.#reports.push({
      state,
      elapsedMs: this.#elapsedMs(now),
      slices: this.#merge.closed(),
      ...this.#pairsOf({ withCheckpoint: due }),
      progress: this.#plan.targets.map(({ version }, target) => {
        const own = this.#merge.reports.flatMap((report) => report?.progress[target] ?? []);
        const lastFailure = own.findLast((one) => one.lastFailure !== undefined)?.lastFailure;
        const missed = own.reduce((sum, one) => sum + one.missed, 0);
        return {
          version,
          sent: sent[target]!,
          resolved: own.reduce((sum, one) => sum + one.resolved, 0),
          answered: own.some((one) => one.answered),
          ...(missed === 0 ? {} : { missed }),
          ...(lastFailure === undefined ? {} : { lastFailure }),
        };
      }),
      ...(due ? { checkpoint: this.#merge.checkpoint() } : {}),
    });
  }

  /** Nothing where nothing is paired. */
  #pairsOf({ withCheckpoint }: { readonly withCheckpoint: boolean }): Pick<LoadReport, 'pairs' | 'checkpointPairs'> {
    const { couples = [] } = this.#plan;
    if (couples.length === 0) return {};
    const closed = this.#merge.closedPairs((target) => this.#wholeScopes[target]!, couplesOf(this.#plan));
    return {
      pairs: closed.map(({ couple, ...rest }) => ({ ...couples[couple]!, ...rest })),
      ...(withCheckpoint
        ? {
            checkpointPairs: this.#merge.checkpointPairs().map(({ couple, endpoint, pairs }) => ({
              ...couples[couple]!,
              ...(endpoint === undefined ? {} : { endpoint }),
              pairs,
            })),
          }
        : {}),
    };
  }
}
