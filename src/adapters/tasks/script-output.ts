/** What a script prints: lines without secrets, of a bounded length, up to a bounded whole. */
import { StringDecoder } from 'node:string_decoder';
import { redact } from '../../text/redact.ts';

export const MAX_OUTPUT_BYTES = 1_048_576;
const MAX_LINES = 10_000;
const MAX_LINE = 8_192;

export interface ScriptOutput {
  add(chunk: Uint8Array): void;
  /** Nothing more comes. */
  end(): void;
}

export interface OutputListener {
  /** A line; not sanitised. */
  readonly onLine: (line: string) => void;
  readonly secrets: readonly string[];
}

/** Counts all streams of one script together. */
export class OutputBudget {
  #bytes = MAX_OUTPUT_BYTES;
  #lines = MAX_LINES;

  takeBytes(length: number): void {
    this.#bytes -= length;
  }

  takeLine(): void {
    this.#lines -= 1;
  }

  get isUsedUp(): boolean {
    return this.#bytes <= 0 || this.#lines <= 0;
  }
}

/** One stream. What goes beyond the bounds is read, so that the script does not wait for us, and dropped. */
export function scriptOutput({ onLine, secrets }: OutputListener, budget: OutputBudget): ScriptOutput {
  const decoder = new StringDecoder('utf8');
  // The end of a line that is cut may be the beginning of a secret, which nothing recognises: it is not shown.
  const longestSecret = 6 * Math.max(0, ...secrets.map((secret) => secret.length));
  const kept = MAX_LINE + longestSecret;
  let line = '';
  let isOver = false;
  const report = () => {
    const isCut = line.length >= kept;
    const clean = redact(line, secrets).replace(/\r$/, '');
    line = '';
    const sure = isCut ? clean.slice(0, Math.max(0, clean.length - longestSecret)) : clean;
    onLine(isCut || sure.length > MAX_LINE ? `${sure.slice(0, MAX_LINE)} ... (the line is longer)` : sure);
  };
  const addText = (text: string) => {
    const parts = text.split('\n');
    for (const [index, part] of parts.entries()) {
      if (line.length < kept) line += part.slice(0, kept - line.length);
      if (index === parts.length - 1) return;
      report();
      budget.takeLine();
      if (budget.isUsedUp) return;
    }
  };
  return {
    add: (chunk) => {
      if (isOver || budget.isUsedUp) {
        isOver = true;
        return;
      }
      budget.takeBytes(chunk.length);
      addText(decoder.write(chunk));
      if (!budget.isUsedUp) return;
      isOver = true;
      onLine('(it prints more than 1 MiB or 10,000 lines: the rest is left out)');
    },
    end: () => {
      if (!isOver && line !== '') report();
    },
  };
}
