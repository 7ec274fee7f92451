/**
 * What one collect task has counted: by earlier drivers of it, in closed slices, in pairs, and in the newest checkpoint. It goes
 * to the judge as it comes, to the log slice by slice, and into the record as often as that is saved.
 */
import { hasAnswer, type TallyView } from '../../evidence/request-tally.ts';
import type { Judge } from '../../judge/judge.ts';
import { judgeOf } from '../../judge/judgement.ts';
import { needsPairs } from '../../judge/question/relative-limits.ts';
import { rewardNeedsPairs } from '../../judge/reward/reward.ts';
import {
  countedScopes,
  readTally,
  storeTally,
  type Iter8Record,
  type StoredScope,
  type TaskState,
} from '../../judge/record/stored-record.ts';
import { TaskSums, withCountedTask } from '../../judge/record/task-sums.ts';
import type { Couple, LoadReport } from '../ports.ts';
import type { Session } from '../session.ts';
import { timestamp } from '../status-changes.ts';

export class Account {
  readonly judge: Judge;
  /** Seconds of load, and requests of the version that got most, of earlier drivers of this very task. */
  readonly before: { readonly seconds: number; readonly requests: number };
  readonly #session: Session;
  readonly #id: string;
  /** Versions whose measurements count; others get load only. */
  readonly #judged: ReadonlySet<string>;
  readonly #sums: TaskSums;
  /** Versions that have given an HTTP answer: in this task, and ever. */
  readonly #answeredHere: Set<string>;
  readonly #answeredEver: Set<string>;

  constructor(session: Session, task: { readonly id: string; readonly judged: ReadonlySet<string> }) {
    const { question, record } = session;
    const state = record.tasks[task.id];
    this.#session = session;
    this.#id = task.id;
    this.#judged = task.judged;
    this.judge = judgeOf(question, record);
    this.#sums = new TaskSums(question, { scopes: state?.counted, pairs: state?.pairs });
    const whole = this.#sums.before.filter((scope) => scope.endpoint === undefined);
    this.before = {
      seconds: state?.loadSeconds ?? 0,
      requests: Math.max(0, ...whole.map((scope) => scope.tally.response.n)),
    };
    this.#answeredHere = new Set(answering(this.#sums.before));
    this.#answeredEver = new Set(answering(countedScopes(record)));
  }

