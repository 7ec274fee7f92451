/** From a recommendation to an exit code. Source: product.md section 3, behaviour.md 4. */
import { EXIT, type ExitCode } from '../../errors.ts';
import type { RecommendationKind } from './recommendation.ts';

/** `ended` false: nothing is fixed yet, whatever the present look says. */
export function exitCodeOf(verdict: RecommendationKind, ended: boolean): ExitCode {
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

/** The code of several experiments watched together: any failed, else any no, else any undecided, else all promote. */
export function worstExitCode(codes: readonly ExitCode[]): ExitCode {
  for (const code of [EXIT.failed, EXIT.no, EXIT.undecided]) if (codes.includes(code)) return code;
  return EXIT.ok;
}
