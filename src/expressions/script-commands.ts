/** What a command of a bash script does with a value that it is given: whether it may read it once more. Pure. */

/** Words after which a command follows. */
const BEFORE_COMMANDS: ReadonlySet<string> = new Set(
  'if then else elif while until do ! { } time command builtin exec coproc'.split(' '),
);
const ASSIGNMENT = /^[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=/;

/**
 * Commands that read an argument as shell text, or as the name of a variable with an index that is evaluated. No value gets
 * into the text of a script whatever this list lacks: it points out where an author would hand one to a second shell.
 */
const READS_AGAIN: ReadonlySet<string> = new Set(
  'eval let trap source . declare typeset local export readonly unset read readarray mapfile alias bind complete compgen getopts ssh xargs parallel watch'.split(
    ' ',
  ),
);
/** `bash -c`, `sh -ec`; `printf -v`, `test -v`. */
const TAKES_CODE = /^-[A-Za-z]*c$|^-v$/;

/** Of these, what runs the output of a command that it is given: `eval "$(echo ...)"`, `source <(echo ...)`. */
const RUNS_OUTPUT: ReadonlySet<string> = new Set('eval let trap source . ssh'.split(' '));

/** Its standard input is shell text. */
const SHELL = /^(?:.*\/)?(?:ba|da|z|k)?sh$/;

const PLAIN_WORD = /^[\w./:@%+,[-]+$/;

/**
 * Why a value may not be a word of the command that begins with these words, or undefined. `isStandardInput`: it is what the
 * command reads.
 */
export function whyNoValue(
  before: readonly string[],
  { isStandardInput }: { readonly isStandardInput: boolean },
): string | undefined {
  const first = before.findIndex((word) => !BEFORE_COMMANDS.has(word) && !ASSIGNMENT.test(word));
  const words = first < 0 ? [] : before.slice(first);
  const [command] = words;
  if (command === undefined) return 'stands where the name of a command is expected';
  if (!PLAIN_WORD.test(command)) return `is an argument of ${command}, which may be any command`;
  const again = words.find(
    (word) => READS_AGAIN.has(word) || TAKES_CODE.test(word) || (isStandardInput && SHELL.test(word)),
  );
  return again === undefined ? undefined : `is an argument of ${again}, which may evaluate it once more`;
}

/**
 * Why a value may not get into the output of a command within the command that begins with these words, or undefined.
 * `isInput`: the output is a file that it is given, `<(...)`.
 */
export function whyNoOutput(around: readonly string[], { isInput }: { readonly isInput: boolean }): string | undefined {
  const last = around.findLast((word) => !word.startsWith('-')) ?? '';
  const again =
    around.find((word) => RUNS_OUTPUT.has(word) || TAKES_CODE.test(word)) ??
    (isInput && SHELL.test(last) ? last : undefined);
  return again === undefined ? undefined : becomesCode(again);
}

/** The same for what comes to it through a pipe: `| sudo sh -s`, `| xargs -I{} sh -c {}`, `| . /dev/stdin`. */
export function whyNotPiped(words: readonly string[]): string | undefined {
  const last = words.findLast((word) => !word.startsWith('-')) ?? '';
  const again = SHELL.test(last)
    ? last
    : words.find((word) => TAKES_CODE.test(word) || (last === '/dev/stdin' && RUNS_OUTPUT.has(word)));
  return again === undefined ? undefined : becomesCode(again);
}

const becomesCode = (command: string): string => `gets into what ${command} is given, which may evaluate it once more`;
