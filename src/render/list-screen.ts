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
  /** `rows`: asked when the table is drawn; `isWhole`: these are all that there are. */
  show(rows: () => readonly ListRow[], how: { readonly isWhole: boolean }): void;
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
  let isAll = false;
  const screen = redrawnFrame({
    ...options,
    lines: ({ columns, rows }) => {
      if (rowsNow === undefined) return undefined;
      const known = rowsNow();
      // A list that is soon complete does not flicker; a long one is shown as soon as it fills the screen.
      if (!isAll && known.length < rows) return undefined;
      const shown = known.slice(0, rows);
      const text = renderList(shown, { theme, namespace: namespace(), now: clock.now(), columns });
      const lines = text.split('\n');
      if (!isAll)
        lines.unshift(cutToWidth(`listing, ${formatCounted(known.length, 'experiment')} so far ...`, columns));
      return cutToRows(lines, rows, (count) =>
        cutToWidth(`... ${formatCounted(count + known.length - shown.length, 'more line')}`, columns),
      );
    },
  });
  const ticking = setInterval(() => screen.drawSoon(), TICK_MS);
  return {
    show: (rows, { isWhole }) => {
      rowsNow = rows;
      isAll = isWhole;
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
