/** Flags of `diff` and `aa`: how sure all rows are together, and which percentiles are compared. */
import { InvalidArgumentError } from 'commander';
import { REPORTED_FORMATS } from './plain-answer.ts';

export const FORMATS = ['text', ...REPORTED_FORMATS] as const;

/** Those that are compared where none are named. */
export const PERCENTILES = [50, 90, 95, 99];
const MOST_PERCENTILES = 20;

export function percentilesFlag(text: string): number[] {
  const list = text.split(',').map((part) => part.trim());
  const isGood = list.every((part) => /^\d{1,2}(\.\d{1,6})?$/.test(part) && Number(part) > 0);
  if (!isGood || list.length > MOST_PERCENTILES)
    throw new InvalidArgumentError(`expected numbers above 0 and below 100, at most ${MOST_PERCENTILES}.`);
  return [...new Set(list.map(Number))];
}

export function confidenceFlag(text: string): number {
  const value = Number(text);
  if (!(value > 0.5 && value < 1)) throw new InvalidArgumentError('expected a number above 0.5 and below 1.');
  return value;
}
