/** Field paths of a weightObjRef, such as `.spec.http[0].route[1].weight`, and the JSON pointers that a patch takes. */
import { sanitizeLine } from '../text/sanitize.ts';

export interface FieldPath {
  /** Keys of objects as texts, indices of lists as numbers. At least one. */
  readonly segments: readonly (string | number)[];
  /** Source: RFC 6901. */
  readonly pointer: string;
}

/** A key after a dot (`\.` is a dot in it), an index, or a key in quotes within brackets. */
const SEGMENT = /\.((?:[\w/$@:-]|\\\.)+)|\[(\d{1,9})\]|\[(?:'([^']+)'|"([^"]+)")\]/y;

/** Reads a field path, or says what is wrong with it. */
export function parseFieldPath(text: string): FieldPath | { readonly problem: string } {
  const example = 'a path such as .spec.http[0].route[1].weight';
  if (!text.startsWith('.')) return { problem: `expected a path that starts with a dot, got ${quoted(text)}` };
  if (text.startsWith('./'))
    return { problem: `expected ${example}, got ${quoted(text)}; write ${fieldPathMeant(text.slice(1))}` };
  const segments: (string | number)[] = [];
  SEGMENT.lastIndex = 0;
  while (SEGMENT.lastIndex < text.length) {
    const at = SEGMENT.lastIndex;
    const match = SEGMENT.exec(text);
    if (match === null)
      return { problem: `expected ${example}, got ${quoted(text)}: cannot read ${quoted(text.slice(at))}` };
    const [, key, index, single, double] = match;
    segments.push(index === undefined ? (key?.replaceAll('\\.', '.') ?? single ?? double ?? '') : Number(index));
  }
  const pointer = segments.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return { segments, pointer };
}

/** The path that somebody meant who wrote a JSON pointer (`/spec/http/0/weight`) or JSONPath (`{.spec.weight}`, `$.spec`). */
export function fieldPathMeant(text: string): string {
  const bare = text
    .trim()
    .replace(/^\{(.*)\}$/, '$1')
    .replace(/^[$#]/, '');
  if (!bare.startsWith('/')) return bare.startsWith('.') || bare.startsWith('[') ? bare : `.${bare}`;
  const segments = bare
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  return segments
    .map((segment) =>
      /^\d+$/.test(segment)
        ? `[${segment}]`
        : /^[\w-]+$/.test(segment)
          ? `.${segment}`
          : `[${JSON.stringify(segment)}]`,
    )
    .join('');
}

/** What is wrong with a field path, or undefined. */
export function fieldPathProblem(text: string): string | undefined {
  const parsed = parseFieldPath(text);
  return 'problem' in parsed ? parsed.problem : undefined;
}

/** The value at a path; undefined when it is not there. Own properties only. */
export function readField(object: unknown, path: FieldPath): unknown {
  let at = object;
  for (const segment of path.segments) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, segment)) return undefined;
    at = Reflect.get(at, segment);
  }
  return at;
}

function quoted(text: string): string {
  return `"${sanitizeLine(text.slice(0, 100))}"`;
}
