/**
 * Performs a `metrics/collect` task: sends the planned load, judges what comes back as it comes, and goes on as long as
 * more load can change the recommendation (docs/behavior.md 5, docs/method.md 0.4).
 */
import { whenAborted } from '../../io.ts';
import { sortedLike } from '../../experiment/spec-order.ts';
import { collectInputs, type CollectInputs } from '../../experiment/tasks/collect-inputs.ts';
import type { TaskSpec } from '../../experiment/experiment.ts';
import type { LimitAssessment } from '../../judge/assessment.ts';
import type { Look } from '../../judge/finding.ts';
import { judgementAt, type Judgement } from '../../judge/judgement.ts';
import { latencyLimits } from '../../judge/question/limits.ts';
import { defaultTimeoutMs } from '../../experiment/request-timeout.ts';
import { isLoadToCome } from '../../judge/record/load-to-come.ts';
import type { LoadState } from '../../judge/record/load-progress.ts';
import type { LoadGenerator, LoadPlan, LoadReport, LoadRun, RequestBuilder } from '../ports.ts';
import { formatCounted } from '../../text/units.ts';
import type { Session } from '../session.ts';
import { Account } from './counted-load.ts';
import { inOneTurn } from './endpoints-in-turn.ts';
import { Looks } from './interim-looks.ts';
import { silenceText, silentVersion } from './unreachable-version.ts';
import { Steering } from './steering.ts';

export interface CollectPorts {
  readonly load: LoadGenerator;
  readonly requests: RequestBuilder;
  readonly clock: { now(): number; monotonicMs(): number };
}

export interface CollectOptions {
  /** `start/0`: the key of the task in the record. */
  readonly id: string;
  /** How often what was measured is saved. */
  readonly saveEveryMs: number;
  /** Aborted: send nothing more, drain, judge, save. */
  readonly stop: AbortSignal;
  /** Aborted: a lock is lost or the user insists; end now. */
  readonly kill: AbortSignal;
  readonly seed: number;
}

/** How a collect task ended. `silent`: a version never gave an HTTP answer. */
export type CollectOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'silent'; readonly message: string };

export function runCollect(
  session: Session,
  task: TaskSpec,
  ports: CollectPorts,
  options: CollectOptions,
): Promise<CollectOutcome> {
  return new CollectTask(session, collectInputs(task), ports, options).run();
}

class CollectTask {
  readonly #session: Session;
  readonly #inputs: CollectInputs;
  readonly #ports: CollectPorts;
  readonly #options: CollectOptions;
  /** Versions whose measurements count; others get load only. */
  readonly #judgedHere: ReadonlySet<string>;
  readonly #account: Account;
  readonly #steering: Steering;
  #last: LoadReport | undefined;
  #lastSaveMs = Number.NEGATIVE_INFINITY;

