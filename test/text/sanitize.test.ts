import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sanitizeLine, sanitizeText } from '../../src/text/sanitize.ts';

const anyText = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    fc.constantFrom('\u001b[31m', '\r\n', '\u{e0041}', '\u202e', 'a'),
  ),
});

/** What could steer a terminal or hide text. */
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const DANGEROUS =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u00ad]|[\u{e0000}-\u{e007f}]/u;

describe('sanitizing', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m'],
    ['\u001b]8;;http://evil\u0007click\u001b]8;;\u0007', '\\x1b]8;;http://evil\\x07click\\x1b]8;;\\x07'],
    ['\u009b2J', '\\x9b2J'],
    ['abc\u202edcba', 'abc\\u202edcba'],
    ['\u2066x\u2069', '\\u2066x\\u2069'],
    ['a\u200bb\ufeffc\u00add', 'a\\u200bb\\ufeffc\\xadd'],
    ['a\nb\rc\td\0', 'a\\nb\\rc\\td\\x00'],
    ['a\u2028b', 'a\\u2028b'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\u3164', '\\u3164'],
    ['\ud800x', '\\ud800x'],
    ['', ''],
    ['plain text, naïve, 日本, ❤️, 100 %', 'plain text, naïve, 日本, ❤️, 100 %'],
  ])('makes %j visible on a line', (text, visible) => {
    expect(sanitizeLine(text)).toBe(visible);
  });

  it('keeps newlines and tabs of a text of several lines', () => {
    expect(sanitizeText('a\r\nb\n\tc\u001b[2J\rd')).toBe('a\nb\n\tc\\x1b[2J\\rd');
  });

  it('leaves nothing dangerous, whatever the text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(sanitizeLine(text)).not.toMatch(DANGEROUS);
        expect(sanitizeLine(text)).not.toMatch(/[\n\t]/);
        expect(sanitizeText(text)).not.toMatch(DANGEROUS);
      }),
    );
  });

  it('is idempotent', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(sanitizeLine(sanitizeLine(text))).toBe(sanitizeLine(text));
        expect(sanitizeText(sanitizeText(text))).toBe(sanitizeText(text));
      }),
    );
  });

  it('leaves printable ASCII alone', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) }),
        (text) => {
          expect(sanitizeLine(text)).toBe(text);
        },
      ),
    );
  });
});
