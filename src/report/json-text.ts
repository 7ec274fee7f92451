/** JSON as text that is safe to show: what a terminal would act upon is escaped, which changes nothing for a parser. */

// C1 controls, soft hyphen, zero-width and bidirectional controls, line separators, tags: JSON.stringify leaves them as they are.
const UNSAFE = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    UNSAFE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
