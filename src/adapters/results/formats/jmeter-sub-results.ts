/**
 * Rows of JMeter's CSV that are parts of the request before them: the hops of a redirect, what a page embeds.
 *
 * Source: Apache JMeter User's Manual, "Properties Reference" (jmeter.save.saveservice.subresults, subresults.disable_renaming), and files
 * that JMeter 5.6.3 wrote: behind the row of `home` stand those of `home-0`, `home-1`, parts of `home-0` being `home-0-0`. They are in its
 * time, and what they say is in its row too: to count them would make errors rarer than they are.
 */
import { MOST_THREADS, ROUNDED_MS, type Timed } from './jmeter-transactions.ts';

interface Around {
  readonly label: string;
  readonly startMs: number;
  readonly endMs: number;
  /** The number of its next part. */
  next: number;
}

export class SubResults {
  /** By thread, its latest request, and the part of it that its latest row was: rows of other threads may stand between them. */
  readonly #around = new Map<string | undefined, Around[]>();

  isPart(label: string, { thread, startMs, elapsedMs }: Timed): boolean {
    const endMs = startMs + elapsedMs;
    const own = { label, startMs, endMs, next: 0 };
    const around = this.#around.get(thread) ?? [];
    for (let at = around.length - 1; at >= 0; at -= 1) {
      const one = around[at]!;
      const isInside = startMs >= one.startMs - ROUNDED_MS && endMs <= one.endMs + ROUNDED_MS;
      if (label !== `${one.label}-${one.next}` || !isInside) continue;
      one.next += 1;
      this.#keep(thread, [...around.slice(0, at + 1), own]);
      return true;
    }
    this.#keep(thread, [own]);
    return false;
  }

  #keep(thread: string | undefined, around: Around[]): void {
    this.#around.delete(thread);
    if (this.#around.size >= MOST_THREADS)
      for (const oldest of this.#around.keys()) {
        this.#around.delete(oldest);
        break;
      }
    this.#around.set(thread, around);
  }
}
