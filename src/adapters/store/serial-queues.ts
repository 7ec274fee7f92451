/** Runs what concerns the same key one after the other, in the order of the calls. Other keys do not wait. */
export class SerialQueues {
  readonly #tails = new Map<string, Promise<void>>();

  /** Result or error of `work`. An error does not keep those behind it from running. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#tails.get(key) ?? Promise.resolve()).then(work);
    const tail = result.then(
      () => undefined,
      () => undefined,
    );
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key); // so that the map does not grow
    }
  }
}
