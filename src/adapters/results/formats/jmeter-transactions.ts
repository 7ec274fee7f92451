/**
 * Whether the samples that JMeter's transactions are made of are in the file.
 *
 * Source: Apache JMeter User's Manual, "Transaction Controller": the transaction is an additional sample behind those of its thread, or,
 * with "Generate parent sample", the only one that a CSV file gets. Numbers of samples cannot be added up to find that out: a
 * transaction counts those of the transactions in it too, and pauses, which are no samples. So each is looked at by itself.
 */
import { UsageError } from '../../../errors.ts';

export interface Timed {
  readonly thread: string | undefined;
  /** NaN: not known. */
  readonly startMs: number;
  readonly elapsedMs: number;
}

/** Threads may be many where each sends a few requests only. */
const MOST_THREADS = 100_000;

/** How many samples a message says that the transaction has; undefined: it is no transaction. */
export function samplesOfTransaction(message: string): number | undefined {
  const match = /^Number of samples in transaction(?: : (\d+))?/.exec(message);
  return match === null ? undefined : Number(match[1] ?? 1);
}

export class TransactionParts {
  /** By thread, the latest sample that is no transaction. */
  readonly #latest = new Map<string, Pick<Timed, 'startMs' | 'elapsedMs'>>();
  /** Without the names of threads there are only sums. */
  #samples = 0;
  #expected = 0;

  sample({ thread, startMs, elapsedMs }: Timed): void {
    this.#samples += 1;
    if (thread === undefined || thread === '') return;
    this.#latest.delete(thread);
    if (this.#latest.size >= MOST_THREADS)
      for (const oldest of this.#latest.keys()) {
        this.#latest.delete(oldest);
        break;
      }
    this.#latest.set(thread, { startMs, elapsedMs });
  }

  /** @throws UsageError when none of its samples stands before it */
  transaction(samples: number, { thread, startMs }: Timed): void {
    if (samples === 0 || Number.isNaN(startMs)) return;
    if (thread === undefined || thread === '') {
      this.#expected += samples;
      return;
    }
    const latest = this.#latest.get(thread);
    if (latest === undefined) throw absent();
    // Where its time is not known, it may be one.
    if (Number.isNaN(latest.startMs + latest.elapsedMs)) return;
    // What the thread sent before has ended when a transaction starts.
    if (latest.startMs < startMs && latest.startMs + latest.elapsedMs <= startMs) throw absent();
  }

  /** @throws UsageError when there are fewer samples than the transactions have */
  end(): void {
    if (this.#expected > this.#samples) throw absent();
  }
}

const absent = () =>
  new UsageError(
    'its transactions stand there without the samples they are made of: their latencies and errors are not known',
    {
      hint: 'turn "Generate parent sample" of the Transaction Controllers off, or let JMeter write XML with sub-results (jmeter.save.saveservice.output_format=xml, and subresults=true)',
    },
  );
