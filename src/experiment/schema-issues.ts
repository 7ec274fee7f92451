/** From what zod found to issues that people can act on: field path, expected, received, what to do. */
import * as z from 'zod';
import './zod-settings.ts';
import type { Issue } from '../errors.ts';
import { didYouMean } from '../text/did-you-mean.ts';
import { credentialsIn } from '../text/credentials.ts';
import { redact, redactUrls } from '../text/redact.ts';
import { sanitizeLine } from '../text/sanitize.ts';

export type Path = readonly PropertyKey[];

/** `spec.criteria.objectives[1].upperLimit`; keys that are no plain words in quotes: `metadata.labels["a.b/c"]`. */
export function pathText(path: Path): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(String(segment))) text += text === '' ? String(segment) : `.${String(segment)}`;
    else text += `[${JSON.stringify(String(segment))}]`;
  }
  return text;
}

/** Texts longer than this are cut in messages. */
const MAX_SHOWN = 60;

/** A value as a message shows it: short, on one line, harmless. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return 'an object';
  const text = sanitizeLine(redactUrls(value));
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 3)}...` : text).replaceAll('\\\\', '\\');
}

/** `expected X, got Y`, with the hint to quote what should have been a text. */
export function expectedGot(expected: string, written: unknown): string {
  // Where a URL should be, a password may stand without a scheme before it.
  const value =
    typeof written === 'string' && expected.endsWith('URL') ? written.replace(/^[^/?#]*@/, '***@') : written;
  if (value === undefined) return `is missing; expected ${expected}`;
  const isFraction = typeof value === 'number' && Number.isFinite(value) && !Number.isInteger(value);
  const quotable =
    (expected.startsWith('a text') && (typeof value === 'number' || typeof value === 'boolean')) ||
    (expected.startsWith('a quantity') && isFraction);
  return `expected ${expected}, got ${shown(value)}${quotable ? `; quote it: "${String(value)}"` : ''}`;
}

const NOUNS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function oneOf(values: readonly unknown[]): string {
  const texts = values.map(String);
  return texts.length === 1 ? texts[0]! : `one of ${texts.join(', ')}`;
}

/** Message of one problem. Schemas that say `error` themselves come first. */
function messageOf(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'invalid_type') return expectedGot(NOUNS[issue.expected] ?? `a ${issue.expected}`, issue.input);
  if (issue.code === 'invalid_value') {
    const suggestion = typeof issue.input === 'string' ? didYouMean(issue.input, issue.values.map(String)) : '';
    return expectedGot(oneOf(issue.values), issue.input) + suggestion;
  }
  if (issue.code === 'too_small') {
    if (issue.origin === 'string' || issue.origin === 'array') return 'is empty';
    return expectedGot(`a number of at least ${issue.minimum}`, issue.input);
  }
  if (issue.code === 'too_big') return expectedGot(`a number of at most ${issue.maximum}`, issue.input);
  return issue.message ?? expectedGot('something else', issue.input);
}

/** What was read, and every problem of its shape. `value` is absent when there is any. */
export interface Shaped<T> {
  readonly value?: T | undefined;
  readonly issues: Issue[];
}

/**
 * Checks the shape of a value. Unknown keys of strict objects are one issue each, with the nearest known key of that
 * object; `noun` says what such a key is. Never throws.
 */
export function parseShape<T extends z.core.$ZodType>(
  schema: T,
  value: unknown,
  prefix: Path = [],
  noun = 'field',
): Shaped<z.infer<T>> {
  // Compiling validators pays after thousands of objects; a command reads a few.
  z.config({ jitless: true });
  const result = z.safeParse(schema, value, { error: messageOf });
  if (result.success) return { value: result.data, issues: [] };
  const secrets = credentialsIn(value);
  return {
    issues: result.error.issues
      .flatMap((issue) => issuesOf(schema, issue, { prefix, noun }))
      .map((issue) => ({ ...issue, message: redact(issue.message, secrets) })),
  };
}

function issuesOf(
  schema: z.core.$ZodType,
  issue: z.core.$ZodIssue,
  { prefix, noun }: { readonly prefix: Path; readonly noun: string },
): Issue[] {
  const path = [...prefix, ...issue.path];
  if (issue.code !== 'unrecognized_keys') return [{ path: pathText(path), message: issue.message }];
  const known = knownKeys(schema, issue.path);
  return issue.keys.map((key) => unknownKey([...path, key], known, noun));
}

/** The issue of a key that the object at that place does not have. */
export function unknownKey(path: Path, known: readonly string[], noun: string): Issue {
  const key = String(path.at(-1));
  const suggestion = didYouMean(key, known);
  const hint = suggestion === '' && known.length > 0 ? `; there are: ${known.join(', ')}` : suggestion;
  return { path: pathText(path), message: `unknown ${noun}${hint}` };
}

/** Keys that a schema knows at a place, walking through lists, records and optional wrappers. */
function knownKeys(schema: z.core.$ZodType, path: Path): string[] {
  let at: z.core.$ZodType | undefined = unwrap(schema);
  for (const segment of path) {
    at = at === undefined ? undefined : child(at, segment);
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

/** What the schema says about a key or an element; undefined when it says nothing. */
export function child(schema: z.core.$ZodType, segment: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodArray) return unwrap(schema.element);
  if (schema instanceof z.ZodRecord) return unwrap(schema.valueType);
  if (schema instanceof z.ZodObject && Object.hasOwn(schema.shape, segment)) {
    return unwrap((schema.shape as Record<PropertyKey, z.core.$ZodType>)[segment]!);
  }
  return undefined;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? unwrap(schema.unwrap()) : schema;
}
