/** What stands before the first separator and behind it; undefined behind it where there is none. */
export function splitOnce(text: string, separator: string): [before: string, behind: string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
