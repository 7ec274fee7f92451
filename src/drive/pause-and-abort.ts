/**
 * Does what people ask of an experiment that runs: waits while it is paused, and ends the drive when it is to be aborted. What they
 * ask stands in annotations (experiment/control-annotations.ts), which are seen with every save, and looked at while nothing is saved.
 */
import { Iter8Error, NotFoundError, UnavailableError } from '../errors.ts';
import { abortIn, byText, pauseIn, resumeIn } from '../experiment/control-annotations.ts';
import type { Interruption } from './interruption.ts';
import type { Session } from './session.ts';
import { timestamp } from './status-changes.ts';
import type { TargetTurn } from './target-queue.ts';

/** How `approve`, `reject`, `resume` of this experiment are typed. */
export type TypedCommand = (command: 'approve' | 'reject' | 'resume') => string;

export interface ControlOptions {
  /** Who waits for a person takes no place among those who work. */
  readonly place: Pick<TargetTurn, 'rest' | 'mayWork'>;
  /** How often it looks while nothing is saved. */
  readonly lookEveryMs: number;
  readonly typed: TypedCommand;
}

export class Control {
  readonly typed: TypedCommand;
  readonly #session: Session;
  readonly #interruption: Interruption;
  readonly #lookEveryMs: number;
  readonly #place: ControlOptions['place'];
  #isBegun = false;
  #sees = true;
  #deleted: NotFoundError | undefined;

