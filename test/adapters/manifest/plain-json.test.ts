/** JSON that is read without the YAML reader means what it would mean to it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readManifest } from '../../../src/adapters/manifest/parse-documents.ts';
import { plainJson } from '../../../src/adapters/manifest/plain-json.ts';
import { runs } from '../../support/search-depth.ts';

const key = fc.oneof(
  fc.constantFrom('a', 'kind', '<<', '__proto__', '"', '\\', 'a: b', ':', '{', '"x":'),
  fc.string({ maxLength: 5 }),
);
const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  key,
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
}));

it('is the object that YAML reads', () => {
  let plain = 0;
  fc.assert(
    fc.property(fc.dictionary(key, value, { minKeys: 1, maxKeys: 5 }), fc.constantFrom(0, 2, 4), (object, indent) => {
      const text = JSON.stringify(object, undefined, indent);
      const read = plainJson(text);
      if (read === undefined) return;
      plain += 1;
      const { objects, issues } = readManifest(text, 'x.json');
      expect(issues).toEqual([]);
      expect(objects[0]?.value).toEqual(read);
    }),
    { numRuns: runs(500) },
  );
  expect(plain).toBeGreaterThan(runs(60));
});

it.each([
  ['a key twice', '{"a": {"b": 1, "b": 2}}'],
  ['a key twice, once escaped', '{"a": 1, "\\u0061": 2}'],
  ['a key that is escaped', '{"\\u0061": 2}'],
  ['a merge', '{"a": {"<<": {"b": 1}}}'],
  ['a list', '[{"kind": "Experiment"}]'],
  ['YAML', 'kind: Experiment'],
  ['flow YAML', '{kind: Experiment}'],
  ['two documents', '{"a": 1}\n---\n{"a": 2}'],
  ['deep nesting', `${'{"a":'.repeat(101)}1${'}'.repeat(101)}`],
  ['a byte order mark', '\ufeff{"a": 1}'],
])('leaves %s to the YAML reader', (_, text) => {
  expect(plainJson(text)).toBeUndefined();
});
