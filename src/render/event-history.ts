/** What happened, line by line: for `debug`. */
import { sanitizeLine } from '../text/sanitize.ts';
import { wrap, wrapFacts } from '../text/wrap.ts';
import { isNarrow } from './narrow.ts';
import type { Theme } from './theme.ts';

export interface StoryLine {
  /** RFC 3339. */
  readonly time: string;
  readonly priority: 1 | 2 | 3;
  readonly text: string;
  readonly source: 'record' | 'condition' | 'event';
}

export function renderStory(
  of: { readonly namespace: string; readonly name: string },
  lines: readonly StoryLine[],
  options: { readonly theme: Theme; readonly columns?: number | undefined },
): string {
  const { columns = Number.POSITIVE_INFINITY } = options;
  const title = (rest: string) =>
    wrap(`${sanitizeLine(of.name)} (${sanitizeLine(of.namespace)})${rest}`, { columns, rest: '  ' });
  if (lines.length === 0) return title(': nothing is recorded, and there are no events').join('\n');
  return [...title(''), ...lines.map((line) => rendered(line, options))].join('\n');
}

function rendered(
  { time, priority, text }: StoryLine,
  { theme, columns }: { readonly theme: Theme; readonly columns?: number | undefined },
): string {
  const at = Number.isNaN(Date.parse(time)) ? '-'.padEnd(20) : `${new Date(time).toISOString().slice(0, 19)}Z`;
  const start = `${at}  ${priority}`;
  const shown = (line: string) => (priority === 1 ? theme.strong(line) : line);
  const clean = sanitizeLine(text);
  if (columns === undefined) return `${theme.dim(`${start}  `)}${shown(clean)}`;
  if (isNarrow(columns))
    return [
      ...wrapFacts([at, String(priority)], { columns }).map(theme.dim),
      ...wrap(clean, { columns, first: '  ', rest: '  ' }).map(shown),
    ].join('\n');
  const indent = ' '.repeat(start.length + 2);
  return `${theme.dim(`${start}  `)}${wrap(clean, { columns: columns - indent.length })
    .map(shown)
    .join(`\n${indent}`)}`;
}
