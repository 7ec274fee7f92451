/**
 * What kubectl's `-o jsonpath=` and `-o custom-columns=` print of objects. Paths are those of jsonpath-plus, whose filters are
 * worked out by its own evaluator and never run as code; templates around them are kubectl's.
 * Source: kubernetes.io/docs/reference/kubectl/jsonpath.
 */
import { JSONPath } from 'jsonpath-plus';
import { UsageError } from '../errors.ts';
import { sanitizeLine, sanitizeText } from '../text/sanitize.ts';

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'range'; readonly path: string; readonly body: readonly Part[] };

/** `{range .items[*]}{.metadata.name}{"\n"}{end}`. @throws UsageError when the template is none */
export function renderJsonPath(template: string, object: unknown): string {
  const { parts } = parse(tokens(template), 0, template);
  return sanitizeText(filled(parts, object));
}

function filled(parts: readonly Part[], object: unknown): string {
  return parts
    .map((part) => {
      if (part.kind === 'text') return part.text;
      const found = valuesAt(part.path, object);
      return part.kind === 'path' ? found.map(textOf).join(' ') : found.map((one) => filled(part.body, one)).join('');
    })
    .join('');
}

/** `{...}` and what stands between them. */
function tokens(template: string): string[] {
  return template.match(/\{(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^{}"'])*\}|[^{]+|\{/g) ?? [];
}

function parse(
  all: readonly string[],
  from: number,
  template: string,
  { inRange } = { inRange: false },
): { parts: Part[]; next: number } {
  const parts: Part[] = [];
  for (let at = from; at < all.length; at += 1) {
    const token = all[at]!;
    if (!token.startsWith('{')) {
      parts.push({ kind: 'text', text: token });
      continue;
    }
    const inside = token.slice(1, -1).trim();
    if (!token.endsWith('}') || inside === '') throw broken(template, `"${token}" is not closed, or empty`);
    const range = /^range\s+(.+)$/.exec(inside)?.[1];
    if (inside === 'end') {
      if (!inRange) throw broken(template, '{end} without {range ...}');
      return { parts, next: at };
    }
    if (range !== undefined) {
      const { parts: body, next } = parse(all, at + 1, template, { inRange: true });
      parts.push({ kind: 'range', path: pathOf(range, template), body });
      at = next;
    } else if (/^["']/.test(inside)) parts.push({ kind: 'text', text: unquoted(inside, template) });
    else parts.push({ kind: 'path', path: pathOf(inside, template) });
  }
  if (inRange) throw broken(template, '{range ...} without {end}');
  return { parts, next: all.length };
}

function unquoted(text: string, template: string): string {
  try {
    return JSON.parse(
      `"${text
        .slice(1, -1)
        .replace(/\\'/g, "'")
        .replace(/(?<!\\)"/g, '\\"')}"`,
    ) as string;
  } catch {
    throw broken(template, `${text} is no text`);
  }
}

/** From `.metadata.name`, `@.x`, `$.x`, `.labels.a\.b` to a path of jsonpath-plus. */
function pathOf(written: string, template: string): string {
  const path = written.replace(/^@/, '$').replace(/^(?!\$)/, '$');
  if (!/^\$($|[.[])/.test(path)) throw broken(template, `${written} is no path: it begins with a dot`);
  return path.replace(
    /\.((?:[^.[\]\\()'"\s]|\\.)*\\\.(?:[^.[\]\\()'"\s]|\\.)*)/g,
    (_, name: string) => `['${name.replaceAll('\\.', '.')}']`,
  );
}

function valuesAt(path: string, object: unknown): unknown[] {
  if (typeof object !== 'object' || object === null) return path === '$' ? [object] : [];
  try {
    return JSONPath<unknown[]>({ path, json: object, eval: 'safe', wrap: true });
  } catch (cause) {
    throw new UsageError(`${path} is no path that can be evaluated: ${sanitizeLine((cause as Error).message)}`, {
      cause,
      hint: HINT,
    });
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined ? '' : JSON.stringify(value);
}

const HINT = `for example -o jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}'`;

function broken(template: string, why: string): UsageError {
  return new UsageError(`-o jsonpath=${sanitizeLine(template)}: ${sanitizeLine(why)}`, { hint: HINT });
}

export interface CustomColumn {
  readonly head: string;
  readonly path: string;
}

/** `NAME:.metadata.name,STAGE:.status.stage`. @throws UsageError when it is none */
export function customColumns(spec: string): CustomColumn[] {
  return spec.split(',').map((column) => {
    const [, head = '', path = ''] = /^([^:]+):(.+)$/.exec(column) ?? [];
    if (head === '') {
      throw new UsageError(
        `-o custom-columns=${sanitizeLine(spec)}: ${JSON.stringify(sanitizeLine(column))} is no HEADER:PATH`,
        {
          hint: 'for example -o custom-columns=NAME:.metadata.name,STAGE:.status.stage',
        },
      );
    }
    return { head, path: pathOf(path.replace(/^\{(.*)\}$/, '$1').replace(/^(?![.$@[])/, '.'), spec) };
  });
}

export function columnText({ path }: CustomColumn, object: unknown): string {
  const found = valuesAt(path, object).map(textOf);
  return found.length === 0 ? '<none>' : sanitizeLine(found.join(','));
}
