/**
 * Takes secrets out of texts that are shown, logged or stored.
 *
 * A secret may have gone through whatever wrote the text: a URL, a form, JSON, HTML, several of them, or cut in its middle. So
 * the text is decoded step by step, secrets are looked for in each, and what they were decoded from is replaced.
 */
import { decodeEscapes, undecoded, type Decoded } from './decode-escapes.ts';
import { isCredentialName } from './credential-names.ts';
import { percentDecoded } from './percent.ts';

/** What stands in the place of a secret. */
export const REDACTED = '***';

/** Shorter values are in many words by chance: they are hidden where they stand alone. A single character is no secret. */
const MIN_LENGTH = 4;
const MIN_ALONE = 2;
/** A part of a secret that is one by itself. */
const LONG = 16;
const MIN_URL_PART = 8;
/** So much of the beginning of a secret is one where the text is cut behind it (`s3cr3t-t...`). */
const MIN_CUT = 6;
/** A URL within a query within JSON; nobody encodes more often. */
const MOST_ENCODINGS = 4;

/** Up to the last `@` before the path; or, where what should be a port is none, before the next space. */
const USERINFO =
  /\b([a-z][a-z0-9+.-]{0,30}:\/\/)(?:(?:[^\s/?#"\\]|\\.){1,2000}|(?!\[)[^\s/?#@":]{0,300}:(?!\d{0,5}(?:[\s/?#"',)\]}>]|$))[^\s"]{0,2000})@/gi;
/** Up to what ends a value; the backslashes before a quote belong to the quote, which ends a text within JSON. */
const PARAMETER = /([?&](?:amp;)?)([\w.~%[\]-]{1,100})=(?:[^&\s"'<>#;\\]|\\+(?![\\"]))+/g;

/** The same text without user names, passwords, and parameters named like a credential in URLs. */
export function redactUrls(text: string): string {
  const clean = text.includes('://') ? text.replace(USERINFO, `$1${REDACTED}@`) : text;
  if (!clean.includes('=')) return clean;
  return clean.replace(PARAMETER, (whole, separator: string, name: string) =>
    isCredentialName(name) ? `${separator}${name}=${REDACTED}` : whole,
  );
}

/**
 * The same text without the secrets, in whatever form they may have got into it: as they are, encoded for a URL, a form, JSON or
 * HTML, in base64 (also inside a longer base64 text, such as `user:password`), in hex; and without credentials in URLs.
 */
export function redact(text: string, secrets: Iterable<string>): string {
  return redactUrls(withoutRanges(text, rangesOf(secrets, text)));
}

/** Whether one of them is in the text, in whatever form `redact` finds it. */
export function holdsSecret(text: string, secrets: Iterable<string>): boolean {
  return rangesOf(secrets, text).length > 0;
}

function rangesOf(secrets: Iterable<string>, text: string): Range[] {
  const needles = needlesOf(secrets);
  if (needles.length === 0) return [];
  const ranges: Range[] = [];
  const seen = new Set<string>();
  let layers: readonly Decoded[] = [undecoded(text)];
  for (let depth = 0; layers.length > 0 && depth <= MOST_ENCODINGS; depth += 1) {
    // Percent signs first and HTML then often give the same as the other way round.
    const fresh = layers.filter((layer) => !seen.has(layer.text) && seen.add(layer.text));
    for (const layer of fresh) addMatches(ranges, layer, needles);
    layers = fresh.flatMap(decodeEscapes);
  }
  return ranges;
}

type Range = readonly [start: number, end: number];

interface Needle {
  readonly text: string;
  /** Only where it is no part of a word. */
  readonly alone: boolean;
}

function addMatches(ranges: Range[], layer: Decoded, needles: readonly Needle[]): void {
  const text = folded(layer.text);
  for (const needle of needles) {
    if (needle.alone) addAlone(ranges, layer, text, needle.text);
    else addAnywhere(ranges, layer, text, needle.text);
  }
}

const WORD = /[\p{L}\p{N}_]/u;

function addAlone(ranges: Range[], layer: Decoded, text: string, needle: string): void {
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1)) {
    const end = at + needle.length;
    const isPart = (near: string, own: string) => WORD.test(near) && WORD.test(own);
    if (!isPart(text.charAt(at - 1), needle.charAt(0)) && !isPart(text.charAt(end), needle.slice(-1)))
      ranges.push([layer.startOf(at), layer.endOf(end - 1)]);
  }
}

