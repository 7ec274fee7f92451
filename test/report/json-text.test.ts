import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonText } from '../../src/report/json-text.ts';
import { sanitizeText } from '../../src/text/sanitize.ts';

it('escapes tags, fillers and all else that text escapes', () => {
  expect(jsonText({ target: 'a\u202eb\u200bc\u{e0041}\u3164\u115f\u00ad' })).toBe(
    String.raw`{"target":"a\u202eb\u200bc\udb40\udc41\u3164\u115f\u00ad"}`,
  );
});

it('gives a text without an unsafe character, and the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), fc.constantFrom(undefined, 2), (value, indent) => {
      const text = jsonText(value, indent);
      expect(sanitizeText(text)).toBe(text);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
