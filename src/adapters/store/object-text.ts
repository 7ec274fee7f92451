/**
 * Text of an object in the local folder: YAML for people, with the status as JSON, which is YAML too.
 *
 * The status is saved every second and may have 256 KiB. As block YAML writing it takes 45 ms and reading 56 ms; as JSON,
 * 1 and 2 ms (measured at 180 KiB). So it comes last, one line for each of its keys, and is read by itself.
 */
import type { Issue } from '../../errors.ts';
import { isObject } from '../../text/check-fields.ts';
import { readManifest } from '../manifest/parse-documents.ts';
import { writeYaml } from '../manifest/write-yaml.ts';

const STATUS = '\nstatus: {\n';
const STATUS_END = '\n  }\n';
/** Characters that JSON leaves as they are and YAML forbids, or takes for line ends. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** What was read: an object, or else what is wrong. */
export interface ReadObject {
  readonly value?: Readonly<Record<string, unknown>> | undefined;
  readonly issues: readonly Issue[];
  /** Adds source, line and column to an issue about the value. */
  readonly locate: (issue: Issue) => Issue;
}

/** `status` is written last, whatever its place in the object. */
export function writeObjectText(object: Readonly<Record<string, unknown>>): string {
  const { status, ...rest } = object;
  // A status that is no object stays where it is: reading the file reports it.
  if (status !== undefined && !isObject(status)) return writeYaml(object);
  const head = writeYaml(rest);
  return isFilledObject(status) ? `${head.trimEnd()}${STATUS}${linesOf(status, '  ')}${STATUS_END}` : head;
}

/** Any YAML with one object in it; ours fast. `source` is the path, for issues. */
export function readObjectText(text: string, source: string): ReadObject {
  return readFast(text, source) ?? readWhole(text, source);
}

/** Undefined when the text was not written by us, or changed by hand in a way that needs the whole parser. */
function readFast(text: string, source: string): ReadObject | undefined {
  const end = text.endsWith(STATUS_END) ? text.lastIndexOf(STATUS) : -1;
  if (end < 0) return undefined;
  const { value } = readWhole(text.slice(0, end + 1), source);
  if (value === undefined || Object.hasOwn(value, 'status')) return undefined;
  let status: unknown;
  try {
    status = JSON.parse(text.slice(end + STATUS.length - 2));
  } catch {
    return undefined; // the whole parser says what is wrong, and where
  }
  return { value: { ...value, status }, issues: [], locate: (issue) => readWhole(text, source).locate(issue) };
}

function readWhole(text: string, source: string): ReadObject {
  const { objects, issues } = readManifest(text, source);
  const [object, ...more] = objects;
  const locate = object?.locate ?? ((issue: Issue) => ({ ...issue, source }));
  if (issues.length > 0) return { issues, locate };
  if (object !== undefined && more.length === 0) return { value: object.value, issues, locate };
  const got = object === undefined ? 'none' : `${objects.length}`;
  return { issues: [{ source, path: '', message: `expected one object, got ${got}` }], locate };
}

/** Entries of a JSON object, one a line, without its braces; those of `analysis`, the largest, once more. */
function linesOf(object: Readonly<Record<string, unknown>>, indent: string): string {
  const lines: string[] = [];
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const nested = key === 'analysis' && isFilledObject(value);
    const text = nested ? `{\n${linesOf(value, `${indent}  `)}\n${indent}}` : escaped(JSON.stringify(value));
    lines.push(`${indent}${escaped(JSON.stringify(key))}: ${text}`);
  }
  return lines.join(',\n');
}

function escaped(json: string): string {
  return json.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function isFilledObject(value: unknown): value is Record<string, unknown> {
  return isObject(value) && Object.keys(value).length > 0;
}
