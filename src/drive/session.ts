/**
 * One driver's hold on one experiment: its present status and record, changed purely, emitted as events, saved as patches.
 *
 * Saving never stops a measurement: while the store cannot be reached, changes pile up here and are saved later.
 */
import { isDeepStrictEqual } from 'node:util';
import { ConflictError, Iter8Error, messageOf, NotFoundError, UnavailableError } from '../errors.ts';
import type { Clock } from '../io.ts';
import { isConditionTrue } from '../experiment/conditions.ts';
import type { Experiment, ExperimentStatus, ObjectKey, Stage } from '../experiment/experiment.ts';
import { questionOf } from '../judge/judgement.ts';
import type { Question } from '../judge/question/question.ts';
import { withMoment, type MomentFacts } from '../judge/record/run-over-time.ts';
import { EMPTY_RECORD, fitRecord, readRecord, withRecord, type Iter8Record } from '../judge/record/stored-record.ts';
import { priorityOf, type Event, type EventBody, type Reason } from './events.ts';
import { mergePatchBetween } from '../experiment/make-merge-patch.ts';
import type { ExperimentStore, RecordLog } from './ports.ts';
import type { MergePatch } from '../experiment/apply-merge-patch.ts';
import { timestamp } from './status-changes.ts';
import { changedSpecText, specFingerprint } from './spec-fingerprint.ts';
import { SteadyTime } from './steady-time.ts';
import { hideCredentials } from '../text/credentials.ts';
import { cleanTexts, type CleanTexts } from './redact-credentials.ts';
import { VerdictReports } from './verdict-changes.ts';

/** Newest lines of the story kept in the object; the full record is in the log. */
const KEPT_EVENTS = 200;

export interface SessionPorts {
  readonly store: ExperimentStore;
  readonly records: RecordLog;
  readonly clock: Clock;
  readonly emit: (event: Event) => void;
  /** The line of an event for people, or undefined when it is none of their business. */
  readonly textOf: (event: Event) => string | undefined;
  /** `iter8ctl 0.1.0`. */
  readonly by: string;
  /** Makes sure that nobody else drives it by now: see HeldLock. */
  readonly confirm?: (() => Promise<void>) | undefined;
  /**
   * How long a save that must succeed, and what cannot be gone on without, wait for a store that does not answer. Absent: not at all (a
   * folder that cannot be written now cannot be written in a minute).
   */
  readonly patience?: { readonly ms: number; readonly giveUp: AbortSignal } | undefined;
}

const ASK_AGAIN_MS = 1_000;
/** Lines of the record that may wait in memory to be written; with more it ends, as that of a driver that was killed does. */
const MOST_WAITING_LINES = 50_000;
const LONGEST_WAIT_MS = 30_000;
const SPEC_CHANGED =
  'its spec was changed by somebody else while it runs: this run goes on with the spec that it began with; for the new one start a new experiment';

export interface SaveOptions {
  readonly must?: boolean | undefined;
  readonly withRecordToo?: boolean | undefined;
}

export class Session {
  readonly key: ObjectKey;
  readonly verdicts: VerdictReports;
  readonly time: SteadyTime;
  /** Of what is shown of how the run went, which has one axis: never set again. */
  readonly #shownTime: SteadyTime;
  readonly #ports: SessionPorts;
  /** As last stored: what the next patch is made against. */
  #stored: Experiment;
  /** A save was begun whose answer did not come: the store may hold more than `#stored`. */
  #mayHoldMore = false;
  /** What it is driven by, whatever somebody else writes meanwhile. */
  #spec: Experiment['spec'];
  #status: ExperimentStatus;
  /** All that it was driven by. */
  readonly #specs: Experiment['spec'][];
  #clean: CleanTexts;
  #record: Iter8Record;
  #asked:
    | { readonly spec: Experiment['spec']; readonly strength: Iter8Record['strength']; readonly question: Question }
    | undefined;
  #pendingLog: object[] = [];
  #isLogged = true;
  #unreachableSince: number | undefined;
  #abandoned = false;
  #annotations: Experiment['metadata']['annotations'];
  #onStored: (() => void) | undefined;
  /** Saves run one after another, each against what the one before has stored. */
  #saving: Promise<void> = Promise.resolve();

