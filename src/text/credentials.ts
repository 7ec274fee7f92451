/** Finds credentials in objects by the names of their fields, and hides them. Pure. */
import { isCredentialName, isPlainHeader } from './credential-names.ts';
import { percentDecoded } from './percent.ts';
import { redact, REDACTED, redactUrls } from './redact.ts';

/** Fields that name where a secret is, or have nothing to do with one (`matchExpressions[].key`). */
const REFERENCES = new Set(['secret', 'key']);

/**
 * Values that must not be shown: of fields and of `{name, value}` pairs that are named like a credential, of headers of
 * metrics, and what stands in URLs before the host and in their parameters.
 */
export function credentialsIn(value: unknown): string[] {
  const found = new Set<string>();
  visit(value, '', (text, isCredential, isLiteral) => {
    for (const one of isCredential ? partsOf(text, isLiteral) : inText(text)) found.add(one);
    return text;
  });
  return [...found];
}

/** A shorter one stands in other words, too. */
const SHORTEST_REDACTED = 4;

/** Those that are hidden in every text, wherever it comes from. */
export const credentialsToRedact = (value: unknown): string[] =>
  credentialsIn(value).filter((one) => one.trim().length >= SHORTEST_REDACTED);

/** The same object with `***` in their places. Placeholders stay: they are no credentials. */
export function hideCredentials<T>(value: T): T {
  return visit(value, '', (text, isCredential, isLiteral) => {
    if (isCredential) return isSecret(text, isLiteral) ? REDACTED : text;
    const inside = inText(text);
    if (inside.length > 0) return redact(text, inside);
    return text.includes('://') ? redactUrls(text) : text;
  }) as T;
}

/** The same object without these secrets in any of its texts. */
export function redactTexts<T>(value: T, secrets: readonly string[]): T {
  return visit(value, '', (text) => redact(text, secrets)) as T;
}

/** `isLiteral`: nothing is put in place of a `$name`, whatever it looks like. */
type Change = (text: string, isCredential: boolean, isLiteral: boolean) => string;

function visit(value: unknown, key: string, change: Change, isLiteral = false): unknown {
  if (typeof value === 'string') return change(value, isCredentialName(key) && !REFERENCES.has(key), isLiteral);
  if (Array.isArray(value))
    return value.map((item: unknown) =>
      isPair(item)
        ? { ...item, value: change(item.value, isCredentialPair(item.name, key), isLiteral) }
        : visit(item, key, change, isLiteral),
    );
  if (typeof value !== 'object' || value === null) return value;
  // Only fields of its secret are put into the headers of a metric.
  const fillsHeaders = 'secret' in value && value.secret !== undefined;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      // Nothing but `@< >@` of a message is put into `headers`, be they of load or of a message.
      visit(item, name, change, isLiteral || name === 'headers' || (name === 'headerTemplates' && !fillsHeaders)),
    ]),
  );
}

const isPair = (item: unknown): item is { readonly name: string; readonly value: string } =>
  typeof item === 'object' &&
  item !== null &&
  'name' in item &&
  typeof item.name === 'string' &&
  'value' in item &&
  typeof item.value === 'string';

const isCredentialPair = (name: string, list: string): boolean =>
  list === 'headerTemplates' ? !isPlainHeader(name) : isCredentialName(name);

/** Perhaps a scheme, and nothing but placeholders: `Bearer ${token}`. A dollar within a password makes it none. */
const TEMPLATE = /^\s*(?:[A-Za-z][\w-]*\s+)?(?:(?:\$\{\w+\}|\$[A-Za-z_]\w*|@<[^<>]*>@)\s*)+$/;

/** The same where a dollar means nothing. */
const MESSAGE_TEMPLATE = /^\s*(?:[A-Za-z][\w-]*\s+)?(?:@<[^<>]*>@\s*)+$/;

const isSecret = (text: string, isLiteral = false): boolean =>
  text.trim() !== '' && text !== REDACTED && !(isLiteral ? MESSAGE_TEMPLATE : TEMPLATE).test(text);

/** A credential as it is, and without the scheme before it (`Bearer`). Nothing when it is made of placeholders. */
function partsOf(text: string, isLiteral: boolean): string[] {
  if (!isSecret(text, isLiteral)) return [];
  const [first = '', ...rest] = text.trim().split(/\s+/);
  const words = rest.length === 0 ? [first] : rest;
  const basic = /^basic$/i.test(first)
    ? Buffer.from(rest[0] ?? '', 'base64')
        .toString('utf8')
        .split(/:(.*)/s)
    : [];
  // A short word may be one of any sentence.
  return [text, ...words.filter((word) => word.length >= 8), ...(basic[1] === undefined ? [] : [basic[1]])];
}

const URL_PART = /[a-z][a-z0-9+.-]{0,30}:\/\/[^\s"]+/gi;

/** In URLs, and in bodies that are JSON or forms. */
function inText(text: string): string[] {
  const found: string[] = [];
  for (const [url] of text.includes('://') ? text.matchAll(URL_PART) : []) {
    const [, userinfo] = /^[^:]*:\/\/([^/?#]*)@/.exec(url) ?? [];
    if (userinfo !== undefined) {
      const [user = '', password] = userinfo.split(/:(.*)/s);
      found.push(password === undefined || password === '' ? user : password);
    }
    const [, query] = /\?([^#]*)/.exec(url) ?? [];
    if (query !== undefined) found.push(...inForm(query));
  }
  if (/^\s*[{[]/.test(text)) found.push(...inJson(text));
  else if (/^[\w.~%[\]-]+=/.test(text)) found.push(...inForm(text));
  return found.flatMap((one) => [one, percentDecoded(one)]).filter((one) => isSecret(one));
}

function inForm(text: string): string[] {
  return text.split('&').flatMap((pair) => {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
    return isCredentialName(percentDecoded(name)) ? [value] : [];
  });
}

function inJson(text: string): string[] {
  try {
    return credentialsIn(JSON.parse(text));
  } catch {
    return [];
  }
}
