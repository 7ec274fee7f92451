import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/text/width.ts';
import { wrap } from '../../src/text/wrap.ts';

describe('wrap', () => {
  it('leaves numbers with their units, and limits with their signs', () => {
    const text =
      'error-rate <= 1 % needs about 337 more requests (3 min 42 s at 8/s), 8 of 160 requests show at most 9.00 %';
    for (let columns = 20; columns <= 100; columns++) {
      const lines = wrap(text, { columns });
      expect(lines.join(' ')).toBe(text);
      for (const line of lines) {
        expect(line).not.toMatch(/(?:\d|<=|of)$/);
        expect(line).not.toMatch(/^(?:%|s\b|min|more|requests|of)/);
        expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      }
    }
  });

  it('breaks them where nothing else helps', () => {
    expect(wrap('after 1,000,000 requests', { columns: 12 })).toEqual(['after', '1,000,000', 'requests']);
  });

  it('keeps a name whole where that costs only its indent', () => {
    const options = { columns: 20, first: 'Experiment  ', rest: ' '.repeat(12) };
    expect(wrap('checkout-canary-1 (x)', options)).toEqual(['Experiment', '  checkout-canary-1', '            (x)']);
    expect(wrap('checkout-service-canary-1', options)).toEqual(['Experiment  checkout', '  -service-canary-1']);
  });

  it('loses nothing, and fits, whatever the text and the width', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 10, max: 120 }), (text, columns) => {
        const lines = wrap(text, { columns });
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      }),
    );
  });
});
