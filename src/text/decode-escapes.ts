/** Takes one layer of escapes off a text, of URLs, JSON and HTML alike, and keeps where each character came from. Pure. */

/** A text with the place in the original of each of its UTF-16 code units. */
export interface Decoded {
  readonly text: string;
  readonly startOf: (index: number) => number;
  readonly endOf: (index: number) => number;
}

/** The original itself. */
export function undecoded(text: string): Decoded {
  return { text, startOf: (index) => index, endOf: (index) => index + 1 };
}

/** Each kind by itself: what looks like an escape of another may be a part of the text. */
const KINDS = [
  { sign: '%', escapes: /(?:%[0-9a-f]{2})+/gi },
  { sign: '\\', escapes: /\\u\{[0-9a-f]{1,6}\}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\[\\"'/bfnrt]/gi },
  { sign: '&', escapes: /&#\d{1,7};|&#x[0-9a-f]{1,6};|&[a-z]{2,8};/gi },
] as const;

const SHORT: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  plus: '+',
  equals: '=',
  sol: '/',
  colon: ':',
  commat: '@',
  num: '#',
  percnt: '%',
  dollar: '$',
};

/** Without one layer of escapes of a URL, of JSON, of HTML: as many texts as there is something to decode in. */
export function decodeEscapes(from: Decoded): Decoded[] {
  return KINDS.flatMap(({ sign, escapes }) => (from.text.includes(sign) ? (decoded(from, escapes) ?? []) : []));
}

/** Undefined when there is nothing to decode. What only looks like an escape stays. */
function decoded(from: Decoded, escapes: RegExp): Decoded | undefined {
  const { text } = from;
  // Never longer than what it is decoded from.
  const starts = new Uint32Array(text.length);
  const ends = new Uint32Array(text.length);
  const parts: string[] = [];
  let length = 0;
  let read = 0;
  const add = (part: string, start: number, end: number) => {
    parts.push(part);
    for (let i = 0; i < part.length; i += 1, length += 1) {
      starts[length] = from.startOf(start);
      ends[length] = from.endOf(end - 1);
    }
  };
  const copyTo = (end: number) => {
    for (let i = read; i < end; i += 1, length += 1) {
      starts[length] = from.startOf(i);
      ends[length] = from.endOf(i);
    }
    parts.push(text.slice(read, end));
    read = end;
  };
  for (const { 0: escape, index } of text.matchAll(escapes)) {
    copyTo(index);
    if (escape.startsWith('%')) addBytes(escape, (part, from_, to) => add(part, index + 3 * from_, index + 3 * to));
    else {
      const character = decodeOne(escape);
      if (character === undefined) continue;
      add(character, index, index + escape.length);
    }
    read = index + escape.length;
  }
  copyTo(text.length);
  const plain = parts.join('');
  return plain === text
    ? undefined
    : { text: plain, startOf: (index) => starts[index]!, endOf: (index) => ends[index]! };
}

/** A run of percent-encoded bytes: UTF-8 where it is, else Latin-1. `add` takes places in bytes. */
function addBytes(run: string, add: (part: string, from: number, to: number) => void): void {
  const bytes = Buffer.from(run.replaceAll('%', ''), 'hex');
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at]!;
    const size = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
    const character = bytes.subarray(at, at + size).toString('utf8');
    if (size > 1 && !character.includes('\ufffd')) {
      add(character, at, at + size);
      at += size;
    } else {
      add(String.fromCharCode(first), at, at + 1);
      at += 1;
    }
  }
}

function decodeOne(escape: string): string | undefined {
  if (escape.startsWith('&#')) {
    const isHex = /^&#x/i.test(escape);
    return fromCode(Number.parseInt(escape.slice(isHex ? 3 : 2), isHex ? 16 : 10));
  }
  if (escape.startsWith('&')) return NAMED[escape.slice(1, -1).toLowerCase()];
  const kind = escape[1]!;
  if (escape.length === 2) return SHORT[kind] ?? kind;
  return fromCode(Number.parseInt(escape.replaceAll(/[^0-9a-f]/gi, '').replace(/^x/i, ''), 16));
}

const fromCode = (code: number): string | undefined => (code <= 0x10ffff ? String.fromCodePoint(code) : undefined);
