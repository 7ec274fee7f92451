/** Applies a JSON merge patch (RFC 7386): objects merge, null deletes, anything else replaces. */
import { isObject } from '../text/check-fields.ts';

/** A JSON merge patch: objects merge, null deletes, anything else replaces. */
export type MergePatch = { readonly [key: string]: unknown };

/**
 * The value that `patch` makes of `target`, which is left as it is; untouched parts are shared with it.
 *
 * Arrays are replaced as a whole. Nulls inside objects of the patch never reach the result, nulls inside arrays do. A key
 * whose value is undefined counts as absent. The keys of `target` keep their order, new ones follow.
 * Source: RFC 7386, section 2.
 */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  // A Map, because assigning a key such as `__proto__` to an object would not make it a key.
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else if (value !== undefined) merged.set(key, applyMergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}
