/** From objects to YAML, in the style of kubectl: the same object always gives the same bytes. */
import { dump } from 'js-yaml';

/**
 * One YAML document. Keys keep their order; fields that are `undefined` are left out, as in JSON; texts that a reader of
 * YAML 1.1 or 1.2 could take for something else (`"0.01"`, `"true"`, `"150e-9"`) are quoted, so that reading gives the same
 * object. Throws on what JSON cannot hold.
 */
export function writeYaml(value: unknown): string {
  return dump(plain(value), { lineWidth: -1, seqNoIndent: true, quoteStyle: 'double' });
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
