/** A line of the head of a picture: its label, and what is to be said, broken at words. */
import { wrap } from '../text/wrap.ts';

const LABEL_WIDTH = 12;

export const labelledLine = (label: string, text: string, columns: number): string[] =>
  wrap(text, { columns, first: label.padEnd(LABEL_WIDTH), rest: ' '.repeat(LABEL_WIDTH) });