  constructor(session: Session, interruption: Interruption, { lookEveryMs, typed, place }: ControlOptions) {
    this.#session = session;
    this.#interruption = interruption;
    this.#lookEveryMs = lookEveryMs;
    this.typed = typed;
    this.#place = place;
    session.onStored(() => this.#notice());
  }

  /** From now on it is heeded: whoever goes on with an experiment has its target again, so that traffic may be put back. */
  begin(): void {
    this.#isBegun = true;
    this.#notice();
  }

  /** Waits, and looks meanwhile. False when it was interrupted, or is to be aborted. @throws NotFoundError when it was deleted */
  async sleep(ms: number): Promise<boolean> {
    const { clock } = this.#session;
    for (let leftMs = ms; leftMs > 0; leftMs -= this.#lookEveryMs) {
      const pieceMs = Math.min(leftMs, this.#lookEveryMs);
      if (!(await this.#interruption.completes((signal) => clock.sleep(pieceMs, signal)))) return false;
      if (leftMs > pieceMs) await this.lookWhileIdle();
    }
    return !this.#interruption.any.aborted;
  }

  /** Looks again, after a while, at what people ask. False as `sleep` gives it. */
  async #awaitNews(): Promise<boolean> {
    if (!(await this.sleep(this.#lookEveryMs))) return false;
    await this.lookWhileIdle();
    // What could not be saved as it began to wait: whoever is to answer must find that it waits.
    if (this.#sees && this.#session.isBehind) await this.#session.save();
    return !this.#interruption.any.aborted;
  }

  /** Whether what people ask could be seen when it was last looked at. */
  get sees(): boolean {
    return this.#sees;
  }

  async look(): Promise<void> {
    this.#sees = false;
    try {
      await this.#session.look();
      this.#sees = true;
    } catch (error) {
      // What cannot be seen now is seen later; that the experiment was deleted is found out by the next save.
      if (error instanceof NotFoundError) this.#deleted = error;
      else if (!(error instanceof UnavailableError)) throw error;
    }
  }

  /** Nothing is saved while it waits: that the experiment was deleted would be found out when that is over. @throws NotFoundError */
  async lookWhileIdle(): Promise<void> {
    await this.look();
    if (this.#deleted !== undefined) throw this.#deleted;
  }

  /** Does what saves nothing while it lasts, such as a script, and looks meanwhile: it may be to be aborted. */
  async whileLooking<T>(work: () => Promise<T>): Promise<T> {
    const over = new AbortController();
    const looked = this.#lookUntil(over.signal);
    try {
      return await work();
    } finally {
      over.abort();
      await looked;
    }
  }

  async #lookUntil(over: AbortSignal): Promise<void> {
    const { clock } = this.#session;
    while (!over.aborted && !this.#interruption.any.aborted) {
      try {
        await this.look();
      } catch (error) {
        // Whatever keeps it from being seen is found by the next save.
        if (!(error instanceof Iter8Error)) throw error;
      }
      if (!over.aborted) await clock.sleep(this.#lookEveryMs, over).catch(() => undefined);
    }
  }

  /** Before something begins: waits while it is paused, and for a place. False when it was interrupted, or is to be aborted. */
  async mayGoOn(): Promise<boolean> {
    // It may be paused while it waits for a place.
    do if (!(await this.#passPause()) || !(await this.#awaitPlace())) return false;
    while (this.#isPaused);
    return true;
  }

  /** A gate under which a driver ended: it goes on waiting, with its time, whoever pauses meanwhile. What is behind it is held. */
  get #waitsAtGate(): boolean {
    return this.#session.record.waiting?.kind === 'gate';
  }

  get #isPaused(): boolean {
    return pauseIn(this.#session.annotations) !== undefined && !this.#waitsAtGate;
  }

  /** Waits until it is resumed. False as `sleep` gives it. */
  async #passPause(): Promise<boolean> {
    const session = this.#session;
    const pause = pauseIn(session.annotations);
    if (this.#interruption.any.aborted) return false;
    if (this.#waitsAtGate) return true;
    if (pause === undefined) {
      // Of a driver that ended while it was paused.
      if (session.record.waiting?.kind === 'pause') this.#resume();
      return true;
    }
    if (session.record.waiting?.kind !== 'pause') {
      const since = timestamp(session.time.now());
      session.changeRecord((record) => ({ ...record, waiting: { kind: 'pause', since, by: pause.by } }));
      await session.save();
      session.emit({ kind: 'waiting', text: `paused${byText(pause)}; go on with: ${this.typed('resume')}` });
    }
    await session.save();
    const isResumed = await this.awaitPerson(() => (this.#isPaused ? undefined : true));
    if (isResumed === undefined) return false;
    this.#resume();
    await session.save();
    return true;
  }

  /** What a person says, looked at again and again until it is said. Undefined when it was interrupted, or is to be aborted. */
  async awaitPerson<T>(said: () => T | undefined): Promise<T | undefined> {
    this.#place.rest();
    for (;;) {
      const answer = said();
      if (answer !== undefined) return answer;
      if (!(await this.#awaitNews())) return undefined;
    }
  }

  /** Waits until it has one, or is paused. False as `sleep` gives it. */
  async #awaitPlace(): Promise<boolean> {
    for (let isSaid = false; !this.#isPaused && !this.#place.mayWork(); isSaid = true) {
      if (!isSaid) this.#session.emit({ kind: 'waiting', text: 'waits for a place among the experiments that work' });
      if (!(await this.#awaitNews())) return false;
    }
    return !this.#interruption.any.aborted;
  }

  /** Iterations that would have been due while it was paused are not made up for. */
  #resume(): void {
    const session = this.#session;
    const { since } = session.record.waiting!;
    const pausedMs = Math.max(0, session.time.now() - Date.parse(since));
    const hasStarted = session.status.startTime !== undefined;
    session.changeRecord(({ waiting: _1, ...record }) => ({
      ...record,
      ...(hasStarted ? { pausedMs: (record.pausedMs ?? 0) + pausedMs } : {}),
    }));
    session.emit({ kind: 'answered', text: `resumed${byText(resumeIn(session.annotations))}` });
  }

  #notice(): void {
    const abort = this.#isBegun ? abortIn(this.#session.annotations) : undefined;
    if (abort !== undefined) this.#interruption.abort(`aborted${byText(abort)}`);
  }
}
