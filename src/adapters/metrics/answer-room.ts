/**
 * Memory for the answers of backends that are being read, for many owners: nobody takes more than half of what the others leave, so
 * that there is room for whoever comes next.
 */
import { formatCount } from '../../text/units.ts';
import { AnswerError } from '../http/dispatcher.ts';

const MB = 1024 * 1024;
const MOST_BYTES = 256 * MB;

/** The room of one answer. */
export interface Seat {
  /** @throws AnswerError */
  readonly take: (bytes: number) => void;
  /** It is not needed any more. */
  readonly leave: () => void;
}

export class AnswerRoom {
  readonly #mostBytes: number;
  readonly #taken = new Map<string, number>();

  constructor(mostBytes: number = MOST_BYTES) {
    this.#mostBytes = mostBytes;
  }

  open(owner: string): Seat {
    let own = 0;
    return {
      take: (bytes) => {
        const most = this.#mostOf(owner);
        if (this.#of(owner) + bytes > most)
          throw new AnswerError(
            `the answers that are read for namespace ${owner} at once have more than ${formatCount(Math.floor(most / MB))} MB in all: measure fewer metrics, or select fewer series`,
          );
        own += bytes;
        this.#change(owner, bytes);
      },
      leave: () => {
        this.#change(owner, -own);
        own = 0;
      },
    };
  }

  readonly #of = (owner: string): number => this.#taken.get(owner) ?? 0;

  #mostOf(owner: string): number {
    const all = [...this.#taken.values()].reduce((sum, bytes) => sum + bytes, 0);
    return (this.#mostBytes - (all - this.#of(owner))) / 2;
  }

  #change(owner: string, bytes: number): void {
    const now = this.#of(owner) + bytes;
    if (now > 0) this.#taken.set(owner, now);
    else this.#taken.delete(owner);
  }
}
