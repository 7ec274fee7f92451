import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { cutToWidth, displayWidth } from '../../src/text/width.ts';
import { isFull, runs } from '../support/search-depth.ts';

describe('widths', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['日本語', 6],
    ['e\u0301', 1],
    ['👨‍👩‍👧', 2],
    ['❤️', 2],
    ['\u001b[31mred\u001b[0m', 3],
    ['✔', 1],
  ])('%j takes %d columns', (text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });

  it.each([
    ['hello-candidate', 20, 'hello-candidate'],
    ['hello-candidate', 15, 'hello-candidate'],
    ['hello-candidate', 8, 'hello-c…'],
    ['hello-candidate', 1, '…'],
    ['hello-candidate', 0, ''],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
    ['👨‍👩‍👧👨‍👩‍👧', 3, '👨‍👩‍👧…'],
  ])('cuts %j to %d columns', (text, columns, cut) => {
    expect(cutToWidth(text, columns)).toBe(cut);
  });

  it('cuts with an ASCII mark where UTF-8 is not sure', () => {
    expect(cutToWidth('hello-candidate', 8, '...')).toBe('hello...');
    expect(cutToWidth('hello-candidate', 2, '...')).toBe('..');
  });

  it('never cuts wider than asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 30 }), (text, columns) => {
        expect(displayWidth(cutToWidth(text, columns))).toBeLessThanOrEqual(Math.max(columns, 0));
      }),
    );
  });

  // All of the blocks where the width changes (a quick run: every seventh); of the large ones in which it does not every 97th.
  it('agrees with string-width about code points', () => {
    const wrong: string[] = [];
    for (let code = 0; code < 0x110000; code++) {
      const alike = (code > 0x3400 && code < 0x9ff0) || (code > 0xac10 && code < 0xd790) || code > 0x1ffff;
      if (code % (alike ? 97 : isFull ? 1 : 7) !== 0) continue;
      const text = String.fromCodePoint(code);
      if (displayWidth(text) !== stringWidth(text)) wrong.push(code.toString(16));
    }
    expect(wrong).toEqual([]);
  });

  it('agrees with string-width about sequences', () => {
    const parts = [
      'a',
      '日',
      '\u0301',
      '\u200d',
      '\ufe0f',
      '👨',
      '👩🏽',
      '❤',
      '🇩',
      '🇪',
      '1',
      '#',
      '\u20e3',
      '\u1100',
      '\u1161',
      '\u11a8',
      '각',
      'ｶ',
      'ﾞ',
      '\u0e33',
      '\u0903',
      '\u093e',
      'क',
      '\u200b',
      '\n',
      '✔',
      '…',
      '\u{1f3fb}',
      '\ud800',
      '\u00ad',
      '\u0600',
    ];
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((some) => some.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          expect(displayWidth(text)).toBe(stringWidth(text));
        },
      ),
      { numRuns: runs(5000) },
    );
  });
});
