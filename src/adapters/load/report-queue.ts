/** Hands over what is pushed, in order, to one reader who takes it when it can. */

export class ReportQueue<T> implements AsyncIterable<T> {
  readonly #ready: T[] = [];
  #waiting: { resolve: (result: IteratorResult<T>) => void; reject: (error: Error) => void } | undefined;
  #error: Error | undefined;
  #isOver = false;

  push(value: T): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#ready.push(value);
    else waiting.resolve({ value, done: false });
  }

  /** Nothing comes any more. */
  end(): void {
    this.#isOver = true;
    this.#waiting?.resolve({ value: undefined, done: true });
  }

  /** The reader gets this error after what is still to be taken. */
  fail(error: Error): void {
    this.#error = error;
    this.#waiting?.reject(error);
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return { next: () => this.#next() };
  }

  #next(): Promise<IteratorResult<T>> {
    const value = this.#ready.shift();
    if (value !== undefined) return Promise.resolve({ value, done: false });
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#isOver) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }
}
