/**
 * What a command of a bash script does with a value that it is given: whether it may read it once more. Pure.
 *
 * A command is one of bash's own, which are a closed set, or a program (script-interpreters.ts). Of its own ones those take a value that
 * are known to take it as it is.
 */
import { runsArgument, runsOutput, runsPiped } from './script-interpreters.ts';

/** All that bash has built in, as `compgen -b` lists it. */
const BUILTINS: ReadonlySet<string> = new Set(
  '. : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs disown echo enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly return set shift shopt source suspend test times trap true type typeset ulimit umask unalias unset wait'.split(
    ' ',
  ),
);

/** Of these, whose arguments are data whatever they are. Each is tried with real bash. */
const TAKES_DATA: ReadonlySet<string> = new Set(
  ': [ break cd continue echo exit false kill popd printf pushd pwd return set shift test true type umask'.split(' '),
);

/** Of these, which take the name of a variable behind an option, and an option may be a value too. */
const TAKES_OPTIONS: ReadonlySet<string> = new Set(['[', 'printf', 'test']);
const NAMES_VARIABLE = /^-[vR]$/;

const DECLARES: ReadonlySet<string> = new Set('declare typeset local readonly export'.split(' '));

/** Words after which a command follows, behind options of theirs. */
const BEFORE_COMMANDS: ReadonlySet<string> = new Set(
  'if then else elif while until do ! { } time command builtin exec coproc'.split(' '),
);
const ASSIGNMENT = /^[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=/;

const PLAIN_WORD = /^[\w./:@%+,[-]+$/;
const VALUE = /^"\$ITER8_V\d+"$/;

const HAS_BODY = /^(?:for|select|coproc|function)$/;
const BEGINS_BODY = /^(?:do|\{)$/;

/** Whether a command follows within the same words: `for x do ...`, `coproc NAME { ...`, `function f { ...`. */
export const beginsBody = (word: string, before: readonly string[]): boolean =>
  BEGINS_BODY.test(word) && HAS_BODY.test(before[0] ?? '');

/** Why a value may not be the next word of the command that begins with these words, or undefined. `isStandardInput`: what it reads. */
export function whyNoValue(
  before: readonly string[],
  { isStandardInput }: { readonly isStandardInput: boolean },
): string | undefined {
  const again = runsArgument(before, { isStandardInput });
  return whyNotBuiltin(before) ?? (again === undefined ? undefined : evaluates(again));
}

/** The same of what is printed within parentheses that begin so, `$(...)` or `<(...)`. `isTarget`: it is redirected from or to. */
export function whyNoOutput({
  words,
  word,
  isTarget,
}: {
  readonly words: readonly string[];
  readonly word: string;
  readonly isTarget: boolean | 'here-string';
}): string | undefined {
  if (!/[$<>]\($/.test(word)) return undefined;
  const why = isTarget !== false || ASSIGNMENT.test(word) ? undefined : whyNotBuiltin(words);
  if (why !== undefined) return `gets into a word that ${why}`;
  const again = runsOutput(words, { isInput: word.endsWith('<(') || isTarget !== false });
  return again === undefined ? undefined : becomesCode(again);
}

/** The same of what comes to a command through a pipe. */
export function whyNotPiped(words: readonly string[]): string | undefined {
  const again = runsPiped(words);
  return again === undefined ? undefined : becomesCode(again);
}

function whyNotBuiltin(before: readonly string[]): string | undefined {
  const [command] = commandIn(before);
  if (command === undefined) return 'stands where the name of a command is expected';
  if (!PLAIN_WORD.test(command)) return `is an argument of ${command}, which may be any command`;
  // Not only the first: before a command may stand what is not known here.
  const again = before.find((word) => BUILTINS.has(word) && !TAKES_DATA.has(word) && !BEFORE_COMMANDS.has(word));
  if (again !== undefined) return evaluates(again);
  return whyNotOption(before);
}

/** Commands that take the name of a variable behind an option evaluate an index in it. */
function whyNotOption(before: readonly string[]): string | undefined {
  const command = before.find((word) => TAKES_OPTIONS.has(word));
  if (command === undefined) return undefined;
  const last = before.at(-1)!;
  const option = last.replaceAll(/["'\\]/g, '');
  if (NAMES_VARIABLE.test(option)) return evaluates(option);
  // `printf VALUE`, where it may be `-vNAME` in one word.
  if (last === 'printf') return 'may be taken for an option of printf; write: printf -- VALUE';
  const mayBeOption = VALUE.test(last) || (command !== 'printf' && /[$`]/.test(last));
  return mayBeOption
    ? `stands behind ${VALUE.test(last) ? 'another value' : last}, which ${command} may take for an option`
    : undefined;
}

/** Why no value may be in a list of values, `a=( ... )`, behind these words of its command: what declares it may evaluate each. */
export function whyNoListed(before: readonly string[]): string | undefined {
  const [command] = commandIn(before);
  return command === undefined ? undefined : evaluates(command);
}

/** Whether these words declare variables that evaluate whatever they are given from then on. */
export const declaresIntegers = (words: readonly string[]): boolean =>
  words.some((word) => DECLARES.has(word)) && words.some((word) => /^["'\\]*-[A-Za-z]*i/.test(word));

/** From its name on. */
function commandIn(words: readonly string[]): readonly string[] {
  let isBefore = false;
  const first = words.findIndex((word) => {
    if (ASSIGNMENT.test(word) || (isBefore && word.startsWith('-'))) return false;
    isBefore = BEFORE_COMMANDS.has(word);
    return !isBefore;
  });
  return first < 0 ? [] : words.slice(first);
}

const evaluates = (word: string): string => `is an argument of ${word}, which may evaluate it once more`;
const becomesCode = (command: string): string => `gets into what ${command} is given, which may evaluate it once more`;
