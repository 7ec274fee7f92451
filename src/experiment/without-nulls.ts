/**
 * Empty keys (`loop:`, `candidates:`) count as absent: an API server drops the null of a field that may not be null
 * (kubernetes/kubernetes#125224), and charts leave many of them. Where a record of ours is kept, and a metric as it was read, null
 * may mean something, and stays.
 */
import { isObject } from '../text/check-fields.ts';

/** Of a status. */
const KEPT: ReadonlySet<string> = new Set(['aggregatedBuiltinHists', 'metricObj']);

/** The same value where there are none. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    let items: unknown[] | undefined;
    for (const [index, item] of (value as readonly unknown[]).entries()) {
      const next = withoutNulls(item);
      if (next === item) continue;
      items ??= [...(value as readonly unknown[])];
      items[index] = next;
    }
    return items ?? value;
  }
  if (!isObject(value)) return value;
  let changed: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const item = value[key];
    const next = item === null ? undefined : KEPT.has(key) ? item : withoutNulls(item);
    if (next === item) continue;
    changed ??= { ...value };
    if (next === undefined) delete changed[key];
    else changed[key] = next;
  }
  return changed ?? value;
}
