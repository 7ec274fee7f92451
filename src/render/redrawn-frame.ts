/** Lines at the end of a terminal that are drawn again in place, at most every 100 ms, and erased without debris. */
import type { Clock, OutputStream } from '../io.ts';
import { displayWidth } from '../text/width.ts';
import { wrapAroundCommands } from '../text/wrap.ts';

export interface RedrawnFrame {
  /** Draws soon: at once when the last time is long enough ago. */
  drawSoon(): void;
  drawNow(): void;
  /** A sentence that stays above the frame. */
  say(text: string): void;
  /** Erases the frame until `resume`, to leave the place to something else. */
  pause(): void;
  resume(): void;
  /** Erases the frame for good. */
  end(): void;
}

const FRAME_MS = 100;

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** `lines`: what is to be seen now; undefined: nothing yet. None of them wider than the terminal. */
export function redrawnFrame(options: {
  readonly output: OutputStream;
  readonly clock: Clock;
  readonly lines: (size: Size) => readonly string[] | undefined;
}): RedrawnFrame {
  const { output, clock, lines } = options;
  let drawn: readonly string[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let state: 'shown' | 'paused' | 'ended' = 'shown';
  const size = () => ({ columns: output.columns || 80, rows: output.rows || 24 });
  const stopTimer = () => {
    if (timer !== undefined) clearTimeout(timer);
    timer = undefined;
  };
  const erase = () => {
    if (drawn.length === 0) return '';
    // A terminal that became narrower has broken the lines: they take more rows than there were lines.
    const { columns, rows } = size();
    const taken = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(displayWidth(line) / columns)), 0);
    drawn = [];
    const up = Math.min(taken, rows) - 1;
    return `\r${up > 0 ? `\u001b[${up}A` : ''}\u001b[J`;
  };
  const drawNow = () => {
    if (state !== 'shown') return;
    stopTimer();
    const now = lines(size());
    if (now === undefined) return;
    lastMs = clock.monotonicMs();
    output.write(`${erase()}${now.join('\n')}`);
    drawn = now;
  };
  const drawSoon = () => {
    if (state !== 'shown' || timer !== undefined) return;
    const wait = FRAME_MS - (clock.monotonicMs() - lastMs);
    if (wait <= 0) drawNow();
    else timer = setTimeout(drawNow, wait);
  };
  const leave = (next: 'paused' | 'ended') => {
    if (state === 'ended') return;
    state = next;
    stopTimer();
    output.write(erase());
  };
  return {
    drawNow,
    drawSoon,
    say: (text) => {
      const lines = wrapAroundCommands(text, { columns: size().columns, rest: '  ' });
      output.write(`${erase()}${lines.join('\n')}\n`);
      drawNow();
    },
    pause: () => leave('paused'),
    resume: () => {
      if (state !== 'paused') return;
      state = 'shown';
      drawSoon();
    },
    end: () => leave('ended'),
  };
}

/** As many lines as fit, and how many more there are. */
export function cutToRows(lines: readonly string[], rows: number, more: (count: number) => string): readonly string[] {
  const room = Math.max(3, rows - 1);
  return lines.length <= room ? lines : [...lines.slice(0, room - 1), more(lines.length - room + 1)];
}
