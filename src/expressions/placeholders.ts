/**
 * Fills in placeholders such as `@< .this.metadata.name >@`, `@< .Name >@`, `@< .secret.token >@`, `@< .Secret "token" >@`,
 * in scripts and in the texts of notifications alike. Source: docs/contract.md 3.
 */
import { Iter8Error } from '../errors.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { member, memberOfRoot } from './condition-values.ts';
import { parseTemplate, TemplateError, type TemplatePart, type TemplateValue } from './go-template.ts';

/** What placeholders can read. */
export interface PlaceholderScope {
  /** The experiment as JSON. */
  readonly experiment: unknown;
  /** Fields of the task's secret; absent when it names none. */
  readonly secret?: Readonly<Record<string, string>> | undefined;
  readonly winnerFound: boolean;
  readonly candidateWon: boolean;
  /** What was found out: `@< .result.verdict >@`. Absent where there is none, as in scripts. */
  readonly result?: object | undefined;
}

/** What is wrong with the placeholders of a text as they are written, or undefined. */
export function placeholderProblem(text: string): string | undefined {
  try {
    parseTemplate(text);
    return undefined;
  } catch (error) {
    if (error instanceof TemplateError) return sanitizeLine(error.message);
    throw error;
  }
}

/** What stands in the text for a value; `source`: the placeholder as written; `value`: what the text was made of. */
export type WriteValue = (text: string, source: string, value: unknown) => string;

/**
 * The text with all placeholders filled in, each value by `write`: as it is, by default. Objects and lists are written as
 * JSON. What is not there is an error, not an empty text.
 *
 * @throws Iter8Error naming the placeholder; never its value.
 */
export function fillPlaceholders(text: string, scope: PlaceholderScope, write: WriteValue = (value) => value): string {
  try {
    return fill(parseTemplate(text), scope, write);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new Iter8Error(`placeholder ${sanitizeLine(error.message)}`);
  }
}

function fill(parts: readonly TemplatePart[], scope: PlaceholderScope, write: WriteValue): string {
  return parts
    .map((part) => {
      if (part.kind === 'text') return part.text;
      if (part.kind === 'value') {
        const value = read(part.value, scope);
        return write(textOf(value, part.source), part.source, value);
      }
      return fill(isTrue(read(part.condition, scope)) ? part.whenTrue : part.whenFalse, scope, write);
    })
    .join('');
}

function textOf(value: unknown, source: string): string {
  if (value === null || value === undefined) throw new TemplateError(`@< ${source} >@: there is no such value`);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Truth as in Go: what is there and not empty. */
function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

function read(value: TemplateValue, scope: PlaceholderScope): unknown {
  switch (value.kind) {
    case 'literal':
      return value.value;
    case 'path':
      return readPath(
        value.steps,
        value.args.map((arg) => read(arg, scope)),
        scope,
      );
    case 'field':
      return walk(read(value.of, scope), value.steps);
    case 'index':
      return value.keys
        .map((key) => read(key, scope))
        .reduce(
          (at, key) => (typeof key === 'string' || typeof key === 'number' ? member(at, key) : null),
          read(value.of, scope),
        );
    default:
      return value satisfies never;
  }
}

function readPath(steps: readonly string[], args: readonly unknown[], scope: PlaceholderScope): unknown {
  const [first, ...rest] = steps;
  if (first === 'Secret') {
    const [name] = args;
    if (args.length !== 1 || typeof name !== 'string')
      throw new TemplateError('@< .Secret >@: takes one name in quotes');
    return walk(secretField(name, scope), rest);
  }
  if (args.length > 0) throw new TemplateError(`@< .${steps.join('.')} >@: takes no arguments`);
  if (first === undefined || first === 'this') return walk(scope.experiment, rest);
  if (first === 'secret') {
    const [name, ...more] = rest;
    if (name === undefined) throw new TemplateError('@< .secret >@: name one of its fields');
    return walk(secretField(name, scope), more);
  }
  if (first === 'result') return walk(scope.result, rest);
  if (first === 'WinnerFound') return walk(scope.winnerFound, rest);
  if (first === 'CandidateWon') return walk(scope.candidateWon, rest);
  return walk(memberOfRoot(scope.experiment, first), rest);
}

function secretField(name: string, { secret }: PlaceholderScope): string {
  if (secret === undefined) throw new TemplateError(`@< .secret.${name} >@: the task names no secret`);
  const value = Object.hasOwn(secret, name) ? secret[name] : undefined;
  if (value === undefined) throw new TemplateError(`@< .secret.${name} >@: the secret has no field ${name}`);
  return value;
}

function walk(from: unknown, steps: readonly string[]): unknown {
  return steps.reduce<unknown>((at, step) => member(at, step), from);
}
