/**
 * One driver's hold on one experiment: its present status and record, changed purely, told as events, saved as patches.
 *
 * Saving never stops a measurement: while the store cannot be reached, changes pile up here and are saved later.
 */
import { messageOf, UnavailableError } from '../errors.ts';
import type { Clock } from '../io.ts';
import type { Experiment, ExperimentStatus, ObjectKey, Stage } from '../domain/api/experiment.ts';
import { EMPTY_RECORD, fitRecord, readRecord, withRecord, type Iter8Record } from '../domain/verdict/record.ts';
import { priorityOf, type Event, type EventBody, type Reason } from './event.ts';
import { mergePatchBetween } from './merge-patch.ts';
import type { ExperimentStore, RecordLog } from './ports.ts';
import { timestamp } from './status.ts';

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
}

export interface SaveOptions {
  readonly must?: boolean | undefined;
  readonly withRecordToo?: boolean | undefined;
}

export class Session {
  readonly key: ObjectKey;
  readonly #ports: SessionPorts;
  /** As last stored: what the next patch is made against. */
  #stored: Experiment;
  #status: ExperimentStatus;
  #record: Iter8Record;
  #pendingLog: object[] = [];
  #unreachableSince: number | undefined;
  #abandoned = false;
  /** Saves run one after another, each against what the one before has stored. */
  #saving: Promise<void> = Promise.resolve();

  constructor(experiment: Experiment, ports: SessionPorts) {
    this.key = { namespace: experiment.metadata.namespace, name: experiment.metadata.name };
    this.#ports = ports;
    this.#stored = experiment;
    this.#status = experiment.status ?? {};
    this.#record = readRecord(experiment) ?? { ...EMPTY_RECORD, by: ports.by };
  }

  /** The experiment with everything that is known now, saved or not. */
  get experiment(): Experiment {
    return { ...this.#stored, status: withRecord(this.#status, fitRecord(this.#record), this.#time()) };
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
    this.#status = change(this.#status, this.#ports.clock.now());
  }

  changeRecord(change: (record: Iter8Record) => Iter8Record): void {
    this.#record = change(this.#record);
  }

  /** Tells what happened: to the listener, to the object's own story, and to the log. */
  tell(body: EventBody): void {
    const event: Event = { time: new Date(this.#ports.clock.now()).toISOString(), experiment: this.key, ...body };
    this.#ports.emit(event);
    if (body.kind === 'object' || body.kind === 'load') return;
    this.#pendingLog.push(event);
    const text = this.#ports.textOf(event);
    if (text === undefined) return;
    const line = { time: event.time, priority: priorityOf(body), text };
    this.#record = { ...this.#record, events: [...this.#record.events, line].slice(-KEPT_EVENTS) };
  }

  /** A condition changed: tells it with its stage, in the recorded words. */
  tellCondition(reason: Reason, message: string, warning = false): void {
    this.tell({ kind: 'condition', reason, message, warning, stage: (this.#status.stage ?? 'Waiting') as Stage });
  }

  warn(text: string): void {
    if (this.#record.warnings.includes(text)) return;
    this.#record = { ...this.#record, warnings: [...this.#record.warnings, text].slice(-20) };
    this.tell({ kind: 'warning', text });
  }

  /** Lines for the full record that are not events: closed slices. Written with the next save. */
  log(entry: object): void {
    this.#pendingLog.push(entry);
  }

  /**
   * Stores what changed. `withRecordToo: false` leaves our record out (states that the predecessor's story has and that
   * carry nothing of ours). While the store cannot be reached, tells so once and returns; `must` makes it throw instead.
   */
  save(options: SaveOptions = {}): Promise<void> {
    const saved = this.#saving.then(() => this.#saveNow(options));
    this.#saving = saved.catch(() => undefined); // a failed save is its caller's to handle, and holds up nobody else
    return saved;
  }

  /** Somebody else drives it now: nothing more is stored. */
  abandon(): void {
    this.#abandoned = true;
  }

  async #saveNow(options: SaveOptions): Promise<void> {
    if (this.#abandoned) return;
    const next = options.withRecordToo === false ? this.#status : this.experiment.status!;
    const patch = mergePatchBetween(this.#stored.status ?? {}, next);
    try {
      if (Object.keys(patch).length > 0) {
        const sent = JSON.parse(JSON.stringify(patch)) as typeof patch; // drops undefined inside arrays as the wire would
        this.#stored = await this.#ports.store.patchStatus(this.key, sent);
      }
      await this.#flushLog();
      if (this.#unreachableSince !== undefined) {
        this.#unreachableSince = undefined;
        this.tell({
          kind: 'warning',
          text: `${this.#ports.store.description} answers again; everything measured meanwhile is saved`,
        });
      }
      this.tell({ kind: 'object', object: this.#stored });
    } catch (error) {
      if (!(error instanceof UnavailableError) || options.must === true) throw error;
      if (this.#unreachableSince === undefined) {
        this.#unreachableSince = this.#ports.clock.now();
        this.tell({ kind: 'warning', text: `cannot save for now, going on: ${messageOf(error)}` });
      }
    }
  }

  async #flushLog(): Promise<void> {
    const entries = this.#pendingLog;
    if (entries.length === 0) return;
    this.#pendingLog = [];
    try {
      await this.#ports.records.append(this.key, entries);
    } catch (error) {
      this.#pendingLog = [...entries, ...this.#pendingLog];
      throw error;
    }
  }

  #time(): string {
    return timestamp(this.#ports.clock.now());
  }
}
