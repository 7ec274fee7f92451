/**
 * Checks values of unknown origin field by field, and says where the first of them is wrong: `scopes[0].n: expected a count, got -3`.
 * By hand and without copies, since records are read at every look.
 */

/** Undefined when it is right; else what is wrong, behind the path to it. */
export type Check = (value: unknown) => string | undefined;

const LONGEST_SHOWN = 40;

function wrong(expected: string, value: unknown): string {
  const got = value === undefined ? 'nothing' : typeof value === 'number' ? String(value) : JSON.stringify(value);
  return `: expected ${expected}, got ${got.length > LONGEST_SHOWN ? `${got.slice(0, LONGEST_SHOWN)}...` : got}`;
}

const check =
  (expected: string, holds: (value: unknown) => boolean): Check =>
  (value) =>
    holds(value) ? undefined : wrong(expected, value);

/** Requests of all users of the internet in a year: beyond this nothing was counted. */
const MOST_COUNTED = 1e15;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const textOrNumber = check('a text or a number', (value) => typeof value === 'string' || Number.isFinite(value));
export const text = check('a text', (value) => typeof value === 'string');
export const boolean = check('true or false', (value) => typeof value === 'boolean');
export const number = check('a number', (value) => Number.isFinite(value));
export const atLeastZero = check('a number, 0 or more', (value) => Number.isFinite(value) && (value as number) >= 0);
export const count = check(
  'a count',
  (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST_COUNTED,
);
/** RFC 3339, within the years that dates can have. */
export const time = check(
  'a time such as 2026-11-23T21:15:07Z',
  (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value)),
);

export const oneOf = (...values: readonly unknown[]): Check =>
  check(`one of ${values.join(', ')}`, (value) => values.includes(value));

export const optional =
  (inner: Check): Check =>
  (value) =>
    value === undefined ? undefined : inner(value);

/** Null too: what JSON makes of a number that is not finite. It must not cost the whole object. */
export const orNull =
  (inner: Check): Check =>
  (value) =>
    value === undefined || value === null ? undefined : inner(value);

export const listOf =
  (inner: Check, most = Number.POSITIVE_INFINITY): Check =>
  (value) => {
    if (!Array.isArray(value)) return wrong('a list', value);
    if (value.length > most) return `: expected a list of at most ${most} entries, got ${value.length}`;
    for (let index = 0; index < value.length; index += 1) {
      const problem = inner(value[index]);
      if (problem !== undefined) return `[${index}]${problem}`;
    }
    return undefined;
  };

export const tupleOf =
  (...inner: readonly Check[]): Check =>
  (value) => {
    if (!Array.isArray(value) || value.length !== inner.length) return wrong(`a list of ${inner.length}`, value);
    for (let index = 0; index < inner.length; index += 1) {
      const problem = inner[index]!(value[index]);
      if (problem !== undefined) return `[${index}]${problem}`;
    }
    return undefined;
  };

const step = (name: string): string => (/^[A-Za-z_][\w-]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`);

export const mapOf =
  (inner: Check): Check =>
  (value) => {
    if (!isObject(value)) return wrong('an object', value);
    for (const [name, item] of Object.entries(value)) {
      const problem = inner(item);
      if (problem !== undefined) return `${step(name)}${problem}`;
    }
    return undefined;
  };

/** More fields than these may be there. `together`: how they fit. */
export const withFields =
  (
    fields: Readonly<Record<string, Check>>,
    together?: (value: Readonly<Record<string, unknown>>) => string | undefined,
  ): Check =>
  (value) => {
    if (!isObject(value)) return wrong('an object', value);
    for (const name in fields) {
      const problem = fields[name]!(Object.hasOwn(value, name) ? value[name] : undefined);
      if (problem !== undefined) return `${step(name)}${problem}`;
    }
    return together?.(value);
  };

/** As a sentence has it: without the dot before the first field. */
export function problemText(problem: string | undefined): string | undefined {
  return problem?.replace(/^\.|^: /, '');
}

/** The problem of an inner value, behind its own path. */
export function behindPath(path: string, problem: string): string {
  return `${path}${problem.startsWith('expected') ? ': ' : problem.startsWith('[') ? '' : '.'}${problem}`;
}
