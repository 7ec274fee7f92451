/**
 * `$name` and `${name}` in the texts of a Metric: params, body, URL and headers. Unknown names stay as they are; `$$` is a dollar.
 * Source: docs/contract.md 1; the predecessor used Python's string.Template, whose names these are.
 */
import { formatCount } from '../text/units.ts';

const PLACEHOLDER = /\$(?:(\$)|([_a-z][_a-z0-9]*)|\{([_a-z][_a-z0-9]*)\})/gi;

/** Looking at what stands before each placeholder takes time with the length of the text. */
const MOST_PLACEHOLDERS = 500;
const MOST_LENGTH = 100_000;

/** A template that cannot be filled in, or a value that cannot stand where it should. The message names no metric. */
export class MetricTemplateError extends Error {
  override readonly name = 'MetricTemplateError';
}

/** Where a value is put. */
export interface TemplatePlace {
  /** Name of the placeholder. */
  readonly name: string;
  /** Text of the template before it, with `x` in the place of earlier values. */
  readonly before: string;
  /** Text of the template behind it, with its placeholders. */
  readonly after: string;
}

/** `write` puts a value into the text: as it is, by default. @throws MetricTemplateError */
export function fillMetricTemplate(
  text: string,
  values: Readonly<Record<string, string>>,
  write: (value: string, place: TemplatePlace) => string = (value) => value,
): string {
  let before = '';
  let filled = '';
  let read = 0;
  const copy = (part: string) => {
    before += part;
    filled += part;
  };
  const placeholders = [...text.matchAll(PLACEHOLDER)];
  if (placeholders.length > MOST_PLACEHOLDERS || (placeholders.length > 0 && text.length > MOST_LENGTH))
    throw new MetricTemplateError(
      `a template may have ${MOST_PLACEHOLDERS} placeholders and ${formatCount(MOST_LENGTH)} characters at most`,
    );
  for (const found of placeholders) {
    const [whole, dollar, bare, braced] = found;
    const end = found.index + whole.length;
    copy(text.slice(read, found.index));
    read = end;
    const name = bare ?? braced ?? '';
    if (dollar !== undefined) copy('$');
    else if (!Object.hasOwn(values, name)) copy(whole);
    else {
      filled += write(values[name]!, { name, before, after: text.slice(end) });
      before += 'x';
    }
  }
  return filled + text.slice(read);
}
