import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseJsonBody } from '../../src/api/json-body.ts';
import { runs } from '../support/search-depth.ts';

it('is what JSON.parse reads, whatever stands in its texts', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8, stringUnit: 'binary' }), (text) => {
      expect(parseJsonBody(text, 'it')).toEqual(JSON.parse(text));
    }),
    { numRuns: runs(200) },
  );
  expect(parseJsonBody(JSON.stringify({ a: `${'[{'.repeat(100)}"\\` }), 'it')).toEqual({ a: `${'[{'.repeat(100)}"\\` });
});

it('goes no deeper than 32', () => {
  const nested = (depth: number) => '[{"a":'.repeat(depth / 2) + '1' + '}]'.repeat(depth / 2);
  expect(parseJsonBody(nested(32), 'it')).toBeDefined();
  expect(() => parseJsonBody(nested(34), 'it')).toThrow('deeper');
});
