/**
 * Reads what has a known shape, in a fraction of the time that a schema takes to be made. It only ever accepts: whatever it does not
 * know, or finds unusual, is left to the schema, which says what is wrong with it.
 */

/** The part of a schema that can be said as data. */
export type Shape =
  /** Of a number: finite. */
  | 'anything'
  | 'text'
  | 'some text'
  | 'number'
  | 'boolean'
  | { readonly oneOf: readonly string[] }
  /** Whole numbers, both ends included. */
  | { readonly from: number; readonly to: number }
  | { readonly anyOf: readonly Shape[] }
  | { readonly listOf: Shape }
  | { readonly mapOf: Shape }
  /** An object with these fields, and perhaps others. */
  | { readonly fields: Readonly<Record<string, Shape>>; readonly required: readonly string[] };

/** Not of this shape, or for the schema to say. */
const REFUSED = Symbol('refused');

/**
 * A copy, as the schema makes it: known fields come first, in the order of the schema; `anything` is not copied. Undefined when it is
 * for the schema to say.
 */
export function readShape(shape: Shape, value: unknown): unknown {
  const read = readAny(shape, value);
  return read === REFUSED ? undefined : read;
}

function readAny(shape: Shape, value: unknown): unknown {
  if (typeof shape === 'string') return isOf(shape, value) ? value : REFUSED;
  if ('fields' in shape) return readFields(shape, value);
  if ('listOf' in shape) return readList(shape.listOf, value);
  if ('mapOf' in shape) return readMap(shape.mapOf, value);
  if ('oneOf' in shape) return typeof value === 'string' && shape.oneOf.includes(value) ? value : REFUSED;
  if ('from' in shape)
    return Number.isSafeInteger(value) && (value as number) >= shape.from && (value as number) <= shape.to
      ? value
      : REFUSED;
  for (const one of shape.anyOf) {
    const read = readAny(one, value);
    if (read !== REFUSED) return read;
  }
  return REFUSED;
}

function isOf(shape: Extract<Shape, string>, value: unknown): boolean {
  if (shape === 'anything') return value !== undefined;
  if (shape === 'text') return typeof value === 'string';
  if (shape === 'some text') return typeof value === 'string' && value !== '';
  return shape === 'number' ? Number.isFinite(value) : typeof value === 'boolean';
}

/** As JSON and YAML are read: own fields that can be assigned, and nothing inherited. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype &&
    !Object.hasOwn(value, '__proto__') &&
    Object.getOwnPropertySymbols(value).length === 0
  );
}

function readFields({ fields, required }: Extract<Shape, { fields: unknown }>, value: unknown): unknown {
  if (!isPlain(value)) return REFUSED;
  for (const key of required) if (!Object.hasOwn(value, key)) return REFUSED;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(fields)) {
    if (!Object.hasOwn(value, key)) continue;
    const read = readAny(fields[key]!, value[key]);
    if (read === REFUSED) return REFUSED;
    copy[key] = read;
  }
  for (const key of Object.keys(value)) if (!Object.hasOwn(fields, key)) copy[key] = value[key];
  return copy;
}

function readMap(inside: Shape, value: unknown): unknown {
  if (!isPlain(value)) return REFUSED;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const read = readAny(inside, value[key]);
    if (read === REFUSED) return REFUSED;
    copy[key] = read;
  }
  return copy;
}

function readList(inside: Shape, value: unknown): unknown {
  if (!Array.isArray(value)) return REFUSED;
  const copy: unknown[] = [];
  for (const item of value as readonly unknown[]) {
    const read = readAny(inside, item);
    if (read === REFUSED) return REFUSED;
    copy.push(read);
  }
  return copy;
}
