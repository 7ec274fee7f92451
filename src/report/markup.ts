/**
 * HTML, SVG and XML as values. A text that is put into a template is escaped; only what a template made is markup. What could
 * steer a terminal or reorder text is made visible first, which also removes what XML cannot hold.
 */
import { sanitizeLine, sanitizeText } from '../text/sanitize.ts';

/** Markup that is finished. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Markup | string | number | undefined | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** XML has no way to write the two that are no characters. */
function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!).replace(/[\ufffe\uffff]/g, '\ufffd');
}

function render(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(render).join('');
  return escapeMarkup(sanitizeLine(String(part)));
}

/** Text and attribute values alike are escaped; attributes must be written between double quotes. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.map((text, at) => (at === 0 ? text : render(parts[at - 1]) + text)).join(''));
}

/** Text of several lines, which keep their ends. */
export function lines(text: string): Markup {
  return new Markup(escapeMarkup(sanitizeText(text)));
}

/** Between the two there is a newline. */
export function joined(parts: readonly Markup[]): Markup {
  return new Markup(parts.map(({ text }) => text).join('\n'));
}
