/**
 * Performs a `metrics/collect` task: sends the planned load, judges what comes back as it comes, and goes on as long as
 * more load can change the recommendation (behaviour.md 5, statistics.md 0.4).
 */
import { collectInputs, type CollectInputs } from '../../experiment/task-inputs.ts';
import type { TaskSpec } from '../../experiment/experiment.ts';
import type { LimitAssessment, Verdict } from '../../judge/assessment.ts';
import type { Judge } from '../../judge/judge.ts';
import { latencyLimits } from '../../judge/question/limits.ts';
import { defaultTimeoutMs } from '../../judge/question/planned-load.ts';
import {
  addScopes,
  addStoredPairs,
  storeTally,
  type StoredScope,
  type TaskState,
} from '../../judge/record/stored-record.ts';
import { addTally, type Tally } from '../../evidence/request-tally.ts';
import type { LoadState } from '../../judge/record/load-progress.ts';
import { PairBook } from './pair-account.ts';
import { capsFor, isDecided, versionsInNeed, type Budget } from './extension.ts';
import { judgementAt, judgeOf, type Judgement } from '../../judge/judgement.ts';
import type { LoadGenerator, LoadPlan, LoadReport, LoadRun, RequestBuilder, Scope } from '../ports.ts';
import type { Session } from '../session.ts';
import { timestamp } from '../status-changes.ts';

export interface CollectPorts {
  readonly load: LoadGenerator;
  readonly requests: RequestBuilder;
  readonly clock: { now(): number; monotonicMs(): number };
}

export interface CollectOptions {
  /** `start/0`: the key of the task in the record. */
  readonly id: string;
  /** How often what was measured is saved, and how often bounds are computed anew. */
  readonly saveEveryMs: number;
  /** Aborted: send nothing more, drain, judge, save. */
  readonly stop: AbortSignal;
  /** Aborted: the lock is lost or the user insists; end now. */
  readonly kill: AbortSignal;
  readonly seed: number;
}

/** How a collect task ended. `silent`: a version never gave an HTTP answer. */
export type CollectOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'silent'; readonly message: string };

/** Bounds are refreshed at most this often: they cost far more than verdicts. */
const BOUNDS_EVERY_MS = 1_000;
/** A version that has not answered after both of these never will (behaviour.md 5). */
const SILENT_AFTER_MS = 10_000;
const SILENT_AFTER_REQUESTS = 50;

export async function runCollect(
  session: Session,
  task: TaskSpec,
  ports: CollectPorts,
  options: CollectOptions,
): Promise<CollectOutcome> {
  const inputs = collectInputs(task);
  const collect = new Collect(session, inputs, options);
  const plan = await collect.plan(ports);
  if (plan === undefined) return collect.close();
  const run = await ports.load.start(plan, { checkpointEveryMs: options.saveEveryMs });
  const onStop = () => run.stop();
  const onKill = () => run.kill();
  options.stop.addEventListener('abort', onStop, { once: true });
  options.kill.addEventListener('abort', onKill, { once: true });
  if (options.stop.aborted) run.stop();
  if (options.kill.aborted) run.kill();
  try {
    return await collect.follow(run, ports);
  } catch (error) {
    run.kill(); // nobody reads it any more
    throw error;
  } finally {
    options.stop.removeEventListener('abort', onStop);
    options.kill.removeEventListener('abort', onKill);
  }
}

/** The state of one collect task under way. */
class Collect {
  readonly #session: Session;
  readonly #inputs: CollectInputs;
  readonly #options: CollectOptions;
  readonly #judge: Judge;
  readonly #budget: Budget;
  /** Versions whose measurements count; others get load only. */
  readonly #judgedHere: ReadonlySet<string>;
  /** Counted by earlier drivers of this very task. */
  readonly #before: readonly StoredScope[];
  readonly #beforeSeconds: number;
  readonly #beforeRequests: number;
  readonly #closed = new Map<string, { readonly scope: Scope; tally: Tally }>();
  readonly #pairs: PairBook;
  /** Versions that gave an HTTP answer in this task: others are not judged (behaviour.md 5). */
  readonly #answered: Set<string>;
  readonly #verdicts = new Map<string, Verdict>();
  #judgement: Judgement | undefined;
  #load: LoadState | undefined;
  #lastBoundsMs = Number.NEGATIVE_INFINITY;
  #lastSaveMs = Number.NEGATIVE_INFINITY;

