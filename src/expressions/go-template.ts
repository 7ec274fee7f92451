/**
 * The part of Go's text/template that placeholders use, between `@<` and `>@`: paths, methods with an argument, `index`,
 * `if`, trim markers and comments. Source: docs/contract.md 3; what Go's template engine answers.
 */
import { formatCount } from '../text/units.ts';

/** A value: the steps of a path from the root, a call, a literal. */
export type TemplateValue =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  /** `.a.b`, with the arguments of its last step if that is a method; `.` has no steps. */
  | { readonly kind: 'path'; readonly steps: readonly string[]; readonly args: readonly TemplateValue[] }
  | { readonly kind: 'index'; readonly of: TemplateValue; readonly keys: readonly TemplateValue[] }
  /** A path behind a value in parentheses: `(index .a 0).b`. */
  | { readonly kind: 'field'; readonly of: TemplateValue; readonly steps: readonly string[] };

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  /** `source` is the placeholder as written, for messages. */
  | { readonly kind: 'value'; readonly value: TemplateValue; readonly source: string }
  | {
      readonly kind: 'if';
      readonly condition: TemplateValue;
      readonly source: string;
      readonly whenTrue: readonly TemplatePart[];
      readonly whenFalse: readonly TemplatePart[];
    };

/** A template that cannot be read. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

const OPEN = '@<';
const CLOSE = '>@';
/** Bounds of what is read by functions that call themselves: no person writes more. */
const LONGEST_ACTION = 1000;
const DEEPEST_IF = 50;

interface Piece {
  readonly text: string;
  readonly isAction: boolean;
}

/** Texts and actions in turn, trim markers applied, comments dropped. */
function pieces(template: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  let trimNext = false;
  for (;;) {
    const open = template.indexOf(OPEN, at);
    const raw = open < 0 ? template.slice(at) : template.slice(at, open);
    const action = open < 0 ? undefined : actionAt(template, open);
    const startTrimmed = trimNext ? raw.trimStart() : raw;
    const text = action?.trimBefore === true ? startTrimmed.trimEnd() : startTrimmed;
    if (text !== '') found.push({ text, isAction: false });
    if (action === undefined) return found;
    if (!/^\/\*.*\*\/$/s.test(action.text)) found.push({ text: action.text, isAction: true });
    trimNext = action.trimAfter;
    at = action.end;
  }
}

interface Action {
  readonly text: string;
  readonly trimBefore: boolean;
  readonly trimAfter: boolean;
  readonly end: number;
}

function actionAt(template: string, open: number): Action {
  const close = template.indexOf(CLOSE, open + OPEN.length);
  if (close < 0) throw new TemplateError(`${template.slice(open, open + 40)}: ${OPEN} without ${CLOSE}`);
  const inside = template.slice(open + OPEN.length, close);
  if (inside.length > LONGEST_ACTION) {
    throw new TemplateError(
      `${template.slice(open, open + 40)}...: a placeholder of ${formatCount(inside.length)} characters, at most ${formatCount(LONGEST_ACTION)} are read`,
    );
  }
  const trimBefore = /^-\s/.test(inside);
  const trimAfter = /\s-$/.test(inside);
  const text = inside.slice(trimBefore ? 1 : 0, trimAfter ? -1 : undefined).trim();
  return { text, trimBefore, trimAfter, end: close + CLOSE.length };
}

/** @throws TemplateError saying what cannot be read. */
export function parseTemplate(template: string): TemplatePart[] {
  const reader = new Reader(pieces(template));
  const { parts, ended } = reader.block();
  if (ended !== undefined) throw new TemplateError(`${OPEN} ${ended} ${CLOSE}: there is no if before it`);
  return parts;
}

class Reader {
  readonly #pieces: readonly Piece[];
  #next = 0;
  #depth = 0;

  constructor(all: readonly Piece[]) {
    this.#pieces = all;
  }

