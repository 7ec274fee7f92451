/**
 * Whether the samples that JMeter's transactions are made of are in the file.
 *
 * Source: Apache JMeter User's Manual, "Transaction Controller": the transaction is an additional sample behind those of its thread, or,
 * with "Generate parent sample", the only one, with the others as its sub-results. JMeter 5.6 writes sub-results into CSV right behind
 * what they belong to, unless jmeter.save.saveservice.subresults is false (seen in its files). Numbers of samples cannot be added up to find that out: a
 * transaction counts those of the transactions in it too, and pauses, which are no samples. So each is looked at by itself.
 */
import { UsageError } from '../../../errors.ts';

export interface Timed {
  readonly thread: string | undefined;
  /** NaN: not known. */
  readonly startMs: number;
  readonly elapsedMs: number;
  /** Of a transaction, pauses that `elapsedMs` leaves out. */
  readonly idleMs?: number | undefined;
}

/** Starts and ends are whole ms. */
export const ROUNDED_MS = 1;
/** Threads may be many where each sends a few requests only. */
export const MOST_THREADS = 100_000;

/** How many samples a message says that the transaction has; undefined: it is no transaction. */
export function samplesOfTransaction(message: string): number | undefined {
  const match = /^Number of samples in transaction(?: : (\d+))?/.exec(message);
  return match === null ? undefined : Number(match[1] ?? 1);
}

export class TransactionParts {
  /** By thread, the latest sample that is no transaction. */
  readonly #latest = new Map<string, Pick<Timed, 'startMs' | 'elapsedMs'>>();
  /** By thread, transactions whose samples were not before them: they must come next. */
  readonly #open = new Map<string, { readonly startMs: number; readonly endMs: number }[]>();
  #hasFollowed = false;
  /** Without the names of threads there are only sums. */
  #samples = 0;
  #expected = 0;

  sample({ thread, startMs, elapsedMs }: Timed): void {
    this.#samples += 1;
    if (thread === undefined || thread === '') return;
    this.#checkOpen(thread, startMs);
    if (this.#open.delete(thread)) this.#hasFollowed = true;
    this.#latest.delete(thread);
    if (this.#latest.size >= MOST_THREADS)
      for (const oldest of this.#latest.keys()) {
        this.#latest.delete(oldest);
        break;
      }
    this.#latest.set(thread, { startMs, elapsedMs });
  }

  /** @throws UsageError when none of its samples stands before it, or behind the one before it */
  transaction(samples: number, { thread, startMs, elapsedMs, idleMs = 0 }: Timed): void {
    if (samples === 0 || Number.isNaN(startMs)) return;
    if (thread === undefined || thread === '') {
      this.#expected += samples;
      return;
    }
    this.#checkOpen(thread, startMs);
    const latest = this.#latest.get(thread);
    // Where its time is not known, it may be one.
    if (latest !== undefined && Number.isNaN(latest.startMs + latest.elapsedMs)) return;
    // What the thread sent before has ended when a transaction starts.
    const isBefore = latest !== undefined && (latest.startMs >= startMs || latest.startMs + latest.elapsedMs > startMs);
    if (isBefore) return;
    const open = this.#open.get(thread) ?? [];
    if (this.#open.size >= MOST_THREADS) throw absent();
    open.push({ startMs, endMs: startMs + elapsedMs + (Number.isNaN(idleMs) ? 0 : idleMs) });
    this.#open.set(thread, open);
  }

  /**
   * Gives why the last transaction cannot be read, where the file ends behind it.
   *
   * @throws UsageError when there are fewer samples than the transactions have
   */
  end(): string | undefined {
    if (this.#expected > this.#samples) throw absent();
    if (this.#open.size === 0) return undefined;
    if (!this.#hasFollowed) throw absent();
    return 'a transaction without its samples';
  }

  /** What comes next of the thread belongs to its open transactions, or they have none. */
  #checkOpen(thread: string, startMs: number): void {
    const open = this.#open.get(thread);
    if (open?.some((one) => !(startMs >= one.startMs && startMs <= one.endMs + ROUNDED_MS)) === true) throw absent();
  }
}

const absent = () =>
  new UsageError(
    'its transactions stand there without the samples they are made of: their latencies and errors are not known',
    {
      hint: 'turn "Generate parent sample" of the Transaction Controllers off, or let JMeter write XML with sub-results (jmeter.save.saveservice.output_format=xml, and subresults=true)',
    },
  );
