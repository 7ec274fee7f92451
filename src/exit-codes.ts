/** All exit codes of the program, and which one an answer has. Source: docs/behavior.md 4. */

/** Exit codes, the same for every command. Source: docs/behavior.md 4. */
export const EXIT = {
  ok: 0,
  no: 1,
  usage: 2,
  undecided: 3,
  failed: 4,
  timeout: 5,
  notFound: 6,
  unavailable: 7,
  bug: 70,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What an answer may be: see `judge/recommendation.ts`. */
type Answer = 'promote' | 'do not promote' | 'undecided' | 'failed';

/** While it has not ended nothing is fixed yet, whatever the present look says. */
export function exitCodeOf(verdict: Answer, { ended }: { readonly ended: boolean }): ExitCode {
  if (verdict === 'failed') return EXIT.failed;
  if (!ended) return EXIT.undecided;
  switch (verdict) {
    case 'promote':
      return EXIT.ok;
    case 'do not promote':
      return EXIT.no;
    case 'undecided':
      return EXIT.undecided;
  }
}

/** The code of several experiments watched together: any failed, else any no, else any undecided, else all promote. Of none: not found. */
export function worstExitCode(codes: readonly ExitCode[]): ExitCode {
  if (codes.length === 0) return EXIT.notFound;
  for (const code of [EXIT.failed, EXIT.no, EXIT.undecided]) if (codes.includes(code)) return code;
  return EXIT.ok;
}
