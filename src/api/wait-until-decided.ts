/** Waits until experiments are decided: one watch for each experiment, however many wait for it; so many, and no more. */
import { messageOf, UnavailableError } from '../errors.ts';
import { hasEnded } from '../experiment/conditions.ts';
import { keyText, type Experiment, type ObjectKey } from '../experiment/experiment.ts';
import { knownJudgement } from '../judge/iter8-07/judge-recorded-object.ts';
import type { ExperimentStore } from '../drive/ports.ts';
import { timeLimit, type Clock } from '../io.ts';
import { busy } from './answer.ts';

interface Watched {
  readonly waiting: Set<(error?: unknown) => void>;
  readonly stop: AbortController;
}

/** That one request may ask for. */
export const LONGEST_WAIT_MS = 120_000;
const MOST_WATCHES = 32;
const MOST_WAITING = 96;

/** It has ended, or its verdict is known; a later look may still change that one. */
export const isSettled = (experiment: Experiment): boolean =>
  hasEnded(experiment) || knownJudgement(experiment).recommendation.verdict !== 'undecided';

export class Waits {
  readonly #store: Pick<ExperimentStore, 'watch'>;
  readonly #clock: Clock;
  readonly #most: { readonly watches: number; readonly waiting: number };
  readonly #watched = new Map<string, Watched>();
  #waiting = 0;

  constructor(
    store: Pick<ExperimentStore, 'watch'>,
    clock: Clock,
    most: { readonly watches: number; readonly waiting: number } = { watches: MOST_WATCHES, waiting: MOST_WAITING },
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#most = most;
  }

  /** Experiments that are watched now. */
  get watches(): number {
    return this.#watched.size;
  }

  /**
   * Resolves when it is settled or gone, when the time is over, or when nobody waits any more: look at it then.
   *
   * @throws RefusedError when too many wait already; UnavailableError when it cannot be watched
   */
  async until(key: ObjectKey, ms: number, gone: AbortSignal): Promise<void> {
    if (gone.aborted) return;
    const id = keyText(key);
    const isNew = !this.#watched.has(id);
    if (this.#waiting >= this.#most.waiting || (isNew && this.#watched.size >= this.#most.watches))
      throw busy('too many wait for experiments already: ask without wait, or again later');
    const watched = this.#watched.get(id) ?? this.#begin(key, id);
    const limit = timeLimit(this.#clock, ms);
    const over = AbortSignal.any([limit.signal, gone]);
    this.#waiting += 1;
    let end: ((error?: unknown) => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        end = (error) => (error === undefined ? resolve() : reject(error));
        watched.waiting.add(end);
        over.addEventListener('abort', () => resolve(), { once: true });
      });
    } finally {
      this.#waiting -= 1;
      limit.cancel();
      watched.waiting.delete(end!);
      if (watched.waiting.size === 0) this.#end(id, watched);
    }
  }

  /** Ends all watches; whoever waits is answered. */
  close(): void {
    for (const [id, watched] of this.#watched) {
      for (const end of watched.waiting) end();
      this.#end(id, watched);
    }
  }

  #begin(key: ObjectKey, id: string): Watched {
    const watched: Watched = { waiting: new Set(), stop: new AbortController() };
    this.#watched.set(id, watched);
    void this.#follow(key, id, watched);
    return watched;
  }

  #end(id: string, watched: Watched): void {
    if (this.#watched.get(id) === watched) this.#watched.delete(id);
    watched.stop.abort();
  }

  async #follow(key: ObjectKey, id: string, watched: Watched): Promise<void> {
    let isThere = false;
    const wake = (error?: unknown): void => {
      // A later caller starts another watch: this one may have ended, and what it has seen may be old.
      this.#end(id, watched);
      for (const end of watched.waiting) end(error);
    };
    try {
      for await (const event of this.#store.watch({ ...key, signal: watched.stop.signal })) {
        if (event.kind === 'added' || event.kind === 'modified') isThere = true;
        const isOver =
          event.kind === 'deleted' ||
          (event.kind === 'synced' && !isThere) ||
          ((event.kind === 'added' || event.kind === 'modified') && isSettled(event.object));
        if (isOver) break;
      }
      wake();
    } catch (error) {
      if (watched.stop.signal.aborted) return;
      wake(new UnavailableError(`experiment ${id} cannot be watched: ${messageOf(error)}`, { cause: error }));
    }
  }
}
