import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sanitizeLine, sanitizeText } from '../../src/text/sanitize.ts';

const anyText = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    fc.constantFrom('\u001b[31m', '\r\n', '\u{e0041}', '\u202e', 'a'),
  ),
});

/** Whether a character could steer a terminal, or hide or reorder text. */
function isDangerous(character: string): boolean {
  const code = character.codePointAt(0)!;
  const within = (low: number, high: number) => code >= low && code <= high;
  return (
    (code < 0x20 && character !== '\n' && character !== '\t') ||
    within(0x7f, 0x9f) ||
    [0xad, 0x61c, 0xfeff].includes(code) ||
    within(0x200b, 0x200f) ||
    within(0x2028, 0x202e) ||
    within(0x2060, 0x206f) ||
    within(0xd800, 0xdfff) ||
    within(0xe0000, 0xe007f)
  );
}

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
    ['\ufff9x\ufffb', '\\ufff9x\\ufffb'],
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
        expect(Array.from(sanitizeLine(text)).filter(isDangerous)).toEqual([]);
        expect(sanitizeLine(text)).not.toMatch(/[\n\t]/);
        expect(Array.from(sanitizeText(text)).filter(isDangerous)).toEqual([]);
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
