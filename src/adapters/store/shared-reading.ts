/**
 * One reading for all who ask for the same meanwhile: fifty experiments that begin together look at a list of thousands once or
 * twice, not fifty times at once.
 */

interface Turn<T> {
  readonly answer: Promise<T>;
  /** Nobody waits for it any more. */
  readonly unwanted: AbortController;
  askers: number;
}

/**
 * An answer was always begun after the question: who asks while one is being read gets the next one, with all others who do. So
 * there is one at a time. It ends early when all who wait for it have gone.
 */
export class SharedReading<T> {
  readonly #read: (signal: AbortSignal) => Promise<T>;
  /** Not begun yet: whoever asks now takes part in it. */
  #next: Turn<T> | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(read: (signal: AbortSignal) => Promise<T>) {
    this.#read = read;
  }

  /** Rejects as the reading does, or with the reason of this signal. */
  ask(signal?: AbortSignal): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    const turn = (this.#next ??= this.#begin());
    turn.askers += 1;
    return new Promise((resolve, reject) => {
      const leave = () => {
        turn.askers -= 1;
        if (turn.askers > 0) return;
        turn.unwanted.abort();
        if (this.#next === turn) this.#next = undefined;
      };
      const onAbort = () => {
        leave();
        reject(signal!.reason as Error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      turn.answer.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort));
    });
  }

  #begin(): Turn<T> {
    const unwanted = new AbortController();
    const answer = this.#last.then(() => {
      if (this.#next === turn) this.#next = undefined;
      unwanted.signal.throwIfAborted();
      return this.#read(unwanted.signal);
    });
    const turn: Turn<T> = { answer, unwanted, askers: 0 };
    this.#last = answer.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }
}
