/**
 * Text that comes from objects, servers and scripts is data: whatever could steer a terminal, hide or reorder characters is
 * made visible as an escape such as `\x1b` or `\u202e`. Both functions are idempotent and leave printable text alone.
 */

/**
 * Control characters (C0, DEL, C1), line and paragraph separators, lone surrogates, format characters (bidi controls,
 * zero-width characters, tags) and letters that are not drawn (Hangul fillers). The two variation selectors of emoji stay.
 */
const UNSAFE = /(?![\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const UNSAFE_BUT_LINES = /(?![\ufe0e\ufe0f\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
/** Most texts are: a column for each character, and nothing to hide. */
export const isPrintableAscii = (text: string): boolean => ASCII.test(text);
const ASCII = /^[ -~]*$/;
const PLAIN_LINES = /^[ -~\n\t]*$/;

/** One line: newlines and tabs are made visible too. */
export function sanitizeLine(text: string): string {
  return isPrintableAscii(text) ? text : text.replace(UNSAFE, visible);
}

/** Several lines: newlines and tabs stay, CRLF becomes a newline. */
export function sanitizeText(text: string): string {
  return isPrintableAscii(text) ? text : text.replaceAll('\r\n', '\n').replace(UNSAFE_BUT_LINES, visible);
}

/** The same text with each such character, but for newlines and tabs, as the syntax of the text around it writes it. */
export function escapeUnsafe(text: string, write: (character: string) => string): string {
  return PLAIN_LINES.test(text) ? text : text.replace(UNSAFE_BUT_LINES, write);
}

/** For a JSON text: with escapes of JSON, which change nothing for a parser. */
export function escapeJson(json: string): string {
  return escapeUnsafe(json, (character) =>
    character
      .split('') // beyond U+FFFF JSON writes two
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function visible(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0)!;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}
