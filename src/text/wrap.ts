/** Breaks a line at spaces so that it fits a width; words that are wider than that are broken anywhere. */
import { cutToWidth, displayWidth } from './width.ts';

export interface WrapOptions {
  readonly columns: number;
  /** Stands before the first line. */
  readonly first?: string;
  /** Stands before the others. */
  readonly rest?: string;
}

export function wrap(text: string, options: WrapOptions): string[] {
  const { first = '', rest = '' } = options;
  const columns = Math.max(10, options.columns);
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(/ +/)) {
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

/** Facts with two spaces between them, as many on a line as fit, none of them broken. */
export function wrapFacts(facts: readonly string[], { columns, first = '', rest = '' }: WrapOptions): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const fact of facts) {
    const longer: string = line === undefined ? first + fact : `${line}  ${fact}`;
    if (line !== undefined && displayWidth(longer) > columns) {
      lines.push(line);
      line = rest + fact;
    } else {
      line = longer;
    }
  }
  return line === undefined ? lines : [...lines, line];
}
