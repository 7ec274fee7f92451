import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../../src/adapters/manifest/parse-documents.ts';
import { MAX_TEXT_LENGTH } from '../../../src/adapters/manifest/text-limits.ts';
import { runs } from '../../support/search-depth.ts';

const values = (text: string) => readManifest(text, 'f.yaml').objects.map(({ value }) => value);
const issue = (text: string) => readManifest(text, 'f.yaml').issues[0];

describe('reading manifests', () => {
  it.each<[string, string, unknown[]]>([
    ['one document', 'kind: A\n', [{ kind: 'A' }]],
    [
      'several documents, some of them empty',
      '---\nkind: A\n---\n# nothing\n---\nkind: B\n---\n',
      [{ kind: 'A' }, { kind: 'B' }],
    ],
    ['JSON', '{"kind": "A", "n": [1, 2.5, null, "\\ud83d\\ude00"]}', [{ kind: 'A', n: [1, 2.5, null, '😀'] }]],
    ['JSON indented with tabs', '{\n\t"kind": "A",\n\t"b": {\n\t\t"c": 1\n\t}\n}', [{ kind: 'A', b: { c: 1 } }]],
    ['a list of objects', 'kind: List\nitems:\n- kind: A\n- kind: B\n', [{ kind: 'A' }, { kind: 'B' }]],
    ['a list of experiments, as kubectl get -o yaml gives it', 'kind: ExperimentList\nitems: []\n', []],
    ['lists in lists', 'kind: List\nitems: [{kind: List, items: [{kind: A}]}]', [{ kind: 'A' }]],
    ['a byte order mark and CRLF', '\ufeffkind: A\r\nb: 1\r\n', [{ kind: 'A', b: 1 }]],
    [
      'anchors, aliases and merges',
      'a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 2\n',
      [{ a: { b: 1 }, c: { b: 1 }, d: { b: 1, e: 2 } }],
    ],
    ['times as texts', 'at: 2026-11-23T21:15:07Z\n', [{ at: '2026-11-23T21:15:07Z' }]],
    ['nothing', '', []],
    ['comments only', '# nothing\n', []],
  ])('reads %s', (_what, text, expected) => {
    expect(readManifest(text, 'f.yaml').issues).toEqual([]);
    expect(values(text)).toEqual(expected);
  });

  it.each<[string, string, number, number, string]>([
    ['a key twice', 'a: 1\nb:\n  c: 1\n  c: 2\n', 4, 3, 'the key c is there twice in the same object'],
    ['a key twice in JSON', '{"a": 1, "a": 2}', 1, 10, 'the key a is there twice in the same object'],
    ['a key twice in JSON with tabs', '{\n\t"a": 1,\n\t"a": 2\n}', 3, 2, 'the key a is there twice in the same object'],
    ['tabs', 'a:\n\tb: 1\n', 2, 1, 'indented with a tab; YAML takes spaces only'],
    ['an open bracket', 'a: [1\nb: 2', 2, 1, 'not valid YAML: deficient indentation'],
    [
      'an unknown tag',
      "a: !!js/function 'x'\n",
      1,
      4,
      'not valid YAML: unknown scalar tag !<tag:yaml.org,2002:js/function>',
    ],
    ['an alias to nothing', 'a: *x\n', 1, 5, 'not valid YAML: unidentified alias "x"'],
    ['an alias to itself', 'a: &x\n  b: *x\n', 2, 6, '*x stands for itself'],
    ['control characters', 'a: 1\nb: \u0001\n', 2, 4, 'not valid YAML: the stream contains non-printable characters'],
    ['deep nesting', `a: ${'['.repeat(200)}`, 1, 103, 'nested deeper than 100 levels'],
    ['a text', 'just text\n', 1, 1, 'expected an object with apiVersion, kind and metadata, got a text'],
    ['a list', '---\n- a: 1\n', 2, 1, 'expected an object with apiVersion, kind and metadata, got a list'],
    [
      'a number in a list',
      'kind: List\nitems:\n- kind: A\n- 5\n',
      4,
      3,
      'expected an object with apiVersion, kind and metadata, got the value 5',
    ],
  ])('says where %s is', (_what, text, line, column, message) => {
    expect(issue(text)).toMatchObject({ source: 'f.yaml', line, column, message });
  });

  it('refuses what is too large', () => {
    expect(issue('a'.repeat(MAX_TEXT_LENGTH + 1))?.message).toBe('too large for a manifest: more than 10 MB');
  });

  // Ten lines that add up to 10^10 values; nothing is built of them.
  it('refuses aliases that add up to too much', () => {
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 10; i++)
      lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(',')}]`);
    expect(issue(lines.join('\n'))?.message).toBe('aliases add up to more than 1,000,000 values');
    expect(issue(lines.slice(0, 4).join('\n'))).toBeUndefined();
  });

  it('knows the same anchor again in the next document', () => {
    expect(values('a: &x 1\nb: *x\n---\na: &x 2\nb: *x\n')).toEqual([
      { a: 1, b: 1 },
      { a: 2, b: 2 },
    ]);
  });

  it('keeps keys that JavaScript objects have already', () => {
    const [value] = values('__proto__: {polluted: 1}\nconstructor: 2\n');
    expect(Object.keys(value!)).toEqual(['__proto__', 'constructor']);
    expect('polluted' in {}).toBe(false);
  });

  it('never throws', () => {
    const soup = fc
      .array(
        fc.constantFrom(
          'a',
          ':',
          ' ',
          '\n',
          '- ',
          '[',
          ']',
          '{',
          '}',
          '&x ',
          '*x',
          '"',
          "'",
          '|',
          '>',
          '\t',
          '#',
          '---\n',
          '? ',
          '!!',
          '<<: ',
          '0.1',
          ',',
        ),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string(), soup), (text) => {
        const { objects, issues } = readManifest(text, 'f');
        for (const object of objects) object.locate({ path: 'a.b[0]', message: '' });
        for (const one of issues) expect(one.source).toBe('f');
      }),
      { numRuns: runs(2000) },
    );
  });
});

describe('places', () => {
  const text = `# comment
apiVersion: v1
spec:
  objectives:
  - metric: "a"
    upperLimit: 0.01
  - {metric: b, upperLimit: 'x'}
  empty:
  base: &base
    name: n
  copy: *base
  labels:
    a.b/c: 1
---
kind: List
items:
- spec:
    target: t
`;
  const [first, second] = readManifest(text, 'f.yaml').objects;
  const at = (path: string, message = 'wrong', object = first!) => {
    const { source, line, column } = object.locate<{
      path: string;
      message: string;
      source?: string;
      line?: number;
      column?: number;
    }>({ path, message });
    expect(source).toBe('f.yaml');
    return [line, column];
  };

  it.each([
    ['', 2, 1],
    ['apiVersion', 2, 13],
    ['spec', 4, 3],
    ['spec.objectives', 5, 3],
    ['spec.objectives[0]', 5, 5],
    ['spec.objectives[0].metric', 5, 13],
    ['spec.objectives[0].upperLimit', 6, 17],
    ['spec.objectives[1].upperLimit', 7, 29],
    ['spec.empty', 8, 3],
    ['spec.copy', 11, 9],
    ['spec.copy.name', 11, 9],
    ['spec.labels["a.b/c"]', 13, 12],
    // what is not there stands where the object around it does
    ['spec.objectives[0].lowerLimit', 5, 5],
    ['spec.objectives[7].metric', 5, 3],
    ['metadata.name', 2, 1],
  ])('%s is in line %d, column %d', (path, line, column) => {
    expect(at(path)).toEqual([line, column]);
  });

  it('of a key, when it is the key that is wrong', () => {
    expect(at('spec.objectives[0].upperLimit', 'unknown field; did you mean x?')).toEqual([6, 5]);
  });

  it('of an object in a list', () => {
    expect(at('spec.target', 'wrong', second)).toEqual([18, 13]);
    expect(at('', 'wrong', second)).toEqual([17, 3]);
  });
});
