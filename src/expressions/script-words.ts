/**
 * Placeholders of a bash script as words of it: each becomes `"$ITER8_V1"`, a variable in its environment, so that no value
 * is ever text that a shell reads. That holds only where the placeholder stands as a whole word; anywhere else, and where it
 * cannot be known how bash reads the place, it is refused.
 *
 * A reader of as much of bash as that takes. What it does not know (arithmetic, backquotes, ...) makes it refuse whatever
 * placeholder comes later: it may refuse what would be safe, and must never accept what is not.
 */

import { beginsBody, declaresIntegers, whyNoListed, whyNoOutput, whyNoValue } from './script-commands.ts';
import { MARK, placeMark, variableOf } from './script-marks.ts';
import { pipeBehind, pipedIntoShell, type Next, type Pipe } from './script-pipeline.ts';

export interface PlacedWords {
  readonly text: string;
  /** Placeholders that cannot stand where they do, by number, and why; the text is of no use then. */
  readonly problems: readonly { readonly number: number; readonly why: string }[];
}

/** Puts variables in the places of marks. Pure. */
export function placeWords(marked: string): PlacedWords {
  return new ScriptReader(marked).read();
}

/** Up to its end, when nothing in it is quoted in a way that depends on what is around it. */
const PARAMETER = /\$\{(?:[^}'"`\\$\0{]|\$\w+|\$\{[^}'"`\\$\0{]*\}|"(?:[^"`\\$\0]|\$\w+)*")*\}/y;
const HEREDOC = /<<(-?)[ \t]*(?:'([\w.-]+)'|"([\w.-]+)"|\\?([\w.-]+))(?=[\s;|&<>)]|$)/y;
const BEHIND_A_WORD = /^(?:$|[ \t\n;&|)<>])/;
const NUMBERED = /^\0(\d+)\0/;
const QUOTED = /^(?:"\0(\d+)\0"|'\0(\d+)\0')/;

interface Frame {
  /** Its end goes back into double quotes. */
  readonly inQuotes: boolean;
  /** `a=( ... )`: words, no commands. */
  readonly isList: boolean;
  /** Of the command around it. */
  readonly words: string[];
  readonly word: string;
  readonly isTarget: boolean | 'here-string';
  readonly pipe: Pipe;
}

class ScriptReader {
  readonly #script: string;
  #at = 0;
  #written = '';
  readonly #problems: { readonly number: number; readonly why: string }[] = [];
  readonly #frames: Frame[] = [];
  /** Finished words of the present command. */
  #words: string[] = [];
  /** The present word, as far as it is read; undefined between words. */
  #word: string | undefined;
  /** It is the file of a redirection, which may stand before the command too. */
  #isTarget: boolean | 'here-string' = false;
  #pipe: Pipe = { first: 0, isRead: false };
  /** Placeholders so far: they are numbered in their order. */
  #placed = 0;
  #inQuotes = false;
  #inBrackets = false;
  #heredocs: { readonly end: string; readonly tabs: boolean }[] = [];
  /** What it does not know how to read: nothing is sure behind it. */
  #lostBehind: string | undefined;

  constructor(script: string) {
    this.#script = script;
  }

  read(): PlacedWords {
    while (this.#at < this.#script.length && this.#lostBehind === undefined) {
      if (this.#inQuotes) this.#readQuoted();
      else this.#readCommand();
    }
    this.#endCommand();
    while (this.#at < this.#script.length) {
      const number = this.#markHere();
      if (number === undefined) this.#take(1);
      else this.#refuse(number, `stands behind ${this.#lostBehind}`);
    }
    return { text: this.#written, problems: this.#problems };
  }

  get #rest(): string {
    return this.#script.slice(this.#at);
  }

  #starts(text: string): boolean {
    return this.#script.startsWith(text, this.#at);
  }

