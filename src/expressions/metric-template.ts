/**
 * `$name` and `${name}` in the texts of a Metric: params, body, URL and headers. Unknown names stay as they are; `$$` is a dollar.
 * Source: iter8.md 1; the predecessor used Python's string.Template, whose names these are.
 */

const PLACEHOLDER = /\$(?:(\$)|([_a-z][_a-z0-9]*)|\{([_a-z][_a-z0-9]*)\})/gi;

/** `write` puts a value into the text: as it is, by default. */
export function fillMetricTemplate(
  text: string,
  values: Readonly<Record<string, string>>,
  write: (value: string) => string = (value) => value,
): string {
  return text.replace(PLACEHOLDER, (whole, dollar?: string, bare?: string, braced?: string) => {
    if (dollar !== undefined) return '$';
    const name = bare ?? braced ?? '';
    return Object.hasOwn(values, name) ? write(values[name]!) : whole;
  });
}
