import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact, redactUrls } from '../../src/text/redact.ts';

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

  it('replaces the longer of two secrets first', () => {
    expect(redact('abcdefgh', ['abcd', 'abcdefgh'])).toBe('***');
  });

  it('leaves short values alone, which are everywhere by chance', () => {
    expect(redact('a yes is a yes', ['yes', '', 'a'])).toBe('a yes is a yes');
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

  it('survives texts that have no encoding', () => {
    expect(redact('x\ud800abcdy', ['\ud800abcd'])).toBe('x***y');
  });
});