  constructor(experiment: Experiment, ports: SessionPorts) {
    this.key = { namespace: experiment.metadata.namespace, name: experiment.metadata.name };
    this.#ports = ports;
    this.time = new SteadyTime(ports.clock);
    this.#shownTime = new SteadyTime(ports.clock);
    this.#stored = experiment;
    this.#annotations = experiment.metadata.annotations;
    this.#spec = experiment.spec;
    this.#status = experiment.status ?? {};
    this.#specs = [experiment.spec];
    this.#clean = cleanTexts(this.#specs);
    this.#record = readRecord(experiment) ?? { ...EMPTY_RECORD, by: ports.by };
    this.verdicts = new VerdictReports(this.#record.assessments);
  }

  /** The experiment with everything that is known now, saved or not. */
  get experiment(): Experiment {
    return {
      ...this.#stored,
      spec: this.#spec,
      status: withRecord(this.#status, fitRecord(this.#record), this.#time()),
    };
  }

  /** What the spec asks, with the settings of this drive; compiled when it changes. */
  get question(): Question {
    const { strength } = this.#record;
    if (this.#asked?.spec !== this.#spec || this.#asked.strength !== strength)
      this.#asked = {
        spec: this.#spec,
        strength,
        question: questionOf({ ...this.#stored, spec: this.#spec }, { strength }),
      };
    return this.#asked.question;
  }

  /** As last seen: what people ask of it. */
  get annotations(): Experiment['metadata']['annotations'] {
    return this.#annotations;
  }

  /** Called whenever they were seen. */
  onStored(listener: () => void): void {
    this.#onStored = listener;
  }

  /** Reads them again. */
  async look(): Promise<void> {
    this.#see(await this.#present());
  }

  get clock(): Clock {
    return this.#ports.clock;
  }

  /** Wall clock, ms since 1970 UTC. */
  nowMs(): number {
    return this.#ports.clock.now();
  }

  get status(): ExperimentStatus {
    return this.#status;
  }

  get record(): Iter8Record {
    return this.#record;
  }

  changeStatus(change: (status: ExperimentStatus, nowMs: number) => ExperimentStatus): void {
    this.#status = this.#clean.status(change(this.#status, this.#ports.clock.now()));
  }

  changeRecord(change: (record: Iter8Record) => Iter8Record): void {
    this.#record = this.#clean.record(change(this.#record), this.#record);
  }

  /** Notes how things stand now, for those who want to see later how the run went. `counted`: while load is under way. */
  addMoment(counted?: MomentFacts['counted']): void {
    const { versions } = this.question;
    this.#record = withMoment(this.#record, {
      timeMs: this.#shownTime.now(),
      versions: versions.map(({ name }) => name),
      assessments: this.#record.assessments,
      weights: this.#status.currentWeightDistribution ?? [],
      counted,
    });
  }

  /** Reports what happened: to the listener, to the object's own story, and to the log. */
  emit(body: EventBody): void {
    const event: Event = {
      time: new Date(this.#ports.clock.now()).toISOString(),
      experiment: this.key,
      ...this.#clean.event(body),
    };
    this.#ports.emit(event);
    if (body.kind === 'object' || body.kind === 'load') return;
    this.log(event);
    const text = this.#ports.textOf(event);
    if (text === undefined) return;
    const line = { time: event.time, priority: priorityOf(body), text };
    this.#record = { ...this.#record, events: [...this.#record.events, line].slice(-KEPT_EVENTS) };
  }

  /** A condition changed: emits it with its stage, in the recorded words. */
  emitCondition(reason: Reason, message: string, { warning } = { warning: false }): void {
    this.emit({ kind: 'condition', reason, message, warning, stage: (this.#status.stage ?? 'Waiting') as Stage });
  }

  warn(text: string): void {
    const clean = this.#clean.text(text);
    if (this.#record.warnings.includes(clean)) return;
    this.#record = { ...this.#record, warnings: [...this.#record.warnings, clean].slice(-20) };
    this.emit({ kind: 'warning', text: clean });
  }

  /** Lines for the full record that are not events: closed slices. Written with the next save. */
  log(entry: object): void {
    if (this.#isLogged) this.#pendingLog.push(entry);
  }

  /**
   * Stores what changed. `withRecordToo: false` leaves our record out (states that the predecessor's story has and that
   * carry nothing of ours). While the store cannot be reached, says so once and returns; `must` makes it throw instead.
   */
  save(options: SaveOptions = {}): Promise<void> {
    const saved = this.#saving.then(() => this.#saveNow(options));
    this.#saving = saved.catch(() => undefined); // a failed save is its caller's to handle, and holds up nobody else
    return saved;
  }

  /** Reads it again: a start task may have written its spec (docs/contract.md 1). True when it has. */
  async adoptSpec(): Promise<boolean> {
    await this.#saving;
    const present = await this.patiently(() => this.#present());
    if (isDeepStrictEqual(present.spec, this.#spec)) return false;
    // What was a credential may still be in what somebody else reports.
    this.#specs.push(present.spec);
    this.#clean = cleanTexts(this.#specs);
    this.#spec = present.spec;
    this.noteSpec();
    const spec = hideCredentials(present.spec);
    this.log({ kind: 'spec-read', time: new Date(this.nowMs()).toISOString(), spec });
    return true;
  }

  /** What is to be said where the driver before this one went by another spec; the next one is given this one. */
  noteSpec(): string[] {
    const { experiment } = this;
    const texts = changedSpecText(experiment, this.#record);
    this.changeRecord((record) => ({ ...record, spec: specFingerprint(experiment) }));
    return texts;
  }

  /** The store did not take what is known here. */
  get isBehind(): boolean {
    return this.#unreachableSince !== undefined;
  }

  /** An end that came when somebody else drove it already is none. */
  get isEndStored(): boolean {
    return isConditionTrue(this.#stored.status, 'Completed');
  }

  /** Somebody else drives it now: nothing more is stored. */
  abandon(): void {
    this.#abandoned = true;
  }

  async #saveNow(options: SaveOptions): Promise<void> {
    if (this.#abandoned) return;
    const next = options.withRecordToo === false ? this.#status : this.experiment.status!;
    try {
      await this.#store(next, options.must === true);
      if (this.#abandoned) return;
      await this.#flushLog();
      if (this.#unreachableSince !== undefined) {
        this.#unreachableSince = undefined;
        this.emit({
          kind: 'warning',
          text: `${this.#ports.store.description} answers again; everything measured meanwhile is saved`,
        });
      }
      this.emit({ kind: 'object', object: { ...this.#stored, spec: this.#spec } });
    } catch (error) {
      if (!(error instanceof UnavailableError) || options.must === true) throw error;
      this.#reportUnreachable(error);
      // What was measured is on this machine at least, whatever happens before the store answers again.
      await this.#flushLog();
      // Whoever looks at this run sees how it goes on.
      this.emit({ kind: 'object', object: this.experiment });
    }
  }

  async #store(next: ExperimentStatus, must: boolean): Promise<void> {
    const store = async () => {
      if (this.#mayHoldMore) await this.#readStored();
      const patch = patchTo(next, this.#stored);
      if (patch === undefined) return;
      await this.#ports.confirm?.();
      if (this.#abandoned) return;
      const uid = this.#stored.metadata.uid;
      this.#mayHoldMore = true;
      const stored = await this.#ports.store.patchStatus(this.key, patch, { uid }).catch((error: unknown) => {
        throw error instanceof NotFoundError || error instanceof ConflictError ? this.#deleted(error) : error;
      });
      this.#stored = stored;
      this.#mayHoldMore = false;
      this.#see(stored);
      if (!isDeepStrictEqual(stored.spec, this.#spec)) this.warn(SPEC_CHANGED);
    };
    await (must ? this.patiently(store) : store());
  }

  /** A save that was not answered may have been made: what it wrote, and is gone since, has to be taken out again. */
  async #readStored(): Promise<void> {
    const present = await this.#present();
    this.#stored = present;
    this.#mayHoldMore = false;
    this.#see(present);
  }

  /** The experiment as it is in the store. @throws NotFoundError when it is another one by now */
  async #present(): Promise<Experiment> {
    const present = await this.#ports.store.get(this.key).catch((error: unknown) => {
      throw error instanceof NotFoundError ? this.#deleted(error) : error;
    });
    if (present.metadata.uid !== this.#stored.metadata.uid) throw this.#deleted(undefined);
    return present;
  }

  /** What cannot be gone on without: a store that does not answer is waited for, as long as a save that must succeed waits. */
  async patiently<T>(work: () => Promise<T>): Promise<T> {
    const { clock, patience } = this.#ports;
    const deadline = clock.monotonicMs() + (patience?.ms ?? 0);
    for (let waitMs = ASK_AGAIN_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      try {
        return await work();
      } catch (error) {
        const waits = clock.monotonicMs() < deadline && patience?.giveUp.aborted === false;
        if (!(error instanceof UnavailableError) || !waits) throw error;
        this.#reportUnreachable(error);
        await clock.sleep(waitMs, patience?.giveUp).catch(() => undefined);
      }
    }
  }

  #see({ metadata }: Experiment): void {
    this.#annotations = metadata.annotations;
    this.#onStored?.();
  }

  #reportUnreachable(error: UnavailableError): void {
    if (this.#unreachableSince !== undefined) return;
    this.#unreachableSince = this.#ports.clock.now();
    this.emit({ kind: 'warning', text: `cannot save for now, going on: ${messageOf(error)}` });
  }

  #deleted(cause: unknown): NotFoundError {
    return new NotFoundError(
      `experiment ${this.key.namespace}/${this.key.name} was deleted while it was driven, so there is nothing to save to`,
      { hint: 'its load has ended; start it again from its manifest', cause },
    );
  }

  /** The object alone is judged by, and gone on from: a record beside it that cannot be written is said, and ends nothing. */
  async #flushLog(): Promise<void> {
    const entries = this.#pendingLog;
    if (entries.length === 0) return;
    this.#pendingLog = [];
    try {
      await this.#ports.records.append(this.key, entries);
    } catch (error) {
      if (!(error instanceof Iter8Error)) throw error;
      this.#isLogged = entries.length <= MOST_WAITING_LINES;
      this.#pendingLog = this.#isLogged ? [...entries, ...this.#pendingLog] : [];
      const what = this.#isLogged ? 'cannot be written for now' : 'ends here';
      this.warn(`the full record, which replay reads, ${what}: ${messageOf(error)}`);
    }
  }

  #time(): string {
    return timestamp(this.#ports.clock.now());
  }
}

/** Undefined where nothing is to be stored. */
function patchTo(next: ExperimentStatus, { status = {} }: Experiment): MergePatch | undefined {
  const patch = mergePatchBetween(status, next);
  if (Object.keys(patch).length === 0) return undefined;
  return JSON.parse(JSON.stringify(patch)) as MergePatch; // drops undefined inside arrays as the wire would
}