  /** Parts up to `else`, `end` or the end of the text. */
  block(): { readonly parts: TemplatePart[]; readonly ended: 'else' | 'end' | undefined } {
    const parts: TemplatePart[] = [];
    while (this.#next < this.#pieces.length) {
      const { text, isAction } = this.#pieces[this.#next++]!;
      if (!isAction) parts.push({ kind: 'text', text });
      else if (text === 'else' || text === 'end') return { parts, ended: text };
      else if (/^if\s/.test(text)) parts.push(this.#if(text));
      else parts.push({ kind: 'value', value: parseValue(text), source: text });
    }
    return { parts, ended: undefined };
  }

  #if(source: string): TemplatePart {
    const condition = parseValue(source.slice(2));
    this.#depth += 1;
    if (this.#depth > DEEPEST_IF)
      throw new TemplateError(`more than ${DEEPEST_IF} ${OPEN} if ${CLOSE} within each other`);
    const first = this.block();
    const second = first.ended === 'else' ? this.block() : { parts: [], ended: first.ended };
    this.#depth -= 1;
    if (second.ended !== 'end') throw new TemplateError(`${OPEN} ${source} ${CLOSE}: there is no ${OPEN} end ${CLOSE}`);
    return { kind: 'if', condition, source, whenTrue: first.parts, whenFalse: second.parts };
  }
}

const TOKEN =
  /\s*(?:("(?:[^"\\\n]|\\.)*")|`([^`]*)`|(-?\d+(?:\.\d+)?)|((?:\.[A-Za-z_]\w*)+|\.(?![\w.]))|([A-Za-z_]\w*)|([()]))/y;
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, nil: null };
/** Of Go's language, but not of ours. */
const FOREIGN = ['range', 'with', 'define', 'block', 'template', 'else', 'break', 'continue'];

type Token =
  | { readonly kind: 'value'; readonly value: TemplateValue }
  | { readonly kind: 'word' | 'bracket'; readonly text: string };

function tokens(text: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null)
      throw new TemplateError(`${OPEN} ${text.trim()} ${CLOSE}: cannot read ${text.slice(at).trim()}`);
    const [, quoted, raw, number, path, word, bracket] = match;
    if (quoted !== undefined) found.push({ kind: 'value', value: { kind: 'literal', value: unquoted(quoted, text) } });
    else if (raw !== undefined) found.push({ kind: 'value', value: { kind: 'literal', value: raw } });
    else if (number !== undefined) found.push({ kind: 'value', value: { kind: 'literal', value: Number(number) } });
    else if (path !== undefined)
      found.push({
        kind: 'value',
        value: { kind: 'path', steps: path.split('.').filter((step) => step !== ''), args: [] },
      });
    else if (word !== undefined && Object.hasOwn(WORDS, word))
      found.push({ kind: 'value', value: { kind: 'literal', value: WORDS[word]! } });
    else found.push({ kind: word === undefined ? 'bracket' : 'word', text: word ?? bracket ?? '' });
  }
  return found;
}

function unquoted(quoted: string, text: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    throw new TemplateError(`${OPEN} ${text.trim()} ${CLOSE}: cannot read ${quoted}`);
  }
}

function parseValue(text: string): TemplateValue {
  const all = tokens(text);
  const refuse = (reason: string) => new TemplateError(`${OPEN} ${text.trim()} ${CLOSE}: ${reason}`);
  let next = 0;
  const operand = (): TemplateValue => {
    const token = all[next++];
    if (token === undefined) throw refuse('it is empty');
    if (token.kind === 'value') return token.value;
    if (token.text !== '(')
      throw refuse(
        FOREIGN.includes(token.text)
          ? `${token.text} is not supported; use paths, index and if`
          : `unknown function ${token.text}`,
      );
    const inner = call();
    const closing = all[next++];
    if (closing?.kind !== 'bracket' || closing.text !== ')') throw refuse('there is no ) to a (');
    const behind = all[next];
    if (behind?.kind !== 'value' || behind.value.kind !== 'path') return inner;
    next++;
    return { kind: 'field', of: inner, steps: behind.value.steps };
  };
  const call = (): TemplateValue => {
    const first = all[next];
    const isIndex = first?.kind === 'word' && first.text === 'index';
    if (isIndex) next++;
    const head = operand();
    const args: TemplateValue[] = [];
    for (
      let token = all[next];
      token !== undefined && !(token.kind === 'bracket' && token.text === ')');
      token = all[next]
    )
      args.push(operand());
    if (isIndex) return { kind: 'index', of: head, keys: args };
    if (args.length === 0) return head;
    if (head.kind !== 'path' || head.steps.length === 0) throw refuse('only methods take arguments');
    return { ...head, args };
  };
  const value = call();
  if (next < all.length) throw refuse('there is a ) without a (');
  return value;
}
