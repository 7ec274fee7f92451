/** The repository stands alone: what its comments and texts cite is in it, section by section. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { citationProblems, citationsIn, sectionsOf } from '../support/citations.ts';

const root = path.join(import.meta.dirname, '../..');
const FOLDERS = ['bench', 'bin', 'deploy', 'docs', 'samples', 'scripts', 'src', 'test'];

function textsOfRepository(): Map<string, string> {
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name))),
  );
  const atTop = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'package-lock.json')
    .map((entry) => entry.name);
  return new Map(
    [...inFolders, ...atTop].map((file) => [
      file.split(path.sep).join('/'),
      readFileSync(path.join(root, file), 'utf8'),
    ]),
  );
}

describe('the repository', () => {
  const files = textsOfRepository();

  it('cites only sections that are there, and no document outside', () => {
    expect(citationProblems(files)).toEqual([]);
  });

  it('is read as a whole: method, contract and behavior are cited from the source', () => {
    const cited = new Set(
      [...files]
        .filter(([file]) => file.startsWith('src/'))
        .flatMap(([, text]) => citationsIn(text).map(({ document }) => document)),
    );
    expect([...cited]).toEqual(expect.arrayContaining(['docs/method.md', 'docs/contract.md', 'docs/behavior.md']));
  });
});

// Made-up texts. Their paths are put together, so that the check above does not find them in this file.
const docs = 'docs';
const A = `${docs}/a.md`;
const OLD = ['statistics', 'md'].join('.');
const BESIDE = ['..', 'shared', ''].join('/');
const document =
  '# A\n\n## 0 Rule\n\n### 0.1 Bets\n\n### 0.2 Numbers\n\n### 0.3 Verdicts\n\n## 1.10 Later\n\n## Rooms and arrows\n';

describe('the check of citations', () => {
  const problems = (text: string, file = 'src/x.ts') =>
    citationProblems(
      new Map([
        [A, document],
        [file, text],
      ]),
    );
  const sections = (text: string) => citationsIn(text).map(({ section }) => section);

  it.each([
    ['a section', `/** ${A} 0.7 */`, `src/x.ts:1 cites ${A} 0.7, a section that is not there`],
    ['a name', `// see ${A} "Rooms"`, `src/x.ts:1 cites ${A} Rooms, a section that is not there`],
    ['a document', `\n// ${docs}/b.md`, `src/x.ts:2 cites ${docs}/b.md, which is not there`],
    ['one of a list', `Source: ${A} 0.1, 0.9 and 0.2.`, `src/x.ts:1 cites ${A} 0.9, a section that is not there`],
    ['one within a range', `Source: ${A} 0.3 to 0.5, 0.5`, `src/x.ts:1 cites ${A} 0.4, a section that is not there`],
    [
      'one after a line break',
      `/**\n * Source: ${A} 0.1,\n * 0.8.\n */`,
      `src/x.ts:2 cites ${A} 0.8, a section that is not there`,
    ],
    ['an old document', `// (${OLD} 0.1)`, `src/x.ts:1 names ${OLD}, which is not in the repository`],
    ['a file beside us', `open('${BESIDE}x')`, `src/x.ts:1 names ${BESIDE}, which is not in the repository`],
    ['samples read by no test', `'${BESIDE}fixtures'`, `src/x.ts:1 names ${BESIDE}, which is not in the repository`],
  ])('finds %s that is not there', (_, text, problem) => expect(problems(text)).toContain(problem));

  it('finds a number that stands twice', () => {
    const twice = new Map([[A, '## 1 One\n\n## 1 Two\n']]);
    expect(citationProblems(twice)).toEqual([`${A} has two sections 1`]);
  });

  it.each([
    ['sections, names and the whole', `${A} 0.1, 0.3; ${A} "Rooms and arrows"; ${A}.`],
    ['a document of another repository', `https://example.org/${docs}/b.md 7`],
    ['a number that counts something', `${A} 10 % of it, ${A} 3rd`],
  ])('lets %s pass', (_, text) => expect(problems(text)).toEqual([]));

  it('lets tests read samples of other people', () => {
    expect(problems(`'${BESIDE}fixtures/x'`, 'test/x.test.ts')).toEqual([]);
    expect(problems(`'${BESIDE}cluster'`, 'test/x.test.ts')).toHaveLength(1);
  });

  it.each([
    ['0.1 to 0.3, 1.1, and 2', ['0.1', '0.2', '0.3', '1.1', '2']],
    ['0.10: what it costs', ['0.10']],
    ['8, defect 7', ['8']],
    ['0.1, ', ['0.1']],
    ['1.4 has 258, 2157 and 1447 pairs', ['1.4']],
    ['\n * 0.5; the bounds', ['0.5']],
    ['"Rooms and\n// arrows"', ['Rooms and arrows']],
    ['\n\n1. a list', [undefined]],
  ])('reads %j after the name', (text, expected) =>
    expect(sections(`${A} ${text}`.replace(' \n', '\n'))).toEqual(expected),
  );

  it('takes no heading from a block of code', () => {
    expect(sectionsOf('## 1 One\n\n```\n## 2 Two\n```\n\n### 1.1. Half\n')).toEqual({
      numbers: ['1', '1.1'],
      names: ['One', 'Half'],
    });
  });
});
