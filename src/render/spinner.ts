/** A line that moves while something is waited for and no live view is there. On terminals only. Home of ora. */
import type { Ora } from 'ora';
import type { OutputStream } from '../io.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { cutToWidth } from '../text/width.ts';

export interface Spinner {
  /** Another text from now on. */
  say(text: string): void;
  stop(): void;
}

export interface SpinnerOptions {
  readonly output: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What takes no longer needs no explanation, and does not load what draws it. */
const SHOWN_AFTER_MS = 500;
const ROOM_FOR_SYMBOL = 4;

/** Nothing is shown, and nothing loaded, where nobody looks. */
export function startSpinner(text: string, { output, env }: SpinnerOptions, afterMs = SHOWN_AFTER_MS): Spinner {
  if (!output.isTTY || env['TERM'] === 'dumb') return { say: () => undefined, stop: () => undefined };
  let spinner: Ora | undefined;
  let isStopped = false;
  let shown = text;
  const line = () => cutToWidth(sanitizeLine(shown), (output.columns ?? 80) - ROOM_FOR_SYMBOL);
  const start = async () => {
    const { default: ora } = await import('ora');
    if (isStopped) return;
    spinner = ora({
      text: line(),
      stream: terminalOf(output),
      color: false,
      // Both would have to be undone by a process that is killed.
      hideCursor: false,
      discardStdin: false,
      isEnabled: true,
    }).start();
  };
  const timer = setTimeout(() => void start().catch(() => undefined), afterMs);
  return {
    say: (next) => {
      shown = next;
      if (spinner !== undefined) spinner.text = line();
    },
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      spinner?.stop();
      spinner = undefined;
    },
  };
}

export async function whileWaiting<T>(text: string, options: SpinnerOptions, work: () => Promise<T>): Promise<T> {
  const spinner = startSpinner(text, options);
  try {
    return await work();
  } finally {
    spinner.stop();
  }
}

/** As much of a terminal's stream as ora uses. */
function terminalOf(output: OutputStream): NodeJS.WritableStream {
  const terminal = {
    isTTY: true,
    get columns() {
      return output.columns;
    },
    get rows() {
      return output.rows;
    },
    write: (text: string) => {
      output.write(text);
      return true;
    },
    cursorTo: (column: number) => output.write(`\u001b[${column + 1}G`),
    moveCursor: (_: number, lines: number) => output.write(`\u001b[${-lines}A`),
    clearLine: () => output.write('\u001b[2K'),
  };
  return terminal as unknown as NodeJS.WritableStream;
}
