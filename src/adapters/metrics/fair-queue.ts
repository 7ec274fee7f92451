/**
 * Work that is done one after another, for many owners: of those who wait, the one that has taken least time comes next. So whoever has
 * a lot of slow work waits for itself, and everybody else for one piece of it at most.
 */
export class FairQueue {
  readonly #usedMs = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();
  #running: string | undefined;

  async run<T>(owner: string, work: () => Promise<T>): Promise<T> {
    this.#level(owner);
    if (this.#running !== undefined) await this.#turn(owner);
    this.#running = owner;
    const sinceMs = performance.now();
    try {
      return await work();
    } finally {
      this.#usedMs.set(owner, this.#used(owner) + performance.now() - sinceMs);
      this.#next();
    }
  }

  /** Whoever comes begins level with those who are there at best: time in which it asked for nothing gives it no turn. */
  #level(owner: string): void {
    const present = [...this.#waiting.keys(), ...(this.#running === undefined ? [] : [this.#running])];
    if (present.length === 0 || present.includes(owner)) return;
    this.#usedMs.set(owner, Math.max(this.#used(owner), Math.min(...present.map(this.#used))));
  }

  #turn(owner: string): Promise<void> {
    return new Promise((begin) => {
      const line = this.#waiting.get(owner);
      if (line === undefined) this.#waiting.set(owner, [begin]);
      else line.push(begin);
    });
  }

  /** It stays busy: nobody gets in between. */
  #next(): void {
    const owners = [...this.#waiting.keys()];
    if (owners.length === 0) {
      this.#running = undefined;
      this.#usedMs.clear();
      return;
    }
    const owner = owners.reduce((least, one) => (this.#used(one) < this.#used(least) ? one : least));
    const [begin, ...others] = this.#waiting.get(owner)!;
    if (others.length === 0) this.#waiting.delete(owner);
    else this.#waiting.set(owner, others);
    begin!();
  }

  readonly #used = (owner: string): number => this.#usedMs.get(owner) ?? 0;
}
