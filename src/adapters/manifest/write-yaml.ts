/** From objects to YAML, in the style of kubectl: the same object always gives the same bytes. */
import { dump, SCALAR_STYLE, visit, type Document } from 'js-yaml';
import { otherReading } from './yaml-1-1-scalars.ts';
import { escapeUnsafe } from '../../text/sanitize.ts';

/**
 * One YAML document. Keys keep their order; fields that are `undefined` are left out, as in JSON; texts that a reader of
 * YAML 1.1 or 1.2 could take for something else (`"0.01"`, `"true"`, `"150e-9"`) are quoted, so that reading gives the same
 * object; characters that a terminal would act upon or not draw are escaped. Throws on what JSON cannot hold.
 */
export function writeYaml(value: unknown): string {
  const options = { lineWidth: -1, seqNoIndent: true, quoteStyle: 'double', transform: quoteDoubtful } as const;
  const text = dump(plain(value), options);
  if (escapeUnsafe(text, escaped) === text) return text;
  // Escapes are read between double quotes alone.
  return escapeUnsafe(dump(plain(value), { ...options, transform: quoteUnsafe }), escaped);
}

/** What kubectl would not take for a text. */
function quoteDoubtful(documents: Document[]): void {
  visit(documents, (node) => {
    if (node.kind === 'scalar' && node.tag === 'tag:yaml.org,2002:str' && otherReading(node.value) !== undefined)
      node.style = SCALAR_STYLE.DOUBLE_QUOTED;
  });
}

function quoteUnsafe(documents: Document[]): void {
  quoteDoubtful(documents);
  visit(documents, (node) => {
    if (node.kind === 'scalar' && escapeUnsafe(node.value, escaped) !== node.value)
      node.style = SCALAR_STYLE.DOUBLE_QUOTED;
  });
}

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  const hex = code.toString(16);
  return code < 0x1_00_00 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** Several documents, separated by `---`. */
export function writeYamlDocuments(values: readonly unknown[]): string {
  return values.map(writeYaml).join('---\n');
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => (item === undefined ? null : plain(item)));
  if (value === 0) return 0; // -0 is no JSON
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]: [string, unknown]) => [key, plain(item)]),
  );
}
