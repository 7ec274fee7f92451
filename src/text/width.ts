/** How many columns a text takes on a terminal, and cutting and padding to a number of them. Home of string-width. */
import stringWidth from 'string-width';

/** Most texts: a column for each character, and no need to look further. */
const PLAIN = /^[ -~]*$/;

/** Columns of a line: wide characters and emoji take two, combining and invisible ones none, colours none. */
export function displayWidth(line: string): number {
  return PLAIN.test(line) ? line.length : stringWidth(line);
}

let segmenter: Intl.Segmenter | undefined;

/** What people take for one character: a letter with its accents, an emoji of several parts. */
function characters(text: string): string[] {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/**
 * The line itself when it fits, otherwise as much of its beginning as fits with `mark` at the end. Never wider than
 * `columns`, never half a character. For text without colours.
 */
export function cutToWidth(line: string, columns: number, mark = '…'): string {
  if (displayWidth(line) <= columns) return line;
  const room = columns - displayWidth(mark);
  if (room < 0) return cutToWidth(mark, Math.max(0, columns), '');
  if (PLAIN.test(line)) return line.slice(0, room) + mark;
  let kept = '';
  let used = 0;
  for (const character of characters(line)) {
    used += displayWidth(character);
    if (used > room) break;
    kept += character;
  }
  return kept + mark;
}

/** The line with spaces behind it (or before it) up to a width; a wider line stays as it is. */
export function padToWidth(line: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, columns - displayWidth(line)));
  return align === 'left' ? line + spaces : spaces + line;
}