  /** Copies so many characters. */
  #take(length: number): string {
    const taken = this.#script.slice(this.#at, this.#at + length);
    this.#written += taken;
    this.#at += length;
    return taken;
  }

  /** The same, as a part of the present word. */
  #takeIntoWord(length: number): void {
    this.#word = (this.#word ?? '') + this.#take(length);
  }

  #markHere(): number | undefined {
    if (this.#script[this.#at] !== MARK) return undefined;
    const match = NUMBERED.exec(this.#rest);
    return match === null ? undefined : Number(match[1]);
  }

  #refuse(number: number, why: string): void {
    this.#problems.push({ number, why });
    this.#at += placeMark(number).length;
  }

  #endWord(): void {
    if (this.#word === undefined) return;
    if (this.#isTarget) {
      this.#isTarget = false;
      this.#word = undefined;
      return;
    }
    if (beginsBody(this.#word, this.#words)) this.#words = [];
    else this.#words.push(this.#word);
    if (this.#word === 'case' && this.#frames.length > 0) this.#lostBehind = 'a case inside parentheses';
    if (this.#word === '[[') this.#inBrackets = true;
    if (this.#word === ']]') this.#inBrackets = false;
    this.#word = undefined;
  }

  #endCommand(next: Next = 'ends'): void {
    this.#endWord();
    if (declaresIntegers(this.#words)) this.#lostBehind = 'a variable of integers, which evaluates what it is given';
    this.#problems.push(...pipedIntoShell(this.#pipe, this.#words, this.#placed));
    this.#pipe = pipeBehind(this.#pipe, this.#words, this.#placed, next);
    this.#isTarget = false;
    this.#words = [];
  }

  #readCommand(): void {
    const character = this.#script[this.#at]!;
    const next = this.#script[this.#at + 1];
    if (character === MARK || character === "'" || character === '"') return this.#readWordPart(character);
    switch (character) {
      case ' ':
      case '\t':
        this.#endWord();
        this.#take(1);
        return;
      case '\n':
        // Behind a pipe its command may stand in the next line.
        this.#endCommand(
          this.#words.length === 0 && this.#word === undefined && this.#pipe.isRead ? 'goes-on' : 'ends',
        );
        this.#take(1);
        this.#skipHeredocs();
        return;
      case '\\':
        if (next === '\n') this.#take(2);
        else this.#takeIntoWord(2);
        return;
      case '#':
        if (this.#word === undefined) this.#skipComment();
        else this.#takeIntoWord(1);
        return;
      case '`':
        this.#lostBehind = 'a backquote';
        return;
      case '$':
        return this.#readDollar(next);
      case '(':
        return this.#open(next);
      case ')':
        return this.#close();
      case ';':
        this.#endCommand();
        this.#take(1);
        return;
      case '|':
        this.#endCommand(next === '|' ? 'ends' : 'reads');
        this.#take(next === '|' || next === '&' ? 2 : 1);
        return;
      case '&':
        if (next === '>') this.#endWord();
        else this.#endCommand();
        this.#take(1);
        return;
      case '<':
      case '>':
        return this.#readRedirection(character, next);
      default:
        this.#takeIntoWord(1);
    }
  }

  #readWordPart(character: string): void {
    const whole = character === MARK ? NUMBERED.exec(this.#rest) : QUOTED.exec(this.#rest);
    const number = whole?.[1] ?? whole?.[2];
    if (whole !== null && number !== undefined) return this.#readPlaceholder(whole[0], Number(number));
    if (character === '"') {
      this.#takeIntoWord(1);
      this.#inQuotes = true;
      return;
    }
    if (character === MARK) return this.#takeIntoWord(1);
    this.#readSingleQuoted(1);
  }

  /** `written`: the mark, perhaps in quotes of its own. */
  #readPlaceholder(written: string, number: number): void {
    const after = this.#script.slice(this.#at + written.length, this.#at + written.length + 1);
    const why =
      this.#word !== undefined || !BEHIND_A_WORD.test(after) ? 'is only a part of a word' : this.#whyNotHere();
    this.#at += written.length;
    this.#placed = number + 1;
    if (why !== undefined) this.#problems.push({ number, why });
    const reference = `"$${variableOf(number)}"`;
    this.#written += reference;
    this.#word = (this.#word ?? '') + reference;
  }

  /** Why a whole word may not be a value here. */
  #whyNotHere(): string | undefined {
    const within = this.#frames.map((frame, at) => {
      if (frame.isList) return whyNoListed(frame.words);
      return this.#frames[at - 1]?.isList === true ? undefined : whyNoOutput(frame);
    });
    const why = within.find((one) => one !== undefined);
    if (why !== undefined || this.#isTarget === true || this.#frames.at(-1)?.isList === true) return why;
    if (this.#inBrackets) return 'stands in [[ ]], which evaluates it once more';
    return whyNoValue(this.#words, { isStandardInput: this.#isTarget === 'here-string' });
  }

  #readSingleQuoted(opening: number): void {
    const end = this.#script.indexOf("'", this.#at + opening);
    this.#takeQuoted(end < 0 ? this.#script.length : end + 1);
  }

  /** `$'...'`, in which a backslash means something. */
  #readAnsiQuoted(): void {
    let end = this.#at + 2;
    while (end < this.#script.length && this.#script[end] !== "'") end += this.#script[end] === '\\' ? 2 : 1;
    this.#takeQuoted(Math.min(end + 1, this.#script.length));
  }

  #takeQuoted(end: number): void {
    while (this.#at < end) {
      const number = this.#markHere();
      if (number !== undefined) this.#refuse(number, 'stands inside quotes, with other text');
      else {
        if (this.#script[this.#at] === '\n' && this.#heredocs.length > 0) this.#lostBehind ??= 'a here-document';
        this.#takeIntoWord(1);
      }
    }
    this.#word ??= '';
  }

  #readQuoted(): void {
    const character = this.#script[this.#at]!;
    const number = this.#markHere();
    if (number !== undefined) return this.#refuse(number, 'stands inside quotes, with other text');
    if (character === '\n' && this.#heredocs.length > 0) this.#lostBehind = 'a here-document';
    else if (character === '\\') this.#takeIntoWord(2);
    else if (character === '`') this.#lostBehind = 'a backquote';
    else if (character === '$') this.#readDollar(this.#script[this.#at + 1]);
    else {
      if (character === '"') this.#inQuotes = false;
      this.#takeIntoWord(1);
    }
  }

  #readDollar(next: string | undefined): void {
    if (next === "'" && !this.#inQuotes) return this.#readAnsiQuoted();
    if (next === '[' || this.#starts('$((')) {
      this.#lostBehind = 'arithmetic';
      return;
    }
    if (next === '(') {
      this.#takeIntoWord(2);
      this.#push(false);
      return;
    }
    if (next !== '{') return this.#takeIntoWord(/[\w?#$!@*-]/.test(next ?? '') ? 2 : 1);
    PARAMETER.lastIndex = this.#at;
    const whole = PARAMETER.exec(this.#script);
    if (whole === null) this.#lostBehind = 'a ${...} that is not a plain one';
    else this.#takeIntoWord(whole[0].length);
  }

  #push(isList: boolean): void {
    this.#frames.push({
      inQuotes: this.#inQuotes,
      isList,
      isTarget: this.#isTarget,
      words: this.#words,
      word: this.#word ?? '',
      pipe: this.#pipe,
    });
    this.#pipe = { first: this.#placed, isRead: false };
    this.#inQuotes = false;
    this.#isTarget = false;
    this.#words = [];
    this.#word = undefined;
  }

  #open(next: string | undefined): void {
    if (next === '(') {
      this.#lostBehind = 'arithmetic';
      return;
    }
    const isList = this.#word !== undefined && /^[A-Za-z_]\w*\+?=$/.test(this.#word);
    this.#takeIntoWord(1);
    this.#push(isList);
  }

  #close(): void {
    this.#endCommand();
    const frame = this.#frames.pop();
    if (frame === undefined) {
      this.#take(1); // behind the pattern of a case
      return;
    }
    this.#inQuotes = frame.inQuotes;
    this.#words = frame.words;
    this.#word = frame.word;
    this.#isTarget = frame.isTarget;
    this.#pipe = frame.pipe;
    this.#takeIntoWord(1);
    // `( ... )`, `f()`: a command may follow without anything between.
    if (!frame.isList && !/[$<>]\($/.test(frame.word)) this.#endCommand('goes-on');
  }

  #readRedirection(character: string, next: string | undefined): void {
    if (this.#word !== undefined && /^\d+$/.test(this.#word)) this.#word = undefined;
    this.#endWord();
    if (this.#starts('<<<')) {
      this.#take(3);
      this.#isTarget = 'here-string';
      return;
    }
    if (character === '<' && next === '<') return this.#readHeredoc();
    if (next === '(') {
      this.#takeIntoWord(2);
      this.#push(false);
      return;
    }
    this.#take(next === '&' || next === '>' || next === '|' ? 2 : 1);
    this.#isTarget = true;
  }

  #readHeredoc(): void {
    HEREDOC.lastIndex = this.#at;
    const match = HEREDOC.exec(this.#script);
    const end = match?.[2] ?? match?.[3] ?? match?.[4];
    if (match === null || end === undefined || this.#frames.length > 0) {
      this.#lostBehind = 'a here-document';
      return;
    }
    this.#heredocs.push({ end, tabs: match[1] === '-' });
    this.#take(match[0].length);
  }

  #skipHeredocs(): void {
    for (const { end, tabs } of this.#heredocs) {
      while (this.#at < this.#script.length) {
        const lineEnd = this.#script.indexOf('\n', this.#at);
        const stop = lineEnd < 0 ? this.#script.length : lineEnd;
        const line = this.#script.slice(this.#at, stop);
        while (this.#at < stop) {
          const number = this.#markHere();
          if (number === undefined) this.#take(1);
          else this.#refuse(number, 'stands in a here-document');
        }
        this.#take(1);
        if ((tabs ? line.replace(/^\t+/, '') : line) === end) break;
      }
    }
    this.#heredocs = [];
  }

  /** In a comment a variable is as good as anything. */
  #skipComment(): void {
    while (this.#at < this.#script.length && this.#script[this.#at] !== '\n') {
      const number = this.#markHere();
      if (number === undefined) this.#take(1);
      else {
        this.#written += `$${variableOf(number)}`;
        this.#at += placeMark(number).length;
      }
    }
  }
}
