/** Placeholders of a script: each is a variable in its environment, whatever its value is. */
import { Iter8Error } from '../errors.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { formatCount } from '../text/units.ts';
import { parseTemplate, TemplateError, type TemplatePart } from './go-template.ts';
import { fillPlaceholders, placeholderProblem, type PlaceholderScope } from './placeholders.ts';
import { placeMark, variableOf } from './script-marks.ts';
import { placeWords, type PlacedWords } from './script-words.ts';

export interface FilledScript {
  readonly text: string;
  /** Values by the variables that stand for them. */
  readonly values: Readonly<Record<string, string>>;
}

/** What is wrong with the placeholders of a script as it is written, whatever their values, or undefined. */
export function scriptProblem(script: string): string | undefined {
  const unusable = textProblem(script);
  if (unusable !== undefined) return unusable;
  const problem = placeholderProblem(script);
  if (problem !== undefined) return problem;
  const parts = parseTemplate(script);
  for (const choice of ['whenTrue', 'whenFalse'] as const) {
    const sources: string[] = [];
    const found = sentenceOf(placeWords(markedText(parts, choice, sources)), sources);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The script with a variable in the place of each placeholder, and the values of these.
 *
 * @throws Iter8Error naming the placeholder that cannot be filled in, or cannot stand where it does; never its value.
 */
export function fillScript(script: string, scope: PlaceholderScope): FilledScript {
  const unusable = textProblem(script);
  if (unusable !== undefined) throw new Iter8Error(unusable);
  const sources: string[] = [];
  const values: Record<string, string> = {};
  const marked = fillPlaceholders(script, scope, (value, source) => {
    values[variableOf(sources.length)] = value;
    return placeMark(sources.push(source) - 1);
  });
  const placed = placeWords(marked);
  const problem = sentenceOf(placed, sources);
  if (problem !== undefined) throw new Iter8Error(problem);
  return { text: placed.text, values };
}

/** What paths of the experiment the placeholders of a script read: the steps of each. Empty for a script that cannot be read. */
export function pathsIn(script: string): (readonly string[])[] {
  try {
    return parseTemplate(script).flatMap(pathsOfPart);
  } catch (error) {
    if (error instanceof TemplateError) return [];
    throw error;
  }
}

/** A Job hands its script to bash as one argument, for which Linux takes 128 KiB at most, with its placeholders named. */
const LONGEST_SCRIPT_BYTES = 100_000;

/** What keeps a text from being any script, or undefined. */
function textProblem(script: string): string | undefined {
  if (script.includes('\0')) return 'the script holds a zero byte';
  const bytes = Buffer.byteLength(script);
  if (bytes <= LONGEST_SCRIPT_BYTES) return undefined;
  return `the script has ${formatCount(bytes)} bytes, at most ${formatCount(LONGEST_SCRIPT_BYTES)} are taken: let it fetch what is longer, or put that into its image`;
}

type Value = Extract<TemplatePart, { kind: 'value' }>['value'];

function pathsOfPart(part: TemplatePart): (readonly string[])[] {
  switch (part.kind) {
    case 'text':
      return [];
    case 'value':
      return pathsOfValue(part.value);
    case 'if':
      return [...pathsOfValue(part.condition), ...[...part.whenTrue, ...part.whenFalse].flatMap(pathsOfPart)];
  }
}

function pathsOfValue(value: Value): (readonly string[])[] {
  switch (value.kind) {
    case 'literal':
      return [];
    case 'path':
      return [value.steps, ...value.args.flatMap(pathsOfValue)];
    case 'field':
      return pathsOfValue(value.of);
    case 'index':
      return [value.of, ...value.keys].flatMap(pathsOfValue);
  }
}

function markedText(parts: readonly TemplatePart[], choice: 'whenTrue' | 'whenFalse', sources: string[]): string {
  return parts
    .map((part) => {
      if (part.kind === 'text') return part.text;
      if (part.kind === 'value') return placeMark(sources.push(part.source) - 1);
      return markedText(part[choice], choice, sources);
    })
    .join('');
}

/** Every placeholder that cannot stand where it does, and how to write it. */
function sentenceOf({ problems }: PlacedWords, sources: readonly string[]): string | undefined {
  const [first] = problems;
  if (first === undefined) return undefined;
  const written = (number: number) => sanitizeLine(`@< ${sources[number]} >@`);
  const byReason = new Map<string, Set<string>>();
  for (const { number, why } of problems) byReason.set(why, (byReason.get(why) ?? new Set()).add(written(number)));
  const wrong = [...byReason].map(([why, found]) => `${[...found].join(', ')}${found.size > 1 ? ': each' : ''} ${why}`);
  return `placeholder ${wrong.join('; ')}; write it as a word of its own, or in a line before: set -- ${written(first.number)}, and here "$1"`;
}
