/** Sentences beside an answer, on standard error: on a terminal broken at words, but within no command to be pasted. */
import type { Io } from '../io.ts';
import { sanitizeLine } from '../text/sanitize.ts';
import { wrapAroundCommands } from '../text/wrap.ts';

/** Says a sentence, which may be made of what others wrote. */
export function sayTo({ stderr }: Pick<Io, 'stderr'>): (text: string) => void {
  return (text) => {
    const columns = stderr.columns ?? Number.POSITIVE_INFINITY;
    const lines = wrapAroundCommands(sanitizeLine(text), { columns, rest: '  ' });
    stderr.write(lines.map((line) => `${line}\n`).join(''));
  };
}
