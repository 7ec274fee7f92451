/**
 * Breaks a line at spaces so that it fits a width, but not between a number and its unit, nor behind `<=` or within `n = 8`.
 * A word that does not fit behind its indent gets a line with less of it; one that is wider than the width is broken anywhere.
 */
import { redactUrls } from './redact.ts';
import { cutToWidth, displayWidth } from './width.ts';

const UNIT =
  '(?:%|ms|s|min|h|d|kB|MB|(?:more|data|planned)(?= )|requests?|answers?|errors?|iterations?|objectives?|versions?|pairs?|points?|problems?|lines?|times|minutes?|hours?|days?|seconds?)';
/** Spaces where a line may be broken: neither in `<= 300 ms` nor in `8 of 160 requests`, `3 min 20 s`, `n = 156`. */
const BREAK = new RegExp(
  `(?<! )(?<![<>]=?|\\d of|\\bn =) +(?! )(?!(?<=\\d +(?:(?:more|data|planned) +)?)${UNIT}(?![\\w-])|(?<=\\d +)of \\d|(?<=\\d (?:h|min) +)\\d|(?<=\\bn +)= )`,
);

export interface WrapOptions {
  readonly columns: number;
  /** Stands before the first line. */
  readonly first?: string;
  /** Stands before the others. */
  readonly rest?: string;
}

/** Commands that a sentence asks for: from a colon or a bracket to the end of what is to be typed. */
export const COMMAND = /(?<=: |\()(?:iter8ctl|kubectl|helm) [^;)]*?(?=[;)]|, (?:or|then) |$)/g;
/** Of a word that has no room behind the indent of its text. */
const LEAST_INDENT = 2;
/** Stands for a space at which no line is broken. */
const KEPT_SPACE = '\u00a0';

/** The same, with commands whole on their lines, however long: they are pasted. */
export function wrapAroundCommands(text: string, options: WrapOptions): string[] {
  const kept = text.replaceAll(KEPT_SPACE, ' ').replace(COMMAND, (command) => command.replaceAll(' ', KEPT_SPACE));
  return wrapped(kept, options, (word) => word.includes(KEPT_SPACE)).map((line) => line.replaceAll(KEPT_SPACE, ' '));
}

export function wrap(text: string, options: WrapOptions): string[] {
  return wrapped(text, options, () => false);
}

function wrapped(text: string, options: WrapOptions, isWhole: (word: string) => boolean): string[] {
  const { first = '', rest = '' } = options;
  const columns = Math.max(10, options.columns);
  const lines: string[] = [];
  let line = first;
  let empty = true;
  const room = columns - Math.max(displayWidth(first), displayWidth(rest));
  // Credentials in URLs are hidden before anything is broken: in two pieces nobody would know them.
  const words = redactUrls(text)
    .split(BREAK)
    // A number with its unit is broken where nothing else helps.
    .flatMap((word) => (displayWidth(word) > room ? word.split(' ') : [word]));
  for (const word of words) {
    let left = word;
    if (!empty && displayWidth(line) + 1 + displayWidth(left) > columns) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    if (!empty) {
      line += ` ${left}`;
      continue;
    }
    while (displayWidth(line) + displayWidth(left) > columns) {
      const spare = Math.max(columns - displayWidth(left), isWhole(left) ? 0 : -1);
      if (spare >= 0) {
        // Names are searched for and pasted: whole, if it costs the indent.
        if (line.trim() !== '') lines.push(line.trimEnd());
        line = ' '.repeat(Math.min(spare, displayWidth(rest), LEAST_INDENT));
        break;
      }
      const head = cutToWidth(left, columns - displayWidth(line), '');
      if (head === '') break;
      lines.push(line + head);
      left = left.slice(head.length);
      line = rest;
    }
    line += left;
    empty = false;
  }
  lines.push(line);
  return lines;
}

/** Facts with two spaces between them, as many on a line as fit; only one that is wider than a line is broken. */
export function wrapFacts(facts: readonly string[], { columns, first = '', rest = '' }: WrapOptions): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const fact of facts) {
    const longer: string = line === undefined ? first + fact : `${line}  ${fact}`;
    if (displayWidth(longer) <= columns) {
      line = longer;
      continue;
    }
    if (line !== undefined) lines.push(line);
    const broken: string[] = wrap(fact, { columns, first: line === undefined ? first : rest, rest });
    line = broken.pop();
    lines.push(...broken);
  }
  return line === undefined ? lines : [...lines, line];
}
