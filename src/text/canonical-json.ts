/** JSON to know a value again by: the same text for the same value, whatever the order of its keys. Pure. */
import { isObject } from './check-fields.ts';

export function canonicalJson(value: unknown): string {
  // Of undefined JSON has no text.
  return JSON.stringify(value, inKeyOrder) ?? '';
}

const inKeyOrder = (_: string, part: unknown): unknown =>
  isObject(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part;