  constructor(session: Session, inputs: CollectInputs, options: CollectOptions) {
    this.#session = session;
    this.#inputs = inputs;
    this.#options = options;
    const { question, record } = session;
    this.#judge = judgeOf(question, record);
    this.#pairs = new PairBook(question.relative, record.tasks[options.id]?.pairs);
    const known = new Set(question.versions.map((version) => version.name));
    this.#judgedHere = new Set(
      inputs.loadOnly ? [] : inputs.versions.map((version) => version.name).filter((name) => known.has(name)),
    );
    const state = record.tasks[options.id];
    this.#before = state?.counted ?? [];
    this.#beforeSeconds = state?.loadSeconds ?? 0;
    this.#beforeRequests = Math.max(
      0,
      ...this.#before.filter((scope) => scope.endpoint === undefined).map((scope) => scope.tally.response.n),
    );
    this.#answered = new Set(this.#before.map((scope) => scope.version));
    const { strength } = question;
    const planned = inputs.plannedRequests;
    this.#budget = {
      plannedRequests: planned,
      maxRequests: strength.maxRequests,
      maxSeconds: strength.maxSeconds,
      extend: strength.extend && strength.confidence !== 'none' && this.#judgedHere.size > 0,
      stopEarly: strength.stopEarly && this.#judgedHere.size > 0,
    };
  }

  /** The load plan, less what an earlier driver has sent; undefined when nothing is left to send. */
  async plan(ports: CollectPorts): Promise<LoadPlan | undefined> {
    const { experiment, question } = this.#session;
    const built = await ports.requests.build(this.#inputs, experiment.metadata.namespace, this.#options.stop);
    const { limits } = question;
    const timeoutMs = this.#inputs.timeoutMs ?? defaultTimeoutMs(experiment);
    const tightest = Math.min(...limits.filter((limit) => limit.unit === 'ms').map((limit) => limit.limit));
    this.#session.changeRecord((record) => ({
      ...record,
      timeoutMs: Math.max(timeoutMs, record.timeoutMs ?? 0),
      ...(this.#inputs.qps === 0 && this.#judgedHere.size > 0 ? { closedLoop: true } : {}),
      tasks: {
        ...record.tasks,
        [this.#options.id]: {
          ...this.#taskState('running', this.#before, this.#beforeSeconds),
          ...this.#pairs.stored([]),
        },
      },
    }));
    await this.#session.save();
    this.#session.log({
      kind: 'load-started',
      time: new Date(ports.clock.now()).toISOString(),
      task: this.#options.id,
      ratePerSec: this.#inputs.qps,
      plannedRequests: Number.isFinite(this.#budget.plannedRequests) ? this.#budget.plannedRequests : undefined,
      timeoutMs,
      isJudged: this.#judgedHere.size > 0,
      resumedAfter: this.#beforeRequests,
      counted: this.#before,
      ...this.#pairs.stored([]),
    });
    const left = Math.max(0, this.#budget.plannedRequests - this.#beforeRequests);
    if (left === 0 && !this.#wantsMore(this.#look(0, true, false))) return undefined;
    const { plannedSeconds } = this.#inputs;
    const baseline = this.#judgedHere.has(question.baseline?.name ?? '') ? question.baseline?.name : undefined;
    return {
      targets: built.map((target) => ({
        ...target,
        limits: this.#judgedHere.has(target.version) ? latencyLimits(limits) : [],
      })),
      ...(this.#pairs.isNeeded && this.#inputs.qps > 0 && baseline !== undefined ? { pairedWith: baseline } : {}),
      ratePerSec: this.#inputs.qps,
      plannedRequests: left,
      ...(plannedSeconds === undefined ? {} : { plannedSeconds: Math.max(0, plannedSeconds - this.#beforeSeconds) }),
      ...(this.#inputs.connections === undefined ? {} : { connections: this.#inputs.connections }),
      timeoutMs,
      ...(this.#inputs.warmup === undefined ? {} : { warmup: this.#inputs.warmup }),
      lateAfterMs: Math.max(5, Number.isFinite(tightest) ? tightest / 10 : 0),
      seed: this.#options.seed,
    };
  }

  /** Follows the load to its end. */
  async follow(run: LoadRun, ports: CollectPorts): Promise<CollectOutcome> {
    let silent: string | undefined;
    let last: LoadReport | undefined;
    for await (const report of run.reports) {
      last = report;
      this.#take(report);
      this.#takePairs(report);
      for (const one of report.progress) if (one.answered) this.#answered.add(one.version);
      silent ??= this.#silentVersion(report);
      if (silent !== undefined) run.kill();
      const seconds = this.#beforeSeconds + Math.max(0, report.elapsedMs) / 1000;
      const planDone = this.#planDone(report);
      const now = ports.clock.monotonicMs();
      const saves = report.checkpoint !== undefined && now - this.#lastSaveMs >= this.#options.saveEveryMs;
      // What is stored or told last has its bounds too.
      const bounds =
        saves || report.state === 'drained' || report.state === 'ended' || now - this.#lastBoundsMs >= BOUNDS_EVERY_MS;
      if (bounds) this.#lastBoundsMs = now;
      const before = this.#judgement;
      let judgement = this.#look(seconds, planDone, bounds);
      // What is told of a verdict has its bounds.
      if (!bounds && this.#differs(judgement.assessments)) judgement = this.#look(seconds, planDone, true);
      else if (!bounds)
        judgement = { ...judgement, assessments: withOldBounds(judgement.assessments, before?.assessments ?? []) };
      this.#judgement = judgement;
      if (silent === undefined) {
        const changed = this.#tellVerdicts(judgement.assessments);
        this.#steer(run, report, judgement, seconds);
        this.#load = this.#loadState(report, judgement, seconds);
        this.#session.tell({ kind: 'load', load: this.#load, assessments: judgement.assessments });
        if (saves || (changed && report.checkpoint !== undefined)) {
          this.#lastSaveMs = now;
          this.#keep(report, seconds);
          await this.#session.save();
        }
      }
    }
    if (silent !== undefined) return { kind: 'silent', message: silent };
    if (last !== undefined) this.#keep(last, this.#beforeSeconds + Math.max(0, last.elapsedMs) / 1000);
    if (this.#options.stop.aborted || this.#options.kill.aborted) {
      await this.#session.save();
      return { kind: 'interrupted' };
    }
    return this.close();
  }

  /** Marks the task as done and moves what it counted to what the experiment counted. */
  close(): CollectOutcome {
    const { id } = this.#options;
    this.#session.log({
      kind: 'load-ended',
      time: new Date(this.#session.nowMs()).toISOString(),
      task: id,
      loadSeconds: this.#session.record.tasks[id]?.loadSeconds ?? 0,
    });
    this.#session.changeRecord((record) => {
      const state = record.tasks[id];
      const counted = state?.counted ?? [];
      const pairs = addStoredPairs(record.pairs, state?.pairs);
      const loadSeconds = state?.loadSeconds ?? 0;
      const isFirst = record.scopes.length === 0;
      const { load: _, ...rest } = record;
      return {
        ...rest,
        scopes: addScopes(record.scopes, counted),
        ...(Object.keys(pairs).length === 0 ? {} : { pairs }),
        loadSeconds: record.loadSeconds + (counted.length > 0 ? loadSeconds : 0),
        ...(isFirst || counted.length === 0 ? {} : { newest: { task: id, scopes: counted } }),
        tasks: {
          ...record.tasks,
          [id]: { ...this.#taskState('done', undefined, undefined), startedAt: state?.startedAt ?? this.#time() },
        },
      };
    });
    return { kind: 'done' };
  }

  #time(): string {
    return timestamp(this.#session.nowMs());
  }

  #taskState(
    state: TaskState['state'],
    counted: readonly StoredScope[] | undefined,
    loadSeconds: number | undefined,
  ): TaskState {
    const startedAt = this.#session.record.tasks[this.#options.id]?.startedAt ?? this.#time();
    return {
      state,
      startedAt,
      ...(state === 'running' ? {} : { endedAt: this.#time() }),
      ...(counted === undefined ? {} : { counted }),
      ...(loadSeconds === undefined ? {} : { loadSeconds }),
    };
  }

  #take(report: LoadReport): void {
    for (const { scope, key, count } of report.limits) {
      if (this.#judgedHere.has(scope.version)) this.#judge.addClosedLimit(scope, key, count);
    }
    for (const { slice, scope, tally } of report.slices) {
      if (!this.#judgedHere.has(scope.version)) continue;
      this.#judge.addSlice(scope, tally);
      const key = JSON.stringify([scope.version, scope.endpoint ?? null]);
      const present = this.#closed.get(key);
      if (present === undefined) this.#closed.set(key, { scope, tally });
      else present.tally = addTally(present.tally, tally);
      this.#session.log({ kind: 'slice', task: this.#options.id, slice, ...scope, tally: storeTally(tally) });
    }
  }

  #takePairs({ pairs = [] }: LoadReport): void {
    for (const { slice, version, pairs: own } of pairs) {
      if (!this.#judgedHere.has(version)) continue;
      this.#judge.addPairTally(version, this.#pairs.add(version, own));
      this.#session.log({ kind: 'pairs', task: this.#options.id, slice, version, pairs: own });
    }
  }

  /** Puts what was counted, with what is unresolved added as its checkpoint says, into the record. */
  #keep(report: LoadReport, seconds: number): void {
    const sums = new Map([...this.#closed].map(([key, { scope, tally }]) => [key, { scope, tally }]));
    for (const { scope, tally } of report.checkpoint ?? []) {
      if (!this.#judgedHere.has(scope.version)) continue;
      const key = JSON.stringify([scope.version, scope.endpoint ?? null]);
      const present = sums.get(key);
      sums.set(key, { scope, tally: present === undefined ? tally : addTally(present.tally, tally) });
    }
    const counted = addScopes(
      this.#before,
      [...sums.values()].map(({ scope, tally }) => ({ ...scope, tally: storeTally(tally) })),
    );
    this.#session.changeRecord((record) => ({
      ...record,
      assessments: this.#judgement?.assessments ?? record.assessments,
      ...(this.#load === undefined ? {} : { load: this.#load }),
      ...(this.#judgement === undefined ? {} : { recommendation: this.#judgement.recommendation }),
      tasks: {
        ...record.tasks,
        [this.#options.id]: {
          ...this.#taskState('running', counted, seconds),
          ...this.#pairs.stored((report.checkpointPairs ?? []).filter(({ version }) => this.#judgedHere.has(version))),
        },
      },
    }));
  }

  #look(seconds: number, planDone: boolean, bounds: boolean): Judgement {
    const { question, record } = this.#session;
    return judgementAt(question, record, this.#judge, {
      elapsedSeconds: record.loadSeconds + seconds,
      planDone,
      bounds,
      measuringDone: false,
      closedLoop: this.#inputs.qps === 0 || record.closedLoop === true,
      ratePerSec: this.#inputs.qps,
      unanswered: new Set([...this.#judgedHere].filter((version) => !this.#answered.has(version))),
    });
  }

  /** The planned part has been sent and resolved. */
  #planDone(report: LoadReport): boolean {
    if (report.state === 'drained' || report.state === 'ended') return true;
    const { plannedRequests } = this.#budget;
    const left = plannedRequests - this.#beforeRequests;
    return Number.isFinite(left) && report.progress.every((one) => one.resolved >= left);
  }

  #question(assessments: readonly LimitAssessment[]) {
    const { question } = this.#session;
    return { question, assessments, rewardIsOpen: question.reward !== undefined };
  }

  #wantsMore(judgement: Judgement): boolean {
    return this.#budget.extend && versionsInNeed(this.#question(judgement.assessments)).size > 0;
  }

  #steer(run: LoadRun, report: LoadReport, judgement: Judgement, seconds: number): void {
    const question = this.#question(judgement.assessments);
    const inNeed = versionsInNeed(question);
    const left = (requests: number) => Math.max(0, requests - this.#beforeRequests);
    const budget = {
      ...this.#budget,
      plannedRequests: left(this.#budget.plannedRequests),
      maxRequests: left(this.#budget.maxRequests),
    };
    const caps = capsFor(
      this.#inputs.versions.map((version) => version.name),
      budget,
      {
        elapsedSeconds: seconds,
        inNeed: new Set([...inNeed].filter((name) => this.#judgedHere.has(name))),
        decided: isDecided(question),
      },
    );
    for (const [version, cap] of caps) run.setCap(version, cap);
    if (report.state !== 'drained') return;
    const goesOn = report.progress.some((one) => (caps.get(one.version) ?? 0) > one.sent);
    if (!goesOn) run.finish();
  }

  /** Whether a verdict is another than at the last look. */
  #differs(assessments: readonly LimitAssessment[]): boolean {
    return assessments.some((one) => (this.#verdicts.get(verdictKey(one)) ?? 'undecided') !== one.verdict);
  }

  /** Tells of verdicts that changed since the last look; true when there were any. */
  #tellVerdicts(assessments: readonly LimitAssessment[]): boolean {
    let changed = false;
    for (const assessment of assessments) {
      const before = this.#verdicts.get(verdictKey(assessment)) ?? 'undecided';
      if (before === assessment.verdict) continue;
      changed = true;
      this.#verdicts.set(verdictKey(assessment), assessment.verdict);
      this.#session.tell({ kind: 'verdict', assessment, before });
    }
    return changed;
  }

  /** A sentence when a version can be held to be unreachable: nothing is judged then. */
  #silentVersion(report: LoadReport): string | undefined {
    const over = report.state === 'ended' || report.state === 'drained';
    if (this.#options.stop.aborted) return undefined;
    const patient = report.elapsedMs >= SILENT_AFTER_MS;
    const found = report.progress.find(
      (one) =>
        !one.answered &&
        one.resolved > 0 &&
        !this.#before.some((scope) => scope.version === one.version) &&
        (over || (patient && one.resolved >= SILENT_AFTER_REQUESTS)),
    );
    if (found === undefined) return undefined;
    const target = this.#inputs.versions.find((version) => version.name === found.version);
    const url = target?.endpoints.map((endpoint) => endpoint.url).join(', ') ?? found.version;
    return silenceText(url, found.resolved, found.lastFailure ?? 'no answer in time');
  }

  #loadState(report: LoadReport, judgement: Judgement, seconds: number): LoadState {
    const { plannedRequests, maxRequests } = this.#budget;
    const states = { 'warming-up': 'warming-up', running: 'running', drained: 'draining', ended: 'ended' } as const;
    const sentAll =
      Number.isFinite(plannedRequests) &&
      report.progress.every((one) => one.sent + this.#beforeRequests >= plannedRequests);
    return {
      task: this.#options.id,
      state: states[report.state],
      elapsedSeconds: seconds,
      ratePerSec: this.#inputs.qps,
      ...(Number.isFinite(plannedRequests) ? { plannedRequests } : {}),
      ...(this.#inputs.plannedSeconds === undefined ? {} : { plannedSeconds: this.#inputs.plannedSeconds }),
      extending: sentAll && this.#wantsMore(judgement),
      maxRequests,
      versions: report.progress.map((one) => {
        const needed = neededOf(judgement.assessments, one.version);
        return {
          version: one.version,
          sent: one.sent + this.#beforeRequests,
          resolved: one.resolved + this.#beforeRequests,
          ...(needed === undefined ? {} : { needed }),
        };
      }),
      late: [...this.#judgedHere].reduce((sum, version) => sum + this.#judge.tallyOf(version).late.bad, 0),
    };
  }
}

/** What is wrong, and where that is known what to do. */
function silenceText(url: string, requests: number, failure: string): string {
  const unresolved = /\b(ENOTFOUND|EAI_AGAIN)\b/.exec(failure)?.[1];
  if (unresolved !== undefined) {
    return `${url} does not resolve here (${unresolved}); a Service of a cluster is reached with: kubectl port-forward svc/NAME PORT`;
  }
  return `${url} gave no HTTP answer to any of ${requests} requests: ${failure}`;
}

function verdictKey(one: LimitAssessment): string {
  return JSON.stringify([one.version, one.objective, one.side]);
}

function neededOf(assessments: readonly LimitAssessment[], version: string): number | undefined {
  const needed = assessments
    .filter((one) => one.version === version)
    .flatMap(({ requestsNeeded }) => (typeof requestsNeeded === 'number' ? requestsNeeded : []));
  return needed.length === 0 ? undefined : Math.max(...needed);
}

/** Bounds of an earlier look beside the estimates of this one: bounds are refreshed once a second only. */
function withOldBounds(now: readonly LimitAssessment[], before: readonly LimitAssessment[]): LimitAssessment[] {
  return now.map((one, index) => {
    const old = before[index];
    if (
      old === undefined ||
      old.version !== one.version ||
      old.objective !== one.objective ||
      old.verdict !== one.verdict
    )
      return one;
    return {
      ...one,
      ...(old.lower === undefined ? {} : { lower: old.lower }),
      ...(old.upper === undefined ? {} : { upper: old.upper }),
      ...(old.requestsNeeded === undefined ? {} : { requestsNeeded: old.requestsNeeded }),
    };
  });
}
