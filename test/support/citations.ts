/**
 * Citations of our documents in comments, strings and other documents, by number (`docs/method.md 0.1 to 0.3, 1.1`) or
 * by name (`docs/cluster.md "Scripts"`); which sections a document has; and which citations lead nowhere.
 */

/** One section of one document; `section` is absent when the document as a whole is cited. */
export interface Citation {
  /** Path from the root of the repository. */
  readonly document: string;
  /** A number such as `0.7`, or the name of a section. */
  readonly section?: string;
  /** Of the citing text, counted from 1. */
  readonly line: number;
}

/** White space within a comment: a line break with the marker of the next comment line, but no empty line. */
const GAP = String.raw`(?:[ \t]+|[ \t]*\r?\n[ \t]*(?:(?:\*|\/\/|#|>)[ \t]*)?)`;
const NUMBER = String.raw`\d+(?:\.\d+)*(?!\w| ?%|\.\d)`;
const NUMBERS = `${NUMBER}(?:(?:,${GAP}and|,|${GAP}and|${GAP}to)${GAP}${NUMBER})*`;
/** A path that begins before `docs` (in a URL, in another repository) is none of ours. */
const CITATION = String.raw`(?<![\w/.-])(docs\/[\w./-]*\w\.md)\b` + `(?:\`?,?${GAP}(?:(${NUMBERS})|"([^"]{1,80})"))?`;

/** Documents that were once cited, and are not in the repository. */
const ABSENT = [
  'statistics',
  'behaviour',
  'iter8',
  'product',
  'screens',
  'style',
  'features',
  'dependencies',
  'tutorial',
];
/** Names of those, and of any file beside the repository. */
const NAMES_ABSENT = String.raw`(?<![\w-])(?:${ABSENT.join('|')})\.md\b|\.\.\/shared\/`;
/** Tests may read samples of other people beside the repository, and skip where there are none. */
const SAMPLES_BESIDE = '../shared/fixtures';

/** All citations of a text, in order; a list such as `0.1 to 0.3, 1.1` gives one for each of its sections. */
export function citationsIn(text: string): Citation[] {
  return [...text.matchAll(new RegExp(CITATION, 'g'))].flatMap((match): Citation[] => {
    const [, document = '', numbers, name] = match;
    const line = lineAt(text, match.index);
    if (numbers !== undefined) return sectionNumbers(numbers).map((section) => ({ document, section, line }));
    if (name !== undefined) return [{ document, section: name.replace(new RegExp(GAP, 'g'), ' '), line }];
    return [{ document, line }];
  });
}

/** `0.1 to 0.3, 1.1` as 0.1, 0.2, 0.3, 1.1. A range over different chapters gives its two ends. */
function sectionNumbers(list: string): string[] {
  const words = list.match(/\d[\d.]*\d|\d|to/g) ?? [];
  return words.flatMap((word, index) => {
    if (word === 'to') return between(words[index - 1] ?? '', words[index + 1] ?? '');
    return [word];
  });
}

function between(first: string, last: string): string[] {
  const cut = first.lastIndexOf('.') + 1;
  const [from, to] = [Number(first.slice(cut)), Number(last.slice(cut))];
  if (first.slice(0, cut) !== last.slice(0, cut) || !Number.isInteger(to)) return [];
  return Array.from({ length: Math.max(0, to - from - 1) }, (_, index) => `${first.slice(0, cut)}${from + 1 + index}`);
}

/** Numbers and names of the sections of a Markdown document: `## 0.7 Counters` has both, `## Counters` only a name. */
export function sectionsOf(markdown: string): {
  readonly numbers: readonly string[];
  readonly names: readonly string[];
} {
  const headings = withoutCode(markdown).matchAll(/^#{1,6} +(?:(\d+(?:\.\d+)*)\.? +)?(.*?) *$/gm);
  const parts = [...headings].map(([, number, name = '']) => ({ number, name }));
  return {
    numbers: parts.flatMap(({ number }) => (number === undefined ? [] : [number])),
    names: parts.map(({ name }) => name),
  };
}

/** Blocks of code may hold lines that look like headings. */
function withoutCode(markdown: string): string {
  return markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '');
}

/** What is wrong with the citations of a repository, one sentence each. `files`: text by path from its root. */
export function citationProblems(files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([file, text]) => [
    ...unresolved(file, text, files),
    ...absentDocuments(file, text),
    ...(file.startsWith('docs/') ? repeatedNumbers(file, text) : []),
  ]);
}

function unresolved(file: string, text: string, files: ReadonlyMap<string, string>): string[] {
  return citationsIn(text).flatMap(({ document, section, line }) => {
    const cited = files.get(document);
    if (cited === undefined) return [`${file}:${line} cites ${document}, which is not there`];
    if (section === undefined) return [];
    const { numbers, names } = sectionsOf(cited);
    if (numbers.includes(section) || names.includes(section)) return [];
    return [`${file}:${line} cites ${document} ${section}, a section that is not there`];
  });
}

function absentDocuments(file: string, text: string): string[] {
  return [...text.matchAll(new RegExp(NAMES_ABSENT, 'g'))].flatMap(({ 0: found, index }) => {
    if (file.startsWith('test/') && text.startsWith(SAMPLES_BESIDE, index)) return [];
    return [`${file}:${lineAt(text, index)} names ${found}, which is not in the repository`];
  });
}

function repeatedNumbers(file: string, text: string): string[] {
  const { numbers } = sectionsOf(text);
  return numbers
    .filter((number, index) => numbers.indexOf(number) !== index)
    .map((number) => `${file} has two sections ${number}`);
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
