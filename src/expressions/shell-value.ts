/** Values from objects inside bash scripts: never anything but text, wherever the placeholder stands. */
import { Iter8Error } from '../errors.ts';

/** Means the same inside quotes and outside. */
const HARMLESS = /^[\w@%+=:,./-]+$/;

/** `$(`, `${`, `$'`, backquotes, `<<`, `#`, `[[`, `((`, `eval`, `let`; a backslash at the end. */
const UNSURE = /\$[({'"]|`|<<|(?:^|\s)#|\[\[|\(\(|\b(?:eval|let)\b|\\$/;

type Quotes = 'none' | 'single' | 'double';

/**
 * A value to be put behind `before` in a bash script, quoted for where it stands: outside quotes, in single or in double
 * ones. A value with characters that mean something to the shell is refused where that cannot be told for sure: behind
 * substitutions, here-documents, comments, a backslash, and what evaluates its text once more.
 *
 * @throws Iter8Error, without the value.
 */
export function shellValue(value: string, before: string): string {
  if (HARMLESS.test(value)) return value;
  if (value.includes('\0')) throw new Iter8Error('a value with a zero byte cannot be put into a script');
  if (UNSURE.test(before)) {
    throw new Iter8Error(
      'a value with characters that the shell would read stands behind a substitution, a here-document, a comment, [[, ((, eval or let',
      {
        hint: 'put it into a variable in the first line of the script, and use that',
      },
    );
  }
  switch (quotesAfter(before)) {
    case 'none':
      return `'${value.replaceAll("'", `'\\''`)}'`;
    case 'single':
      return value.replaceAll("'", `'\\''`);
    case 'double':
      return value.replaceAll(/[$`"\\!]/g, (character) => (character === '!' ? `"'!'"` : `\\${character}`));
    default:
      return '';
  }
}

/** In what quotes the end of a script is. */
function quotesAfter(script: string): Quotes {
  let quotes: Quotes = 'none';
  for (let at = 0; at < script.length; at++) {
    const character = script[at];
    if (character === '\\' && quotes !== 'single') at++;
    else if (character === "'" && quotes !== 'double') quotes = quotes === 'single' ? 'none' : 'single';
    else if (character === '"' && quotes !== 'single') quotes = quotes === 'double' ? 'none' : 'double';
  }
  return quotes;
}

/**
 * A reference to an environment variable to be put behind `before`: how a secret gets into a script without standing in it.
 * Refused where a value would be.
 *
 * @throws Iter8Error
 */
export function shellReference(variable: string, before: string): string {
  shellValue('$', before); // refuses where what stands before cannot be read for sure
  switch (quotesAfter(before)) {
    case 'none':
      return `"\${${variable}}"`;
    case 'single':
      return `'"\${${variable}}"'`;
    case 'double':
      return `\${${variable}}`;
    default:
      return '';
  }
}
