/** The JSON patch that sets weights in one object. Pure. */
import { Iter8Error, UnavailableError } from '../../errors.ts';
import { readField, type FieldPath } from '../../expressions/field-path.ts';
import { isObject } from '../../text/check-fields.ts';
import type { FieldValue } from '../../traffic/weight-fields.ts';

export interface PatchOperation {
  readonly op: 'test' | 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

export interface WeightChange {
  readonly path: FieldPath;
  /** Object and field, for messages. */
  readonly place: string;
  /** null: the field is removed. */
  readonly value: FieldValue;
}

/** Of an object as it was read (`text` names it): the server refuses it (409) when the object has changed since. */
export function weightPatch(text: string, object: unknown, changes: readonly WeightChange[]): PatchOperation[] {
  const version = readField(object, { segments: ['metadata', 'resourceVersion'], pointer: '' });
  if (typeof version !== 'string') throw new UnavailableError(`${text} has no resourceVersion`);
  return [{ op: 'replace', path: '/metadata/resourceVersion', value: version }, ...operationsFor(object, changes)];
}

/** What sets these fields, with the objects around them where they are not there yet. */
function operationsFor(object: unknown, changes: readonly WeightChange[]): PatchOperation[] {
  const made = new Set<string>();
  return changes.flatMap(({ path, place, value }) => {
    const operations: PatchOperation[] = [];
    let at: unknown = object;
    let pointer = '';
    for (const segment of path.segments.slice(0, -1)) {
      pointer += `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const next: unknown =
        typeof at === 'object' && at !== null && Object.hasOwn(at, segment) ? Reflect.get(at, segment) : undefined;
      if (next === undefined || next === null) {
        if (typeof segment === 'number') throw new Iter8Error(`${place}: the list has no element ${segment}`);
        if (value === null) return [];
        if (!made.has(pointer)) operations.push({ op: 'add', path: pointer, value: {} });
        made.add(pointer);
        at = {};
      } else at = next;
    }
    const last = path.segments.at(-1)!;
    if (!isObject(at)) throw new Iter8Error(`${place}: what is to hold it is no object`);
    if (value === null) return Object.hasOwn(at, last) ? [...operations, { op: 'remove', path: path.pointer }] : [];
    // `add` sets what is there, too.
    return [...operations, { op: 'add', path: path.pointer, value }];
  });
}
