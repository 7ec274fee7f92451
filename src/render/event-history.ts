/** What happened, line by line: for `debug`. */
import { sanitizeLine } from '../text/sanitize.ts';
import { wrap } from '../text/wrap.ts';
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
  const title = `${sanitizeLine(of.name)} (${sanitizeLine(of.namespace)})`;
  if (lines.length === 0) return `${title}: nothing is recorded, and there are no events`;
  return [title, ...lines.map((line) => rendered(line, options))].join('\n');
}

function rendered(
  { time, priority, text }: StoryLine,
  { theme, columns }: { readonly theme: Theme; readonly columns?: number | undefined },
): string {
  const at = Number.isNaN(Date.parse(time)) ? '-'.padEnd(20) : `${new Date(time).toISOString().slice(0, 19)}Z`;
  const start = `${at}  ${priority}  `;
  const clean = sanitizeLine(text);
  const shown =
    columns === undefined
      ? clean
      : wrap(clean, { columns: Math.max(20, columns - start.length) }).join(`\n${' '.repeat(start.length)}`);
  return `${theme.dim(start)}${priority === 1 ? theme.strong(shown) : shown}`;
}