  constructor(session: Session, inputs: CollectInputs, ports: CollectPorts, options: CollectOptions) {
    this.#session = session;
    this.#inputs = inputs;
    this.#ports = ports;
    this.#options = options;
    const known = new Set(session.question.versions.map(({ name }) => name));
    const loaded = inputs.versions.map(({ name }) => name);
    this.#judgedHere = new Set(inputs.loadOnly ? [] : loaded.filter((name) => known.has(name)));
    this.#account = new Account(session, { id: options.id, judged: this.#judgedHere });
    this.#steering = new Steering(session, {
      inputs,
      judged: this.#judgedHere,
      requestsBefore: (version) => this.#account.requestsBefore(version),
      requestsSince: (version) => this.#account.requestsSince(version),
    });
  }

  async run(): Promise<CollectOutcome> {
    const plan = await this.#plan();
    if (plan === undefined) return this.#close();
    const { stop, kill, saveEveryMs } = this.#options;
    const run = await this.#ports.load.start(plan, { checkpointEveryMs: saveEveryMs });
    const closers = [whenAborted(stop, () => run.stop()), whenAborted(kill, () => run.kill())];
    try {
      return await this.#follow(run);
    } catch (error) {
      run.kill(); // nobody reads it any more
      throw error;
    } finally {
      for (const close of closers) close();
    }
  }

  /** The load plan, less what an earlier driver has sent; undefined when nothing is left to send. */
  async #plan(): Promise<LoadPlan | undefined> {
    const { experiment, question } = this.#session;
    const inputs = this.#inputs;
    const built = await this.#ports.requests.build(inputs, experiment.metadata.namespace, this.#options.stop);
    await this.#begin();
    const { plannedLeft: plannedRequests, plannedCaps } = this.#steering;
    const atStart = { seconds: this.#account.before.seconds, planDone: true, bounds: false };
    if (plannedRequests === 0 && !this.#steering.wantsMore(this.#judge(atStart))) return undefined;
    const { limits } = question;
    const tightest = Math.min(...limits.filter(({ unit }) => unit === 'ms').map(({ limit }) => limit));
    return {
      targets: inOneTurn(built).map((target) => ({
        ...target,
        limits: this.#judgedHere.has(target.version) ? latencyLimits(limits) : [],
        firstCap: plannedCaps.get(target.version),
      })),
      ...(inputs.qps === 0 ? {} : { couples: this.#account.couples }),
      ratePerSec: inputs.qps,
      plannedRequests,
      ...(inputs.plannedSeconds === undefined
        ? {}
        : { plannedSeconds: Math.max(0, inputs.plannedSeconds - this.#account.before.seconds) }),
      ...(inputs.connections === undefined ? {} : { connections: inputs.connections }),
      timeoutMs: this.#timeoutMs,
      ...(inputs.warmup === undefined ? {} : { warmup: inputs.warmup }),
      lateAfterMs: Math.max(5, Number.isFinite(tightest) ? tightest / 10 : 0),
      seed: this.#options.seed,
    };
  }

  get #timeoutMs(): number {
    return this.#inputs.timeoutMs ?? defaultTimeoutMs(this.#session.experiment);
  }

  /** Notes in record and log that the task is under way. */
  async #begin(): Promise<void> {
    const { plannedRequests } = this.#steering.budget;
    const timeoutMs = this.#timeoutMs;
    this.#session.changeRecord((record) => ({
      ...record,
      timeoutMs: Math.max(timeoutMs, record.timeoutMs ?? 0),
      ...(this.#inputs.qps === 0 && this.#judgedHere.size > 0 ? { closedLoop: true } : {}),
    }));
    this.#account.open();
    await this.#session.save();
    this.#session.log({
      kind: 'load-started',
      time: new Date(this.#ports.clock.now()).toISOString(),
      task: this.#options.id,
      ratePerSec: this.#inputs.qps,
      plannedRequests: Number.isFinite(plannedRequests) ? plannedRequests : undefined,
      timeoutMs,
      isJudged: this.#judgedHere.size > 0,
      ...this.#account.start,
    });
  }

  /** Follows the load to its end. */
  async #follow(run: LoadRun): Promise<CollectOutcome> {
    let silent: string | undefined;
    try {
      for await (const report of run.reports) {
        this.#last = report;
        this.#account.take(report);
        if (!this.#options.stop.aborted)
          silent ??= silentVersion(report, (version) => this.#account.hasAnswered(version));
        if (silent === undefined) await this.#look(run, report);
        else run.kill();
      }
    } finally {
      // However it ended: what was counted stays counted.
      if (this.#last !== undefined) {
        this.#account.keep(this.#last, this.#seconds(this.#last));
        this.#sayMissed(this.#last);
      }
    }
    if (silent !== undefined) return { kind: 'silent', message: this.#silence(silent) };
    this.#session.addMoment(this.#account.resolved);
    if (this.#options.stop.aborted || this.#options.kill.aborted) {
      await this.#session.save();
      return { kind: 'interrupted' };
    }
    return this.#close();
  }

  readonly #looks = new Looks((withBounds) =>
    this.#judge({ seconds: this.#seconds(this.#last!), planDone: this.#isPlanDone(this.#last!), bounds: withBounds }),
  );

  #isPlanDone(report: LoadReport): boolean {
    return this.#steering.isPlanDone(report, this.#seconds(report));
  }

  /** Judges what is known now, steers the load by it, reports and saves. */
  async #look(run: LoadRun, report: LoadReport): Promise<void> {
    const { verdicts } = this.#session;
    const nowMs = this.#ports.clock.monotonicMs();
    // Checkpoints come as often as is saved, some of them a moment early: none of those is left out.
    const isSaved = report.checkpoint !== undefined && nowMs - this.#lastSaveMs >= this.#options.saveEveryMs / 2;
    const judgement = this.#looks.look({
      nowMs,
      withBounds: isSaved || report.state === 'drained' || report.state === 'ended',
      isNews: (assessments) => verdicts.differ(assessments),
    });
    const { assessments } = judgement;
    const final = this.#steering.steer(run, report, { judgement, seconds: this.#seconds(report) });
    const changes = verdicts.take(assessments, { atMs: report.elapsedMs, final });
    for (const change of changes) this.#session.emit({ kind: 'verdict', ...change });
    const load = this.#loadState(report, judgement);
    this.#session.emit({ kind: 'load', load, assessments });
    this.#session.changeRecord((record) => ({
      ...record,
      assessments,
      load,
      recommendation: judgement.recommendation,
      ...(judgement.reward === undefined ? {} : { rewardResult: judgement.reward }),
    }));
    if (!isSaved && (changes.length === 0 || report.checkpoint === undefined)) return;
    this.#lastSaveMs = nowMs;
    this.#account.keep(report, this.#seconds(report));
    this.#session.addMoment(this.#account.resolved);
    await this.#session.save();
  }

  #sayMissed({ progress }: LoadReport): void {
    const missed = progress.reduce((sum, one) => sum + (one.missed ?? 0), 0);
    if (missed === 0) return;
    const [were, count] = missed === 1 ? ['was', 'counts'] : ['were', 'count'];
    this.#session.warn(
      `the load generator stood still for a second or more (stopped, suspended, or without a core): ${formatCounted(missed, 'request')} that ${were} due meanwhile ${were} not sent, and ${count} as nothing`,
    );
  }

  #close(): CollectOutcome {
    this.#account.close({ endedEarly: this.#last !== undefined && !this.#isPlanDone(this.#last) });
    return { kind: 'done' };
  }

  /** Of load, over all drivers of the task. */
  #seconds(report: LoadReport): number {
    return this.#account.before.seconds + Math.max(0, report.elapsedMs) / 1000;
  }

  /** Load that nobody counts changes nothing of what is known. */
  #judge({ seconds, planDone, bounds }: { readonly seconds: number } & Pick<Look, 'planDone' | 'bounds'>): Judgement {
    const { question, record } = this.#session;
    const isCounted = this.#judgedHere.size > 0;
    return judgementAt(question, record, this.#account.judge, {
      elapsedSeconds: record.loadSeconds + (isCounted ? seconds : 0),
      planDone: planDone || !isCounted,
      bounds,
      loadToCome: isLoadToCome(question, record, this.#options.id),
      measuringDone: false,
      closedLoop: record.closedLoop,
      rateOf: (row) => this.#inputs.qps * this.#steering.partFor(row),
      unanswered: this.#account.unanswered,
    });
  }

  #silence(version: string): string {
    const report = this.#last!;
    const sent = report.progress.find((one) => one.version === version)?.sent ?? 0;
    return silenceText(version, this.#account.requestsBefore(version) + sent, { report, inputs: this.#inputs });
  }

  /** Of the spec, whatever the order of the task. */
  #inOrder<T extends { readonly version: string }>(progress: readonly T[]): T[] {
    const names = this.#session.question.versions.map(({ name }) => name);
    return sortedLike(names, progress, ({ version }) => version);
  }

  #loadState(report: LoadReport, judgement: Judgement): LoadState {
    const { plannedRequests, maxRequests } = this.#steering.budget;
    const states = { 'warming-up': 'warming-up', running: 'running', drained: 'draining', ended: 'ended' } as const;
    return {
      task: this.#options.id,
      state: states[report.state],
      elapsedSeconds: this.#seconds(report),
      ratePerSec: this.#inputs.qps,
      ...(Number.isFinite(plannedRequests) ? { plannedRequests } : {}),
      ...(this.#inputs.plannedSeconds === undefined ? {} : { plannedSeconds: this.#inputs.plannedSeconds }),
      extending: this.#steering.isExtending(report, judgement),
      maxRequests,
      versions: this.#inOrder(report.progress).map((one) => {
        const needed = this.#neededOf(judgement.assessments, one.version);
        const before = this.#account.requestsBefore(one.version);
        return {
          version: one.version,
          sent: one.sent + before,
          resolved: one.resolved + before,
          ...(needed === undefined ? {} : { needed }),
        };
      }),
      late: this.#account.late,
    };
  }

  /** Requests of the version: those of an endpoint are a part of them. */
  #neededOf(assessments: readonly LimitAssessment[], version: string): number | undefined {
    const needed = assessments.flatMap((row) => {
      const part = row.version === version ? this.#steering.partFor(row) : 0;
      return typeof row.requestsNeeded === 'number' && part > 0 ? Math.ceil(row.requestsNeeded / part) : [];
    });
    return needed.length === 0 ? undefined : Math.max(...needed);
  }
}
