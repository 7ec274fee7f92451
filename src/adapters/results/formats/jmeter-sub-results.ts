/**
 * Rows of JMeter's CSV that are parts of the request before them: the hops of a redirect, what a page embeds.
 *
 * Source: Apache JMeter User's Manual, "Properties Reference" (jmeter.save.saveservice.subresults, subresults.disable_renaming), and files
 * that JMeter 5.6.3 wrote: behind the row of `home` stand those of `home-0`, `home-1`, parts of `home-0` being `home-0-0`. They are in its
 * time, and what they say is in its row too: to count them would make errors rarer than they are.
 */
import type { Timed } from './jmeter-transactions.ts';

/** Starts and ends are whole ms. */
const ROUNDED_MS = 1;

interface Around {
  readonly label: string;
  readonly thread: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
  /** The number of its next part. */
  next: number;
}

export class SubResults {
  /** The request of the row before, and the part of it that row was. */
  #around: Around[] = [];

  isPart(label: string, { thread, startMs, elapsedMs }: Timed): boolean {
    const endMs = startMs + elapsedMs;
    const own = { label, thread, startMs, endMs, next: 0 };
    for (let at = this.#around.length - 1; at >= 0; at -= 1) {
      const one = this.#around[at]!;
      const isInside = startMs >= one.startMs - ROUNDED_MS && endMs <= one.endMs + ROUNDED_MS;
      if (one.thread !== thread || label !== `${one.label}-${one.next}` || !isInside) continue;
      one.next += 1;
      this.#around = [...this.#around.slice(0, at + 1), own];
      return true;
    }
    this.#around = [own];
    return false;
  }
}
