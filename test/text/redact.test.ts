import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact, redactUrls } from '../../src/text/redact.ts';
import { runs } from '../support/search-depth.ts';

describe('redacting', () => {
  const secret = 'p@ss w/ö"rd+1';

  it.each([
    ['as it is', secret],
    ['in a URL', encodeURIComponent(secret)],
    ['in a URL in lower case', encodeURIComponent(secret).replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())],
    ['in a form', new URLSearchParams({ q: secret }).toString().slice(2)],
    ['in JSON', JSON.stringify(secret).slice(1, -1)],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in base64url', Buffer.from(secret).toString('base64url')],
    ['in hex', Buffer.from(secret).toString('hex').toUpperCase()],
    ['in HTML', 'p@ss w/&#xf6;&quot;rd&#43;1'],
    ['in JSON as Go and Python write it', 'p@ss w\\/\\u00f6\\"rd\\u002b1'],
    ['decoded as a form', 'p@ss w/ö"rd 1'],
    ['in a URL within a query', encodeURIComponent(encodeURIComponent(secret))],
    [
      'in a URL within JSON within HTML',
      encodeURIComponent(JSON.stringify(secret)).slice(3, -3).replaceAll('%', '&percnt;'),
    ],
    ['in a host name', secret.toUpperCase().replace('Ö', 'ö')],
    ['in Latin-1', 'p%40ss%20w%2F%F6%22rd%2B1'],
  ])('takes out a secret %s', (_how, form) => {
    expect(redact(`before ${form} after`, [secret])).toBe('before *** after');
  });

  it('takes out a password that is part of a longer base64 text, whatever stands before it', () => {
    for (const user of ['a', 'ab', 'abc', 'abcd']) {
      const text = Buffer.from(`${user}:${secret}`).toString('base64');
      const clean = redact(`Authorization: Basic ${text}`, [secret]);
      expect(clean).toContain('***');
      expect(Buffer.from(clean.split(' ').at(-1)!, 'base64').toString()).not.toContain('ss w/');
    }
  });

  it('takes out secrets without the newline that files end with, and single lines of keys', () => {
    expect(redact('token is hunter22', ['hunter22\n'])).toBe('token is ***');
    const pem = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nEFAASCBKcwggSjAgEAAoIBAQC7\n-----END KEY-----\n';
    expect(redact('at EFAASCBKcwggSjAgEAAoIBAQC7 of', [pem])).toBe('at *** of');
  });

  it.each([
    ['Cannot POST /hooks/T000/CANARYpath', 'Cannot POST ***'],
    ['no hook /hooks/T000/CANARYpath?code=CANARY+code', 'no hook ***'],
    ['unknown: CANARY code', 'unknown: ***'],
    ['GET https://hooks.test/hooks/T000/CANARYpath/api', 'GET https://hooks.test***/api'],
    ['bad password p/w', 'bad password ***'],
    ['https://hooks.test is busy', 'https://hooks.test is busy'],
  ])('takes out what servers repeat of a secret that is a URL: %s', (text, clean) => {
    const url = 'https://joe:p%2Fw@hooks.test:443/hooks/T000/CANARYpath?code=CANARY%20code\n';
    expect(redact(text, [url])).toBe(clean);
  });

  it('takes a short path of such a URL for no secret', () => {
    expect(redact('GET /api', ['https://prom.test/api'])).toBe('GET /api');
    expect(redact('GET /', ['https://prom.test/'])).toBe('GET /');
  });

  it('replaces the longer of two secrets first', () => {
    expect(redact('abcdefgh', ['abcd', 'abcdefgh'])).toBe('***');
  });

  it.each([
    ['pin=ab7', 'pin=***'],
    ['the key "ab7" is unknown', 'the key "***" is unknown'],
    ['{"key":"ab7"}', '{"key":"***"}'],
    ['?pin=%61b7&x', '?pin=***&x'],
    ['Authorization: YWI3', 'Authorization: ***'],
    ['616237', '***'],
    ['xab7, ab77, _ab7_', 'xab7, ab77, _ab7_'],
    ['p\u00e9ab7', 'p\u00e9ab7'],
  ])('takes out a short value where it stands alone: %s', (text, clean) => {
    expect(redact(text, ['ab7'])).toBe(clean);
  });

  it('takes a single character for no secret', () => {
    expect(redact('exit code 1', ['1'])).toBe('exit code 1');
  });

  it('takes out what a cut text still shows of a secret', () => {
    expect(redact('string ("s3cr3t-t...) cannot be parsed', ['s3cr3t-token'])).toBe(
      'string ("***...) cannot be parsed',
    );
    expect(redact('{"key":"s3cr3t-', ['s3cr3t-token'])).toBe('{"key":"***');
    expect(redact('denied for s3cr3t-to…', ['s3cr3t-token'])).toBe('denied for ***…');
    expect(redact('s3cr3t-words are none', ['s3cr3t-token'])).toBe('s3cr3t-words are none');
  });

  it('takes out parameters that are named like a credential', () => {
    expect(redactUrls('GET http://h/q?api_key=K1&q=sum(x{key="v"})&X-Amz-Signature=ab%20c&access_token=t#f')).toBe(
      'GET http://h/q?api_key=***&q=sum(x{key="v"})&X-Amz-Signature=***&access_token=***#f',
    );
    expect(redactUrls('a?page=2&amp;token=x')).toBe('a?page=2&amp;token=***');
  });

  it('leaves JSON what it is, whatever parameters stand in its texts', () => {
    const url = 'http://h/q?api_key=K1';
    for (const text of [`GET "${url}" failed`, JSON.stringify({ url, next: 'n' }), `${url}&token=a\\b"`])
      for (const value of [text, JSON.stringify([text])])
        expect(JSON.parse(redactUrls(JSON.stringify(value)))).toBe(redactUrls(value));
    expect(redactUrls(JSON.stringify(`"${url}"`))).toBe(String.raw`"\"http://h/q?api_key=***\""`);
  });

  it('takes out passwords that no URL can hold', () => {
    expect(redactUrls('http://user:pa/ss?@h:1/x is no URL')).toBe('http://***@h:1/x is no URL');
    expect(redactUrls('http://user:p@ss@h/x')).toBe('http://***@h/x');
    expect(redactUrls('http://h:8080/a@b and http://[::1]:80/a@b and https://h/?a=b@c')).toBe(
      'http://h:8080/a@b and http://[::1]:80/a@b and https://h/?a=b@c',
    );
  });

  it('takes credentials out of URLs', () => {
    expect(redactUrls('GET https://user:pass@prom.example/x?a=b@c and http://tok@h')).toBe(
      'GET https://***@prom.example/x?a=b@c and http://***@h',
    );
    expect(redact('postgres://u:p@h/db', [])).toBe('postgres://***@h/db');
    expect(redactUrls('http://h/path mail@example.com')).toBe('http://h/path mail@example.com');
  });

  it('never leaves a secret in the text', () => {
    const secret = fc.string({ minLength: 4 }).filter((value) => value.trim().length >= 4 && !value.includes('*'));
    fc.assert(
      fc.property(fc.string(), fc.string(), secret, (before, after, value) => {
        expect(redact(`${before}${value}${after}`, [value])).not.toContain(value);
      }),
    );
  });

  it('leaves no secret behind encodings upon encodings, even where it holds what looks like an escape', () => {
    const encodings: readonly ((text: string) => string)[] = [
      (text) => text,
      encodeURIComponent,
      (text) => new URLSearchParams([['', text]]).toString().slice(1),
      (text) => JSON.stringify(text).slice(1, -1),
      (text) => text.replaceAll(/[^\w]/g, (char) => `&#${char.codePointAt(0)};`),
      (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
    ];
    const alphabet = [...`a0+/=&?#%"'\\<>:;é`.split(''), '%41', '\\n', '&amp;', '&#65;', '\\u0041', '%25', '+ '];
    const encoding = fc.constantFrom(...encodings);
    const value = fc.string({ unit: fc.constantFrom(...alphabet), minLength: 3 }).map((text) => `Q${text}Z1`);
    fc.assert(
      fc.property(value, fc.array(encoding, { maxLength: 3 }), (secret, chain) => {
        const encoded = chain.reduce((text, encode) => encode(text), secret);
        expect(redact(`before ${encoded} behind`, [secret])).toBe('before *** behind');
      }),
      { numRuns: runs(1_000) },
    );
  });

  it('survives texts that have no encoding', () => {
    expect(redact('x\ud800abcdy', ['\ud800abcd'])).toBe('x***y');
  });
});
