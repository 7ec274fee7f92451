/** Values of conditions: fields of the experiment under Go's names, comparisons and other operators. */
import { runInNewContext } from 'node:vm';

/** Names that a condition may start with, in lower case: fields of Go's Experiment and of its embedded ObjectMeta. */
export const ROOT_NAMES: ReadonlySet<string> = new Set([
  'apiversion',
  'kind',
  'metadata',
  'objectmeta',
  'typemeta',
  'spec',
  'status',
  'name',
  'generatename',
  'namespace',
  'uid',
  'resourceversion',
  'generation',
  'creationtimestamp',
  'labels',
  'annotations',
]);

/** A field of the experiment itself, or of its metadata, which Go embeds; null when it is not there. */
export function memberOfRoot(root: unknown, name: string): unknown {
  const folded = name.toLowerCase();
  if (folded === 'typemeta') return root;
  if (folded === 'objectmeta') return member(root, 'metadata');
  return member(root, name) ?? member(member(root, 'metadata'), name);
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll('_', '');
}

/**
 * A field of an object, an element of a list; null when it is not there. Own properties only. Go's names differ from those
 * in JSON by the case of their first letter (`Status` is `status`), seldom more (`RollbackOnFailure`).
 */
export function member(object: unknown, key: string | number): unknown {
  if (Array.isArray(object)) return typeof key === 'number' ? (object.at(key) ?? null) : null;
  if (typeof object !== 'object' || object === null) return null;
  const name = String(key);
  const lower = name.charAt(0).toLowerCase() + name.slice(1);
  const found =
    [name, lower].find((one) => Object.hasOwn(object, one)) ??
    Object.keys(object).find((one) => fold(one) === fold(name));
  return found === undefined ? null : (Reflect.get(object, found) ?? null);
}

/** The length of what has one. */
export function lengthOf(value: unknown): number | undefined {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : undefined;
}

type Result =
  | { readonly value: unknown; readonly problem?: undefined }
  | { readonly value?: undefined; readonly problem: string };

/** What a binary operator other than `and` and `or` makes of two values. */
export function applyOperator(operator: string, left: unknown, right: unknown): Result {
  switch (operator) {
    case '==':
      return { value: isEqual(left, right) };
    case '!=':
      return { value: !isEqual(left, right) };
    case 'in':
    case 'not in':
      return within(left, right, operator);
    case 'matches':
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return typeof left === 'string' && typeof right === 'string'
        ? ofTexts(operator, left, right)
        : { problem: `${operator} takes two texts` };
    default:
      return ofNumbers(operator, left, right);
  }
}

/** nil is equal to what is not there; lists and objects are equal to themselves only. */
function isEqual(left: unknown, right: unknown): boolean {
  return (left ?? null) === (right ?? null);
}

function within(left: unknown, right: unknown, operator: 'in' | 'not in'): Result {
  const found = Array.isArray(right)
    ? right.some((one) => isEqual(one, left))
    : typeof right === 'object' && right !== null && typeof left === 'string'
      ? Object.hasOwn(right, left)
      : undefined;
  if (found === undefined) return { problem: `${operator} takes a list or an object` };
  return { value: operator === 'in' ? found : !found };
}

/** A pattern comes from an object and may be made to take for ever. Long enough for a busy machine to get to it. */
const MATCH_TIMEOUT_MS = 1_000;
const MAX_PATTERN = 500;
const MAX_MATCHED = 10_000;

function ofTexts(operator: 'matches' | 'contains' | 'startsWith' | 'endsWith', left: string, right: string): Result {
  if (operator === 'contains') return { value: left.includes(right) };
  if (operator === 'startsWith') return { value: left.startsWith(right) };
  if (operator === 'endsWith') return { value: left.endsWith(right) };
  if (right.length > MAX_PATTERN || left.length > MAX_MATCHED)
    return { problem: 'matches: the text or the pattern is too long' };
  try {
    const value: unknown = runInNewContext(
      'new RegExp(pattern).test(text)',
      { pattern: right, text: left },
      { timeout: MATCH_TIMEOUT_MS },
    );
    return { value };
  } catch (error) {
    const timedOut =
      typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
    return {
      problem: timedOut
        ? `matches: the pattern takes longer than ${MATCH_TIMEOUT_MS} ms`
        : 'matches: the pattern is no regular expression',
    };
  }
}

function ofNumbers(operator: string, left: unknown, right: unknown): Result {
  if (typeof left === 'string' && typeof right === 'string') return ofComparables(operator, left, right);
  if (typeof left !== 'number' || typeof right !== 'number')
    return { problem: `${operator} takes two numbers or two texts` };
  switch (operator) {
    case '-':
      return { value: left - right };
    case '*':
      return { value: left * right };
    case '/':
      return { value: left / right };
    case '%':
      return { value: left % right };
    default:
      return ofComparables(operator, left, right);
  }
}

function ofComparables<T extends string | number>(operator: string, left: T, right: T): Result {
  switch (operator) {
    case '<':
      return { value: left < right };
    case '<=':
      return { value: left <= right };
    case '>':
      return { value: left > right };
    case '>=':
      return { value: left >= right };
    case '+':
      return { value: typeof left === 'number' && typeof right === 'number' ? left + right : `${left}${right}` };
    default:
      return { problem: `${operator} takes two numbers` };
  }
}
