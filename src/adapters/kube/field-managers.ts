/** Who changed a field last, as the API server records it in `metadata.managedFields`. */
import type { FieldPath } from '../../expressions/field-path.ts';
import { isObject } from '../../text/check-fields.ts';
import { sanitizeLine } from '../../text/sanitize.ts';

/** Who wrote what a drive writes, in metadata.managedFields; `install` has a name of its own. */
export const FIELD_MANAGER = 'iter8ctl';

/**
 * The newest manager of a field: `kubectl-edit at 2026-11-24T08:00:00Z`. Elements of a list are recorded by their keys, which
 * a path does not say: then whoever has the list is meant.
 */
export function lastManagerOf(object: unknown, path: FieldPath): string | undefined {
  const newest = managersOf(object, path)[0];
  if (newest === undefined) return undefined;
  return sanitizeLine(`${newest.manager}${newest.time === '' ? '' : ` at ${newest.time}`}`).slice(0, 200);
}

/** Whether the last change of a field may be by this manager: times are whole seconds, and a server may record nobody. */
export function mayBeBy(manager: string, object: unknown, path: FieldPath): boolean {
  const entries = managersOf(object, path);
  return entries.length === 0 || entries.some((one) => one.manager === manager && one.time === entries[0]!.time);
}

/** The newest first. */
function managersOf(object: unknown, path: FieldPath): Entry[] {
  return entriesIn(object)
    .filter(({ fields }) => hasField(fields, path))
    .toSorted((a, b) => (a.time < b.time ? 1 : -1));
}

interface Entry {
  readonly manager: string;
  readonly time: string;
  readonly fields: unknown;
}

function entriesIn(object: unknown): Entry[] {
  const metadata = isObject(object) ? object['metadata'] : undefined;
  const managed = isObject(metadata) ? metadata['managedFields'] : undefined;
  if (!Array.isArray(managed)) return [];
  return managed
    .filter(isObject)
    .flatMap(({ manager, time, fieldsV1 }) =>
      typeof manager === 'string' ? [{ manager, time: typeof time === 'string' ? time : '', fields: fieldsV1 }] : [],
    );
}

function hasField(fields: unknown, { segments }: FieldPath): boolean {
  let at = fields;
  for (const [index, segment] of segments.entries()) {
    if (!isObject(at)) return false;
    // Recorded as a whole, with all that is in it.
    if (typeof segment === 'number' || (index > 0 && Object.keys(at).length === 0)) return true;
    const key = `f:${segment}`;
    if (!Object.hasOwn(at, key)) return false;
    at = at[key];
  }
  return true;
}
