/**
 * Objects as programs write them: JSON, which takes a fraction of the time that YAML takes. Whatever the YAML reader would see
 * with other eyes, or has a sentence about, is left to it.
 */
import { isObject } from '../../text/check-fields.ts';
import { MAX_DEPTH, MAX_TEXT_LENGTH } from './text-limits.ts';

/** Texts, one after another; one before a colon is a key. */
const TEXTS = /"(?:[^"\\]|\\.)*"(\s*:)?/g;

/** The object of a JSON text; undefined for any other text, and for one with a key twice, or escaped, `<<`, or nested too deep. */
export function plainJson(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text.length > MAX_TEXT_LENGTH || !/^\s*\{/.test(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const kept = keysOf(value, 1);
  if (kept === undefined) return undefined;
  let written = 0;
  for (const [key, colon] of text.matchAll(TEXTS)) {
    if (colon === undefined) continue;
    // Node 24.21 reads the key "\u0061" as "\" where an object had that key at this place before.
    if (key.includes('\\')) return undefined;
    written += 1;
  }
  return written === kept ? value : undefined;
}

/** How many there are, at all depths; undefined where YAML reads something else. */
function keysOf(value: unknown, depth: number): number | undefined {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > MAX_DEPTH) return undefined;
  if (!Array.isArray(value) && Object.hasOwn(value, '<<')) return undefined;
  const inside = Array.isArray(value) ? value : Object.values(value);
  let sum = Array.isArray(value) ? 0 : inside.length;
  for (const one of inside) {
    const keys = keysOf(one, depth + 1);
    if (keys === undefined) return undefined;
    sum += keys;
  }
  return sum;
}
