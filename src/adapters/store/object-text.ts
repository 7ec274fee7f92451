/**
 * Text of an object in the local folder: YAML for people, with the status as JSON, which is YAML too.
 *
 * The status is saved every second and may have 256 KiB. As block YAML writing it takes 45 ms and reading 56 ms; as JSON,
 * 1 and 2 ms (measured at 180 KiB). So it comes last, one line for each of its keys, and is read by itself.
 */
import { dumpYaml, loadYaml, parseAt } from './seam.ts';

const STATUS = '\nstatus: {\n';
const STATUS_END = '\n  }\n';
/** Characters that JSON leaves as they are and YAML does not allow, or takes for line ends. */
// biome-ignore lint: they are meant
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** `status` is written last, whatever its place in the object. */
export function writeObjectText(object: Readonly<Record<string, unknown>>): string {
  const { status, ...rest } = object;
  const head = dumpYaml(rest);
  return isFilledObject(status) ? `${head.trimEnd()}${STATUS}${linesOf(status, '  ')}${STATUS_END}` : head;
}

/** Any YAML, ours fast. Throws InvalidManifestError with line and column; `source` is the path, for its message. */
export function readObjectText(text: string, source: string): unknown {
  return readFast(text) ?? parseAt(text, source);
}

/** Undefined when the text was not written by us, or changed by hand in a way that needs the whole parser. */
function readFast(text: string): unknown {
  const end = text.endsWith(STATUS_END) ? text.lastIndexOf(STATUS) : -1;
  if (end < 0) return undefined;
  try {
    const head = loadYaml(text.slice(0, end + 1));
    if (!isFilledObject(head) || Object.hasOwn(head, 'status')) return undefined;
    return { ...head, status: JSON.parse(text.slice(end + STATUS.length - 2)) as unknown };
  } catch {
    return undefined; // the whole parser says what is wrong, and where
  }
}

/** Entries of a JSON object, one a line, without its braces; those of `analysis`, the largest, once more. */
function linesOf(object: Readonly<Record<string, unknown>>, indent: string): string {
  const lines: string[] = [];
  for (const [key, value] of Object.entries(object)) {
    const nested = key === 'analysis' && isFilledObject(value);
    const text = nested ? `{\n${linesOf(value, `${indent}  `)}\n${indent}}` : JSON.stringify(value);
    if (text !== undefined) lines.push(`${indent}${JSON.stringify(key)}: ${nested ? text : escaped(text)}`);
  }
  return lines.join(',\n');
}

function escaped(json: string): string {
  return json.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function isFilledObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}
