/**
 * Programs that run what they are given, and to which a script would hand a value as code: `bash -c`, `ssh`, a pipe into `sh`. Pure.
 *
 * No value gets into the text of a script whatever is missing here (script-words.ts): this points out where an author would hand one to a
 * second interpreter. What a program that nobody knows does with its arguments is its own affair.
 */

/** With all that they are given, over a network or in many shells. */
const RUNS_ARGUMENTS: ReadonlySet<string> = new Set(['ssh', 'xargs', 'parallel', 'watch']);

/** Without a file of code it takes its standard input for code. */
const INTERPRETER = /^(?:.*\/)?(?:(?:a|ba|c|da|fi|k|tc|z)?sh|pwsh|perl|php|ruby|node(?:js)?|(?:python|lua)[\d.]*)$/;
const SHELL_CODE = /^-[A-Za-z]*c$/;
const INTERPRETER_CODE = /^-[A-Za-z]*[eEpr]$|^--(?:eval|print)$/;
/** The code comes from the standard input, and what follows are its arguments. */
const CODE_IS_INPUT = /^-[A-Za-z]*s$|^-$/;

/** What would run a value that is the next word; `isStandardInput`: that is what it reads. Undefined: nothing that is known. */
export function runsArgument(
  before: readonly string[],
  { isStandardInput }: { readonly isStandardInput: boolean },
): string | undefined {
  // What follows the code are arguments of it: `bash -c 'echo "$1"' x VALUE`.
  const options = before.slice(before.findLastIndex((word) => !word.startsWith('-')) + 1);
  const hasInterpreter = before.some((word) => INTERPRETER.test(word));
  return (
    before.find((word) => RUNS_ARGUMENTS.has(word)) ??
    options.find((word) => SHELL_CODE.test(word) || (hasInterpreter && INTERPRETER_CODE.test(word))) ??
    (isStandardInput ? runsInput(before) : undefined)
  );
}

/** What would run the output of a command within the command of these words. `isInput`: as a file that it is given, `<(...)`. */
export function runsOutput(around: readonly string[], { isInput }: { readonly isInput: boolean }): string | undefined {
  if (!isInput) return runsArgument(around, { isStandardInput: false });
  return around.find((word) => word === 'ssh' || SHELL_CODE.test(word)) ?? runsInput(around);
}

/** What would run what comes through a pipe: `| sudo sh -s`, `| ssh host`, `| xargs -I{} sh -c {}`, `| . /dev/stdin`. */
export function runsPiped(words: readonly string[]): string | undefined {
  const isFile = words.at(-1) === '/dev/stdin';
  return (
    runsInput(words) ??
    words.find((word) => word === 'ssh' || SHELL_CODE.test(word) || (isFile && (word === '.' || word === 'source')))
  );
}

/** An interpreter that is given no file of code. */
function runsInput(words: readonly string[]): string | undefined {
  const at = words.findLastIndex((word) => INTERPRETER.test(word));
  if (at < 0) return undefined;
  const behind = words.slice(at + 1);
  const isCodeInput = behind.every((word) => word.startsWith('-')) || behind.some((word) => CODE_IS_INPUT.test(word));
  return isCodeInput ? words[at] : undefined;
}
