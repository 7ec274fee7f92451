/** `watch --all` on a terminal: one table that is drawn again in place, gone when it ends. */
import type { Clock, OutputStream } from '../io.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCounted } from '../text/units.ts';
import { cutToWidth } from '../text/width.ts';
import type { ListRow } from '../view/experiment-view.ts';
import { renderList } from './experiment-list.ts';
import { cutToRows, redrawnFrame } from './redrawn-frame.ts';
import type { Theme } from './theme.ts';

export interface ListScreen {
  /** `rows`: asked when the table is drawn. */
  show(rows: () => readonly ListRow[]): void;
  /** A sentence that stays above the table. */
  say(text: string): void;
  redraw(): void;
  end(): void;
}

/** Ages go on while nothing happens. */
const TICK_MS = 1_000;

export function createListScreen(options: {
  readonly output: OutputStream;
  readonly theme: Theme;
  readonly clock: Clock;
  /** Undefined: of all namespaces. */
  readonly namespace: () => string | undefined;
}): ListScreen {
  const { theme, clock, namespace } = options;
  let rowsNow: (() => readonly ListRow[]) | undefined;
  const screen = redrawnFrame({
    ...options,
    lines: ({ columns, rows }) => {
      if (rowsNow === undefined) return undefined;
      const text = renderList(rowsNow(), { theme, namespace: namespace(), now: clock.now(), columns });
      return cutToRows(text.split('\n'), rows, (count) =>
        cutToWidth(`... ${formatCounted(count, 'more line')}`, columns),
      );
    },
  });
  const ticking = setInterval(() => screen.drawSoon(), TICK_MS);
  return {
    show: (rows) => {
      rowsNow = rows;
      screen.drawSoon();
    },
    say: (text) => screen.say(sanitizeLine(text)),
    redraw: () => screen.drawNow(),
    end: () => {
      clearInterval(ticking);
      screen.end();
    },
  };
}
