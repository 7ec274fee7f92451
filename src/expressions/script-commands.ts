/**
 * What bash itself does with a value that stands as an argument: whether it may read it once more. Pure.
 *
 * A command is one of bash's own, which are a closed set, or a program. Of its own ones those take a value that are known to take it as it
 * is. What a program does with an argument, with its input, or with what another has printed is its own affair: it gets the same as from
 * `"$1"`, and whoever calls an interpreter (`bash -c`, `ssh`, `python3 -`) hands it code.
 */

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

/** Words after which a command follows, behind options of theirs. */
const BEFORE_COMMANDS: ReadonlySet<string> = new Set(
  'if then else elif while until do ! { } time command builtin exec coproc'.split(' '),
);
const ASSIGNMENT = /^[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=/;

const PLAIN_WORD = /^[\w./:@%+,[-]+$/;
const VALUE = /^"\$ITER8_V\d+"$/;

/** Why a value may not be the next word of the command that begins with these words, or undefined. */
export function whyNoValue(before: readonly string[]): string | undefined {
  const words = commandIn(before);
  const [command] = words;
  if (command === undefined) return 'stands where the name of a command is expected';
  if (!PLAIN_WORD.test(command)) return `is an argument of ${command}, which may be any command`;
  // Not only the first: before a command may stand what is not known here.
  const again = before.find((word) => BUILTINS.has(word) && !TAKES_DATA.has(word) && !BEFORE_COMMANDS.has(word));
  if (again !== undefined) return evaluates(again);
  const last = before.at(-1)!;
  if (!before.some((word) => TAKES_OPTIONS.has(word))) return undefined;
  if (NAMES_VARIABLE.test(last)) return evaluates(last);
  return VALUE.test(last) ? `stands behind another value, which ${command} may take for an option` : undefined;
}

/** The same of what a command prints, in a word that begins so: `$(...)`, `<(...)`. */
export function whyNoOutput(before: readonly string[], word: string): string | undefined {
  const why = ASSIGNMENT.test(word) ? undefined : whyNoValue(before);
  return why === undefined ? undefined : `gets into a word that ${why}`;
}

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
