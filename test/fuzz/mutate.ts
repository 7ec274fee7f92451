/** Arbitraries of damaged input: what is well-formed, with a few places changed, cut, doubled or replaced. Shrinks to fewer changes. */
import fc from 'fast-check';

/** What breaks readers: numbers at their ends, other shapes, names of prototypes, text that steers a terminal. */
const NASTY: readonly unknown[] = [
  null,
  true,
  0,
  -0,
  -1,
  0.5,
  1e300,
  -1e300,
  2 ** 32,
  2 ** 53,
  Number.MIN_VALUE,
  '',
  ' ',
  'x',
  '1',
  '-1',
  '1e400',
  'NaN',
  '0.01',
  '1k',
  '__proto__',
  'constructor',
  'toString',
  'v1',
  'promote',
  '\u202e\u200b\u001b[31m\u0007',
  '\u{e0041}\u3164\r\n\t',
  '\ud800',
  'x'.repeat(5_000),
  '2026-13-45T99:99:99Z',
  '1970-01-01T00:00:00Z',
  '+275760-09-13T00:00:00.001Z',
  [],
  [[]],
  [null],
  {},
  { length: 1 },
  { data: null },
  { name: 'v1', value: 1e300 },
];

const nasty = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...NASTY) },
  { weight: 2, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 2, arbitrary: fc.integer() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

type Change =
  | { readonly kind: 'set' | 'add'; readonly at: readonly number[]; readonly value: unknown }
  | { readonly kind: 'remove' | 'double' | 'move'; readonly at: readonly number[] };

/** Each number chooses a child of where one is; the walk ends early where there is none. */
const path = fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 14 });
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('set' as const), at: path, value: nasty }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('add' as const), at: path, value: nasty }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('remove' as const, 'double', 'move'), at: path }) },
);

/** One of these values, damaged. They stay as they are. */
export function damagedJson(values: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc
    .record({ value: fc.constantFrom(...values), changes: fc.array(change, { minLength: 1, maxLength: 4 }) })
    .map(({ value, changes }) => changes.reduce<unknown>(applied, structuredClone(value)));
}

function applied(root: unknown, one: Change): unknown {
  const holder = { root };
  let parent: Record<string, unknown> = holder;
  let key = 'root';
  for (const choice of one.at) {
    const here = parent[key];
    if (typeof here !== 'object' || here === null || Object.keys(here).length === 0) break;
    const keys = Object.keys(here);
    parent = here as Record<string, unknown>;
    key = keys[choice % keys.length]!;
  }
  const here = parent[key];
  switch (one.kind) {
    case 'set':
      parent[key] = structuredClone(one.value);
      break;
    case 'add':
      if (typeof here === 'object' && here !== null)
        Object.defineProperty(here, Array.isArray(here) ? here.length : String(one.value), {
          value: structuredClone(one.value),
          enumerable: true,
          configurable: true,
          writable: true,
        });
      break;
    case 'remove':
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else if (key !== 'root') delete parent[key];
      break;
    case 'double':
      if (Array.isArray(parent)) parent.splice(Number(key), 0, structuredClone(parent[key]));
      break;
    case 'move': {
      const other = Object.keys(parent).find((name) => name !== key);
      if (other !== undefined) [parent[key], parent[other]] = [parent[other], parent[key]];
    }
  }
  return holder.root;
}

const SNIPPETS = [
  '\n',
  '  ',
  '\t',
  ': ',
  '- ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '|',
  '>',
  '&a ',
  '*a',
  '<<: ',
  '!!binary ',
  '---\n',
  '...\n',
  '#',
  '%YAML 1.1\n',
  '\u0000',
  '\ufeff',
  '\u2028',
  '\u0085',
  '\u202e',
  '\ud800',
  '? ',
  '@<',
  '>@',
  '${name}',
  '$$',
  'null',
  '~',
  '1e999',
  '0x7f',
  'yes',
  '\\u0000',
];

type Edit = { readonly at: number; readonly cut: number; readonly put: string };

/** One of these texts with a few edits. */
export function damagedText(texts: readonly string[], snippets: readonly string[] = SNIPPETS): fc.Arbitrary<string> {
  const put = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...snippets) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
    { weight: 1, arbitrary: fc.constant('') },
  );
  const edit: fc.Arbitrary<Edit> = fc.record({
    at: fc.nat({ max: 1_000_000 }),
    cut: fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 4 }) }, { weight: 1, arbitrary: fc.nat({ max: 2_000 }) }),
    put,
  });
  return fc
    .record({ text: fc.constantFrom(...texts), edits: fc.array(edit, { minLength: 1, maxLength: 5 }) })
    .map(({ text, edits }) =>
      edits.reduce((now, { at, cut, put: more }) => {
        const start = at % (now.length + 1);
        return now.slice(0, start) + more + now.slice(start + cut);
      }, text),
    );
}

/** A text made of such words, in any order. */
export function wordSalad(words: readonly string[], longest = 12): fc.Arbitrary<string> {
  const word = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...words) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
  );
  return fc
    .array(fc.tuple(word, fc.constantFrom('', ' ')), { maxLength: longest })
    .map((parts) => parts.map(([one, space]) => one + space).join(''));
}
