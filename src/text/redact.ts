/** Takes secrets out of texts that are shown, logged or stored. */

/** What stands in the place of a secret. */
export const REDACTED = '***';

/** Shorter values are everywhere by chance; replacing them would tell more than it hides. */
const MIN_LENGTH = 4;

/** `user:password@` of a URL, also with only a user (tokens). */
const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@"'<>]+@/gi;

/** The same text without user names and passwords in URLs. */
export function redactUrls(text: string): string {
  return text.replace(URL_CREDENTIALS, `$1${REDACTED}@`);
}

/**
 * The same text without the secrets, in whatever form they may have got into it: as they are, encoded for a URL or a form,
 * in base64 (also inside a longer base64 text, such as `user:password`), escaped for JSON; and without credentials in URLs.
 */
export function redact(text: string, secrets: Iterable<string>): string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    for (const form of formsOf(secret)) forms.add(form);
  }
  const longestFirst = [...forms].toSorted((a, b) => b.length - a.length);
  const clean = longestFirst.reduce((rest, form) => rest.replaceAll(form, REDACTED), text);
  return redactUrls(clean);
}

function formsOf(secret: string): string[] {
  const trimmed = secret.trim();
  const plain = [secret, trimmed, ...lines(trimmed)].filter((form) => form.length >= MIN_LENGTH);
  return plain.flatMap((form) => {
    const percent = percentEncoded(form);
    return [
      form,
      percent,
      percent.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
      percent.replaceAll('%20', '+'),
      new URLSearchParams([['', form]]).toString().slice(1),
      JSON.stringify(form).slice(1, -1),
      ...base64Forms(form),
    ].filter((encoded) => encoded.length >= MIN_LENGTH);
  });
}

/** Long lines of a secret of several, such as a key in PEM: one of them may be shown alone. */
function lines(secret: string): string[] {
  return secret.includes('\n')
    ? secret.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith('-----'))
    : [];
}

/** Never fails: a lone surrogate, which has no encoding, is replaced first. */
function percentEncoded(text: string): string {
  return encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8'));
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
