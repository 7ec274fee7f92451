/** Pipelines of a bash script: which placeholders get into the program of a shell behind a pipe. Pure. */
import { whyNotPiped } from './script-commands.ts';

/** The pipeline of a command. */
export interface Pipe {
  /** Number of the first placeholder in it. */
  readonly first: number;
  /** The command reads the output of another. */
  readonly isRead: boolean;
}

/** `reads`: another command reads its output; `goes-on`: only its words end; else it ends. */
export type Next = 'reads' | 'goes-on' | 'ends';

/** What a command may begin with that ends others: their output comes before it. */
const ENDS_GROUP: ReadonlySet<string> = new Set(['}', 'done', 'fi', 'esac']);

/** Behind a command of these words; `placed`: how many placeholders there are so far. */
export function pipeBehind(pipe: Pipe, words: readonly string[], placed: number, next: Next): Pipe {
  if (next === 'ends') return { first: placed, isRead: false };
  if (next === 'goes-on') return pipe;
  // Where the group began is not known: as if it were all that came before.
  return { first: ENDS_GROUP.has(words[0] ?? '') ? 0 : pipe.first, isRead: true };
}

/** Placeholders that this command would run. */
export function pipedIntoShell(
  pipe: Pipe,
  words: readonly string[],
  placed: number,
): { readonly number: number; readonly why: string }[] {
  const why = pipe.isRead ? whyNotPiped(words) : undefined;
  if (why === undefined) return [];
  return Array.from({ length: placed - pipe.first }, (_, k) => ({ number: pipe.first + k, why }));
}
