/**
 * Why a drive has to end before the experiment does: one place for the user's stop and kill, and for locks that are lost. Passed
 * to every task, and looked at between all steps.
 */
import { whenAborted } from '../io.ts';
import type { HeldLock } from './ports.ts';

export interface InterruptionSources {
  /** First Ctrl-C: drain, judge, save, return. */
  readonly stop: AbortSignal;
  /** A second Ctrl-C: end now; what is under way counts as unresolved. */
  readonly kill?: AbortSignal | undefined;
  /** The lock of the experiment is lost: somebody else drives it, nothing more is stored. */
  readonly lost?: AbortSignal | undefined;
}

export class Interruption {
  /** Aborted by whatever ends the drive: nothing new begins. */
  readonly any: AbortSignal;
  /** Aborted when nothing may be waited for either. */
  readonly now: AbortSignal;
  /** Aborted when a lock is lost: somebody else may do the same work. */
  readonly lost: AbortSignal;
  readonly #stop: AbortSignal;
  readonly #targetLost = new AbortController();
  readonly #aborted = new AbortController();

  constructor({ stop, kill, lost }: InterruptionSources) {
    this.lost = AbortSignal.any([this.#targetLost.signal, ...(lost === undefined ? [] : [lost])]);
    this.now = AbortSignal.any([this.lost, ...(kill === undefined ? [] : [kill])]);
    this.#stop = stop;
    this.any = AbortSignal.any([stop, this.now, this.#aborted.signal]);
  }

  /** Somebody wants the experiment to end. `text` says who. */
  abort(text: string): void {
    this.#aborted.abort(text);
  }

  /** Who wants it to end; undefined when nobody does. */
  get abortedBy(): string | undefined {
    return this.#aborted.signal.aborted ? String(this.#aborted.signal.reason) : undefined;
  }

  /** Ended from outside, while nobody else may do the same work. */
  get isOnlyStopped(): boolean {
    return this.#stop.aborted && !this.lost.aborted;
  }

  /** Somebody else works on the target now. */
  get isTargetLost(): boolean {
    return this.#targetLost.signal.aborted;
  }

  /** From now on the loss of this lock on the target counts, too. */
  watchTarget({ lost }: HeldLock): void {
    whenAborted(lost, () => this.#targetLost.abort(lost.reason));
  }

  /** False when it was interrupted before the work was done. @throws what the work throws otherwise */
  async completes(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    if (this.any.aborted) return false;
    try {
      await work(this.any);
      return true;
    } catch (error) {
      if (this.any.aborted) return false;
      throw error;
    }
  }
}
