/**
 * Plain scalars that kubectl reads otherwise than we do: it takes YAML 1.1 as go-yaml 2 has it, where `0500` is 320, `no` is false
 * and `1_000` a number. Whoever writes one means one of the two, and we cannot know which. Tested against kubectl itself.
 */
import { EVENT_ID, getScalarValue, SCALAR_STYLE, type Event, type ScalarEvent } from 'js-yaml';

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'].map((text) => [text, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF'].map((text) => [text, false] as const),
]);
const DECIMAL = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const INFINITE = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;

/** What kubectl makes of a plain scalar, in words; undefined where it is what we make of it. */
export function otherReading(text: string): string | undefined {
  const boolean = BOOLEANS.get(text);
  if (boolean !== undefined) return String(boolean);
  if (INFINITE.test(text)) return 'a number that JSON does not have, and refuses';
  if (!/^[-+.0-9]/.test(text)) return undefined;
  const theirs = goNumber(text.replaceAll('_', ''));
  return theirs === undefined || theirs === ourNumber(text) ? undefined : String(theirs);
}

/** Base 0 of Go: a leading 0 is octal, where the digits allow it. */
function goNumber(text: string): number | undefined {
  const [, sign = '', digits = ''] = /^([-+]?)(.*)$/.exec(text) ?? [];
  const radix = /^0[0-7]+$/.test(digits) ? 8 : /^0[xX][0-9a-fA-F]+$|^0[bB][01]+$|^0[oO][0-7]+$/.test(digits) ? 0 : 10;
  if (radix === 10) return DECIMAL.test(text) ? Number(text) : undefined;
  const value = radix === 8 ? Number.parseInt(digits, 8) : Number(digits.toLowerCase());
  return sign === '-' ? -value : value;
}

/** The core schema of YAML 1.2. */
function ourNumber(text: string): number | undefined {
  return DECIMAL.test(text) || /^0o[0-7]+$|^0x[0-9a-fA-F]+$/.test(text) ? Number(text) : undefined;
}

/**
 * Names of one letter: `n` is the usual name of a number of requests. An API server refuses the boolean that kubectl makes of it,
 * so that nobody gets another answer by it: it is pointed out, not refused.
 */
export const isLetter = (text: string): boolean => /^[yYnN]$/.test(text);

/** A scalar whose text decides what it is. */
export function isPlain({ style, tagStart, valueStart }: ScalarEvent): boolean {
  return style === SCALAR_STYLE.PLAIN && tagStart < 0 && valueStart >= 0;
}

/** Letters, digits and signs that one may begin with. */
const FIRST: ReadonlySet<number> = new Set(Array.from('yYnNoO+-.0123456789', (character) => character.charCodeAt(0)));

/** Quick, for texts that have none: every start of `describe -f` waits for it. */
export function hasOtherReadings(events: readonly Event[], text: string): boolean {
  return events.some(
    (event) =>
      event.type === EVENT_ID.SCALAR &&
      isPlain(event) &&
      FIRST.has(text.charCodeAt(event.valueStart)) &&
      otherReading(getScalarValue(text, event)) !== undefined,
  );
}

/** The sentence about one. */
export function otherReadingText(text: string, theirs: string): string {
  const ways = /^[-+.0-9]/.test(text) && !INFINITE.test(text) ? 'write the number plainly, or quote it' : 'quote it';
  return `kubectl reads ${text} as ${theirs}; ${ways}: "${text}"`;
}
