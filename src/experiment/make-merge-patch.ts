/** The difference of two JSON values as a merge patch (RFC 7386). */
import { isObject } from '../text/check-fields.ts';
import type { MergePatch } from './apply-merge-patch.ts';

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

/**
 * What turns `before` into `after`: only what differs, removed keys as null, arrays as a whole.
 *
 * Keys whose value is undefined count as absent. `after` must hold no null inside objects: a merge patch cannot say it.
 */
export function mergePatchBetween(before: Record<string, unknown>, after: Record<string, unknown>): MergePatch {
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = before[key];
    const next = after[key];
    if (next === undefined) {
      if (old !== undefined) patch[key] = null;
    } else if (isObject(old) && isObject(next)) {
      const inner = mergePatchBetween(old, next);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (!same(old, next)) {
      patch[key] = next;
    }
  }
  return patch;
}
