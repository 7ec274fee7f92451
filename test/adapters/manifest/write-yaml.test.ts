import fc from 'fast-check';
import { load, YAML11_SCHEMA } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../../src/adapters/manifest/parse-documents.ts';
import { sanitizeText } from '../../../src/text/sanitize.ts';
import { writeYaml, writeYamlDocuments } from '../../../src/adapters/manifest/write-yaml.ts';

describe('writing YAML', () => {
  it('looks like what kubectl writes', () => {
    const object = {
      kind: 'A',
      metadata: { name: 'a', labels: undefined },
      list: [{ a: 1, b: '0.01' }, []],
      empty: {},
      text: 'one\ntwo\n',
      none: null,
    };
    expect(writeYaml(object)).toMatchInlineSnapshot(`
      "kind: A
      metadata:
        name: a
      list:
      - a: 1
        b: "0.01"
      - []
      empty: {}
      text: |
        one
        two
      none: null
      "
    `);
  });

  it('escapes what a terminal would act upon or not draw, in keys too', () => {
    const object = {
      target: 'a\u202eb\u200bc\u{e0041}\u3164\u00ad\u2066',
      'k\u202e': ['one\u200b\ntwo\n', '\u001b[31m', '\u007f\u0085\u2028', '\u{1f469}\u200d\u{1f4bb} \u2764\ufe0f'],
      plain: 'äß世界 👍',
    };
    const text = writeYaml(object);
    expect(text).toBe(
      String.raw`target: "a\u202eb\u200bc\U000e0041\u3164\u00ad\u2066"
"k\u202e":
- "one\u200b\ntwo\n"
- "\e[31m"
- "\x7F\N\L"
- "👩\u200d💻 ❤️"
plain: äß世界 👍
`,
    );
    expect(load(text)).toEqual(object);
  });

  it('never leaves an unsafe character, and gives the same object', () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom('\u202e', '\u200b', '\ufeff', '\u{e0001}', ' ', '\n', '"', '\\', ':', '#'),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
    });
    fc.assert(
      fc.property(fc.dictionary(text, fc.oneof(text, fc.array(text))), (object) => {
        const written = writeYaml(object);
        expect(sanitizeText(written)).toBe(written);
        expect(load(written)).toEqual(object);
      }),
    );
  });

  it.each([
    '0.01',
    '1',
    '010',
    '0x1f',
    '1_000',
    '150e-9',
    '1e3',
    'true',
    'yes',
    'off',
    'null',
    '~',
    '',
    ' a',
    'a: b',
    '- a',
    '# a',
    '2026-11-23T21:15:07Z',
    '12:30:45',
    '.inf',
    '.nan',
    '=',
    '<<',
    '*a',
    '@x',
    'a\tb',
    '\u001b[31m',
    '日本',
  ])('keeps the text %j a text, for readers of YAML 1.1 and 1.2', (text) => {
    const yaml = writeYaml({ a: text });
    expect(load(yaml)).toEqual({ a: text });
    expect(load(yaml, { schema: YAML11_SCHEMA })).toEqual({ a: text });
  });

  it('gives back what it was given', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false })), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(readManifest(writeYaml({ kind: 'A', value }), 'f').objects[0]!.value).toEqual({
          kind: 'A',
          value: plain,
        });
      }),
    );
  });

  it('gives the same bytes for the same object, and writes shared objects out', () => {
    const shared = { a: 1 };
    expect(writeYaml({ x: shared, z: shared })).toBe('x:\n  a: 1\nz:\n  a: 1\n');
  });

  it('never breaks long lines', () => {
    const long = 'word '.repeat(100).trim();
    expect(writeYaml({ long })).toBe(`long: ${long}\n`);
  });

  it('writes several documents', () => {
    expect(writeYamlDocuments([{ a: 1 }, { b: 2 }])).toBe('a: 1\n---\nb: 2\n');
  });
});
