/**
 * How many columns a text takes on a terminal, and cutting and padding to a number of them.
 *
 * The same answers as string-width 8.3.0 (tested against it), but nothing is made before it is needed: importing that
 * package and asking it about one check mark costs over 40 ms, about as much as all the rest of `describe`.
 */
import { stripVTControlCharacters } from 'node:util';
import { isPrintableAscii } from './sanitize.ts';
import { WIDE_RANGES } from './wide-ranges.ts';

/** ASCII, European letters, punctuation, arrows, frames, blocks and the symbols that we use: a column for each. */
const NARROW =
  /^[ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0373\u0391-\u03a1\u03a3-\u0482\u2010-\u2027\u2030-\u203b\u2190-\u2193\u2248\u2264\u2265\u2500-\u25a1\u25cf\u2713\u2714\u2716\u2717]*$/;

/** Columns of a line: wide characters and emoji take two, combining and invisible ones none, colours none. */
export function displayWidth(line: string): number {
  if (isPrintableAscii(line)) return line.length;
  const text = line.includes('\u001b') || line.includes('\u009b') ? stripVTControlCharacters(line) : line;
  if (NARROW.test(text)) return text.length;
  let columns = 0;
  for (const cluster of clusters(text)) columns += clusterWidth(cluster);
  return columns;
}

/**
 * The line itself when it fits, otherwise as much of its beginning as fits with `mark` at the end. Never wider than
 * `columns`, never half a character. For text without colours.
 */
export function cutToWidth(line: string, columns: number, mark = '…'): string {
  if (displayWidth(line) <= columns) return line;
  const room = columns - displayWidth(mark);
  if (room < 0) return cutToWidth(mark, Math.max(0, columns), '');
  if (NARROW.test(line)) return line.slice(0, room) + mark;
  let kept = '';
  let used = 0;
  for (const cluster of clusters(line)) {
    used += clusterWidth(cluster);
    if (used > room) break;
    kept += cluster;
  }
  return kept + mark;
}

/**
 * The line itself when it fits, otherwise its beginning and its end with `…` between them: of names the end is what differs,
 * so it gets the larger part. Never wider than `columns`, never half a character. For text without colours.
 */
export function cutMiddle(line: string, columns: number): string {
  if (displayWidth(line) <= columns) return line;
  if (columns < 3) return cutToWidth(line, columns);
  const head = cutToWidth(line, Math.floor((columns - 1) / 3), '');
  let tail = '';
  let left = columns - 1 - displayWidth(head);
  for (const cluster of clusters(line).toReversed()) {
    left -= clusterWidth(cluster);
    if (left < 0) break;
    tail = cluster + tail;
  }
  return `${head}…${tail}`;
}

/** The line with spaces behind it up to a width; a wider line stays as it is. */
export function padToWidth(line: string, columns: number): string {
  return line + ' '.repeat(Math.max(0, columns - displayWidth(line)));
}

let segmenter: Intl.Segmenter | undefined;

/** What people take for one character: a letter with its accents, an emoji of several parts. */
function clusters(text: string): string[] {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

// Made when first asked about: a set of characters by their properties takes a millisecond, and most texts need none.
let visibleCharacter: RegExp | undefined;
let spacingMark: RegExp | undefined;

function isVisible(character: string): boolean {
  visibleCharacter ??= /[^\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Mn}\p{Me}\p{Cs}]/u;
  return visibleCharacter.test(character);
}

function isSpacingMark(character: string): boolean {
  spacingMark ??= /\p{Mc}/u;
  return spacingMark.test(character);
}

function clusterWidth(cluster: string): number {
  const characters = Array.from(cluster);
  const first = characters.findIndex(isVisible);
  if (first < 0) return 0;
  if (isEmoji(cluster)) return 2;
  const visible = characters.slice(first);
  const jamo = jamoWidth(visible.filter(isVisible).map(codeOf));
  if (jamo !== undefined) return jamo;
  // What follows the first character is drawn over it, but for spacing marks and half-width or full-width forms.
  const besides = visible
    .slice(1)
    .filter((character) => isSpacingMark(character) || (character >= '\uff00' && character <= '\uffef'));
  return [visible[0]!, ...besides].reduce((columns, character) => columns + codeWidth(codeOf(character)), 0);
}

function codeOf(character: string): number {
  return character.codePointAt(0)!;
}

let rgiEmoji: RegExp | undefined;

/** Emoji of all kinds; a single one that is text by default only with its variation selector, or in a sequence. */
function isEmoji(cluster: string): boolean {
  if (!/[\p{Extended_Pictographic}\p{Regional_Indicator}\u20e3]/u.test(cluster)) return false;
  if (/^[\d#*]\u20e3$/.test(cluster)) return true;
  // Longer than any emoji. Joined ones count even where a selector is missing that the standard asks for.
  if (
    cluster.length <= 50 &&
    cluster.includes('\u200d') &&
    (cluster.match(/\p{Extended_Pictographic}/gu)?.length ?? 0) >= 2
  )
    return true;
  rgiEmoji ??= new RegExp('^\\p{RGI_Emoji}$', 'v');
  return rgiEmoji.test(cluster);
}

const within = (low: number, high: number) => (code: number | undefined) =>
  code !== undefined && code >= low && code <= high;
const isLeading = (code: number | undefined) => within(0x1100, 0x115f)(code) || within(0xa960, 0xa97c)(code);
const isVowel = (code: number | undefined) => within(0x1160, 0x11a7)(code) || within(0xd7b0, 0xd7c6)(code);
const isTrailing = (code: number | undefined) => within(0x11a8, 0x11ff)(code) || within(0xd7cb, 0xd7fb)(code);

/** Parts of Korean syllables: a leading part with a vowel (and a trailing part) is one syllable. Undefined for other text. */
function jamoWidth(codes: readonly number[]): number | undefined {
  let columns = 0;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    if (!isLeading(code) && !isVowel(code) && !isTrailing(code)) {
      if (columns === 0) return undefined;
      return codes.slice(at).reduce((sum, rest) => sum + codeWidth(rest), columns);
    }
    if (isLeading(code) && isVowel(codes[at + 1])) {
      columns += 2;
      at += isTrailing(codes[at + 2]) ? 2 : 1;
    } else columns += codeWidth(code);
  }
  return columns;
}

let wideStarts: number[] | undefined;
let wideEnds: number[] = [];

/** One or two columns, by the East Asian Width of a code point; ambiguous ones are narrow. */
function codeWidth(code: number): 1 | 2 {
  if (wideStarts === undefined) {
    const ranges = WIDE_RANGES.split(' ').map((range) => range.split('-').map((digits) => Number.parseInt(digits, 36)));
    wideStarts = ranges.map(([start]) => start!);
    wideEnds = ranges.map(([start, end]) => end ?? start!);
  }
  let low = 0;
  let high = wideStarts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (wideStarts[middle]! <= code) low = middle + 1;
    else high = middle;
  }
  return low > 0 && code <= wideEnds[low - 1]! ? 2 : 1;
}