function addAnywhere(ranges: Range[], layer: Decoded, text: string, needle: string): void {
  const beginning = needle.slice(0, MIN_CUT);
  for (let at = text.indexOf(beginning); at >= 0; at = text.indexOf(beginning, at + 1)) {
    let length = beginning.length;
    while (length < needle.length && text.charCodeAt(at + length) === needle.charCodeAt(length)) length += 1;
    const end = at + length;
    if (length === needle.length || end === text.length || text[end] === '…' || text.startsWith('...', end))
      ranges.push([layer.startOf(at), layer.endOf(end - 1)]);
  }
}

function withoutRanges(text: string, ranges: readonly Range[]): string {
  let clean = '';
  let written = 0;
  for (const [start, end] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (start > written || written === 0) clean += text.slice(written, start) + REDACTED;
    written = Math.max(written, end);
  }
  return clean + text.slice(written);
}

/** Letters of ASCII in lower case, as host names are; a form writes a space as a plus, and reads a plus as a space. */
function folded(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()).replaceAll('+', ' ');
}

/** Of lists that many lines are looked through for. */
const known = new WeakMap<Iterable<string>, readonly Needle[]>();

function needlesOf(secrets: Iterable<string>): readonly Needle[] {
  const present = known.get(secrets);
  if (present !== undefined) return present;
  const needles = formsOf(secrets);
  // An iterator gives its values once.
  if (Array.isArray(secrets)) known.set(secrets, needles);
  return needles;
}

function formsOf(secrets: Iterable<string>): Needle[] {
  const needles = new Map<string, Needle>();
  for (const secret of secrets) {
    const trimmed = secret.trim();
    for (const plain of [secret, trimmed, ...lines(trimmed), ...partsOfUrl(trimmed)]) {
      const { length } = plain.trim();
      if (length < MIN_ALONE) continue;
      const alone = length < MIN_LENGTH;
      for (const form of [plain, Buffer.from(plain, 'utf8').toString('hex'), ...base64Forms(plain)]) {
        const text = folded(form);
        if (needles.get(text)?.alone !== false) needles.set(text, { text, alone });
      }
    }
  }
  return [...needles.values()];
}

/** Long lines of a secret of several, such as a key in PEM: one of them may be shown alone. */
function lines(secret: string): string[] {
  return secret.includes('\n')
    ? secret.split(/\r?\n/).filter((line) => line.length >= LONG && !line.startsWith('-----'))
    : [];
}

/**
 * Of a secret that is a URL, such as that of a webhook: servers and clients repeat its path and what stands in it (`Cannot POST
 * /hooks/...`). Short ones are in many texts (`/api`).
 */
function partsOfUrl(secret: string): string[] {
  if (!/^https?:\/\//i.test(secret) || !URL.canParse(secret)) return [];
  const { pathname, search, searchParams, password } = new URL(secret);
  const segments = pathname.split('/').filter((segment) => segment.length >= LONG);
  const long = [`${pathname}${search}`, pathname, ...segments, ...searchParams.values()].filter(
    (part) => part.length >= MIN_URL_PART,
  );
  return [...long, password].flatMap((part) => [part, percentDecoded(part)]);
}

/**
 * How base64 shows a text that starts at each of the three places in a group of three bytes, without the characters that
 * its neighbours share. In the standard and the URL alphabet.
 */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8');
  const forms = [bytes.toString('base64'), bytes.toString('base64').replace(/=+$/, '')];
  for (const before of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const first = before === 0 ? 0 : before + 1;
    const last = (before + bytes.length) % 3 === 0 ? shifted.length : shifted.length - 1;
    const middle = shifted.slice(first, last);
    if (middle.length >= 6) forms.push(middle);
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}
