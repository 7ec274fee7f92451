/**
 * Puts values of an experiment into the query of a metric, so that they stay values: whoever writes the experiment must not
 * gain what the metric may read. In a label matcher of PromQL (LogQL, ...) a value is escaped as there; where the language is
 * unknown, what could end a text or add to the query is refused. Pure.
 */
import { percentDecoded } from '../text/percent.ts';
import { MetricTemplateError, type TemplatePlace } from './metric-template.ts';

/** An open brace, whole matchers, and the operator of one more: `x{a="b",v=~`. */
const MATCHER = /\{(?:[^{}"'`]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)*(?:=~|!~|!=|=)\s*$/;
/** Names, numbers, durations: nothing that is an operator or a separator anywhere, but for signs within names. */
const BARE = /^[\w.:@/-]*$/;
/** A matcher with quotes, or a range. */
const PROMQL = /\{[^{}]*(?:=~|!~|!=|=)\s*["'`]|\w\s*\[/;
/** No operator of PromQL: there names have no `-` and no `/`. */
const BARE_IN_PROMQL = /^(?:[\w.:]*|-\d+(?:\.\d+)?)$/;
const ENDS_TEXT = /["'`\\\p{Cc}\u2028\u2029]/u;

/** In a text that is a query by itself, such as the value of a parameter. @throws MetricTemplateError */
export function queryValue(value: string, place: TemplatePlace): string {
  // Nothing stands around it: it is no part of a query.
  if (place.before === '' && place.after === '') return value;
  const open = openQuote(place.before);
  if (open === undefined) {
    const bare = PROMQL.test(place.before + place.after) ? BARE_IN_PROMQL : BARE;
    if (bare.test(value)) return value;
    throw unsafe(place, 'outside of quotes a query takes only a name or a number; put quotes around it in the metric');
  }
  if (MATCHER.test(open.before)) return inMatcher(value, open.quote, place);
  if (!ENDS_TEXT.test(value)) return value;
  throw unsafe(place, 'there it may hold no quotes, backslashes or line breaks');
}

function inMatcher(value: string, quote: string, place: TemplatePlace): string {
  if (quote !== '`')
    return value.replace(/["'\\\p{Cc}]/gu, (char) =>
      char === '\\' || char === quote ? `\\${char}` : char === '"' || char === "'" ? char : control(char),
    );
  if (!value.includes('`')) return value;
  throw unsafe(place, 'between backticks it may hold no backtick');
}

const control = (char: string): string =>
  char === '\n'
    ? '\\n'
    : char < '\x80'
      ? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
      : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** In a JSON text: within its strings, which may hold a query again, or as a number. @throws MetricTemplateError */
export function jsonValue(value: string, place: TemplatePlace): string {
  const start = openJsonString(place.before);
  if (start === undefined) {
    if (/^[\w.+-]*$/.test(value)) return value;
    throw unsafe(place, 'outside of quotes JSON takes only a number; put quotes around it in the metric');
  }
  const before = unescaped(place.before.slice(start));
  const [after = ''] = /^(?:[^"\\]|\\.)*/s.exec(place.after) ?? [];
  return JSON.stringify(queryValue(value, { ...place, before, after: unescaped(after) })).slice(1, -1);
}

/** In a form, `a=1&b=2`. @throws MetricTemplateError */
export function formValue(value: string, place: TemplatePlace): string {
  const before = place.before.slice(place.before.lastIndexOf('&') + 1).replace(/^[^=]*=/, '');
  const [after = ''] = /^[^&]*/.exec(place.after) ?? [];
  return encodeURIComponent(
    queryValue(value, { ...place, before: decoded(before), after: decoded(after) }).toWellFormed(),
  );
}

/**
 * A field of a secret in a URL. In the path and in the query it is encoded; before, it may be the whole beginning of a URL, a
 * host or a part of one. @throws MetricTemplateError
 */
export function urlValue(value: string, { name, before, after }: TemplatePlace): string {
  if (before === '') return value;
  const [, rest] = /^[a-z][a-z0-9+.-]*:\/\/(.*)$/is.exec(before) ?? [];
  if (rest === undefined || !/[/?#]/.test(rest)) {
    if (/^[^/?#]*@/.test(after)) return encodeURIComponent(value.toWellFormed());
    if (!/[/?#@\\\s]/.test(value)) return value;
    throw new MetricTemplateError(`field ${name} of the secret cannot be a part of a host`);
  }
  const encoded = encodeURIComponent(value.toWellFormed());
  return /[?#]/.test(rest) ? encoded : encoded.replaceAll('%2F', '/');
}

/** The quote that is open at the end of a text, and what stands before it. */
function openQuote(text: string): { readonly quote: string; readonly before: string } | undefined {
  let open: { readonly quote: string; readonly before: string } | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if (open !== undefined && char === '\\' && open.quote !== '`') at += 1;
    else if (char === open?.quote) open = undefined;
    else if (open === undefined && /["'`]/.test(char)) open = { quote: char, before: text.slice(0, at) };
  }
  return open;
}

/** Where the JSON string begins that is open at the end of a text. */
function openJsonString(text: string): number | undefined {
  let start: number | undefined;
  for (let at = 0; at < text.length; at += 1) {
    if (start !== undefined && text[at] === '\\') at += 1;
    else if (text[at] === '"') start = start === undefined ? at + 1 : undefined;
  }
  return start;
}

function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

const decoded = (text: string): string => percentDecoded(text.replaceAll('+', ' '));

function unsafe({ name }: TemplatePlace, why: string): MetricTemplateError {
  return new MetricTemplateError(`the value of $${name} cannot be put into its query: ${why}`);
}