  /** Versions whose requests are to be paired: candidates with the baseline, and for a reward with one another. */
  get couples(): Couple[] {
    const { question } = this.#session;
    const isReward = rewardNeedsPairs(question);
    if (!isReward && !needsPairs(question.relative)) return [];
    const names = question.versions.map(({ name }) => name).filter((name) => this.#judged.has(name));
    return names.flatMap((against, at) =>
      isReward || against === question.baseline?.name
        ? names.slice(at + 1).map((version) => ({ version, against }))
        : [],
    );
  }

  /**
   * What earlier drivers of this task counted of it. One that was killed in the middle of a tick has counted one version less than
   * the others. Of what nobody counts: as many as of the version that got most.
   */
  requestsBefore(version: string): number {
    if (!this.#judged.has(version)) return this.before.requests;
    const own = this.#sums.before.find((scope) => scope.version === version && scope.endpoint === undefined);
    return own?.tally.response.n ?? 0;
  }

  /** What this driver has counted of a version in this task; undefined where nobody counts. */
  requestsSince(version: string): number | undefined {
    return this.#judged.has(version) ? this.#sums.added(version) : undefined;
  }

  /** Whether this version has given an HTTP answer in this task. */
  hasAnswered(version: string): boolean {
    return this.#answeredHere.has(version);
  }

  /** Versions that have never given any: nothing is said about them. */
  get unanswered(): Set<string> {
    return new Set([...this.#judged].filter((version) => !this.#answeredEver.has(version)));
  }

  /** What is resolved of each version, over all tasks: without the requests that are under way. */
  get resolved(): Map<string, TallyView> {
    const names = this.#session.question.versions.map(({ name }) => name);
    return new Map(names.map((name) => [name, this.judge.tallyOf(name).response]));
  }

  /** Requests that left late by our own fault. */
  get late(): number {
    return [...this.#judged].reduce((sum, version) => sum + this.judge.tallyOf(version).late.bad, 0);
  }

  /** What the log needs to say with what this driver began. */
  get start(): object {
    return { resumedAfter: this.before.requests, counted: this.#sums.before, ...this.#pairs() };
  }

  take(report: LoadReport): void {
    for (const { version, answered } of report.progress) {
      if (!answered) continue;
      this.#answeredHere.add(version);
      this.#answeredEver.add(version);
    }
    for (const { slice, scope, tally } of report.slices) {
      if (!this.#judged.has(scope.version)) continue;
      const stored = storeTally(tally);
      this.judge.add(scope, tally);
      this.#sums.add(scope, stored);
      this.#session.log({ kind: 'slice', task: this.#id, slice, ...scope, tally: stored });
    }
    for (const { slice, ...closed } of report.pairs ?? []) {
      const { pairs, ...scope } = this.#pairsScope(closed);
      for (const { tally, ...where } of this.#sums.addPairs(scope, pairs)) this.judge.addPairTally(where, tally);
      this.#session.log({ kind: 'pairs', task: this.#id, slice, ...scope, pairs });
    }
  }

  /** The state of the task as it begins. */
  open(): void {
    this.#changeTask({
      ...this.#state('running'),
      counted: this.#sums.before,
      loadSeconds: this.before.seconds,
      ...this.#pairs(),
    });
  }

  /** Puts what was counted, with what is unresolved added as the checkpoint of this report says, into the record. */
  keep({ checkpoint = [], checkpointPairs = [] }: LoadReport, seconds: number): void {
    this.#changeTask({
      ...this.#state('running'),
      counted: this.#sums.scopes(checkpoint.filter(({ scope }) => this.#judged.has(scope.version))),
      loadSeconds: seconds,
      ...this.#pairs(checkpointPairs.map((pairs) => this.#pairsScope(pairs))),
    });
  }

  /** Marks the task as done and moves what it counted to what the experiment counted. `endedEarly`: before all of the plan was sent. */
  close({ endedEarly }: { readonly endedEarly: boolean }): void {
    const early = endedEarly ? { endedEarly } : {};
    const { counted: scopes = [], pairs, loadSeconds = 0 } = this.#session.record.tasks[this.#id] ?? {};
    this.#session.log({
      kind: 'load-ended',
      time: new Date(this.#session.nowMs()).toISOString(),
      task: this.#id,
      loadSeconds,
      ...early,
    });
    this.#session.changeRecord((record) =>
      withoutLoad(withCountedTask(record, this.#id, { scopes, pairs, loadSeconds })),
    );
    this.#changeTask({ ...this.#state('done'), ...(scopes.length === 0 ? {} : { loadSeconds }), ...early });
  }

  /** As it is counted: the baseline is not named. */
  #pairsScope<T extends Couple>({ against, ...rest }: T): Omit<T, 'against'> & { readonly against?: string } {
    return { ...rest, ...(against === this.#session.question.baseline?.name ? {} : { against }) };
  }

  #pairs(more: Parameters<TaskSums['pairs']>[0] = []): Pick<TaskState, 'pairs'> {
    const pairs = this.#sums.pairs(more);
    return pairs === undefined ? {} : { pairs };
  }

  #changeTask(state: TaskState): void {
    this.#session.changeRecord((record) => ({ ...record, tasks: { ...record.tasks, [this.#id]: state } }));
  }

  #state(state: TaskState['state']): TaskState {
    const now = timestamp(this.#session.nowMs());
    const startedAt = this.#session.record.tasks[this.#id]?.startedAt ?? now;
    return { state, startedAt, ...(state === 'running' ? {} : { endedAt: now }) };
  }
}

/** No load is under way any more. */
export function withoutLoad(record: Iter8Record): Iter8Record {
  const { load: _, ...rest } = record;
  return rest;
}

function answering(scopes: readonly StoredScope[]): string[] {
  return scopes.filter(({ tally }) => hasAnswer(readTally(tally))).map(({ version }) => version);
}
