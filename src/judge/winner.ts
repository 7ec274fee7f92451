/** Who wins, from the verdicts on the versions. Source: docs/contract.md 5, docs/behavior.md 7. Pure. */
import { combineVerdicts, type LimitAssessment, type Verdict } from './assessment.ts';
import type { Question } from './question/question.ts';
import type { RewardResult } from './reward/reward-state.ts';

/** The verdict on each version over all of its objectives; `satisfied` for all when there are no objectives. */
export function versionVerdicts(
  versions: readonly { readonly name: string }[],
  assessments: readonly LimitAssessment[],
): Map<string, Verdict> {
  return new Map(
    versions.map((version) => {
      const own = assessments.filter((assessment) => assessment.version === version.name);
      return [
        version.name,
        own.length === 0 ? 'satisfied' : combineVerdicts(own.map((assessment) => assessment.verdict)),
      ];
    }),
  );
}

/**
 * The winner, or undefined.
 *
 * Conformance: the version when it is satisfied. Canary: the candidate when it is satisfied; the baseline when it is
 * satisfied and the candidate is *violated* (an undecided candidate makes nobody win). A/B and A/B/N: who is shown to have
 * the best reward; a tie makes nobody win.
 */
export function winnerOf(
  { pattern, versions, baseline }: Question,
  verdicts: ReadonlyMap<string, Verdict>,
  reward?: RewardResult,
): string | undefined {
  if (baseline === undefined) return undefined;
  const baselineVerdict = verdicts.get(baseline.name);
  switch (pattern) {
    case 'Conformance':
      return baselineVerdict === 'satisfied' ? baseline.name : undefined;
    case 'Canary': {
      const candidate = versions.find((version) => version.role === 'candidate');
      if (candidate === undefined) return undefined;
      const verdict = verdicts.get(candidate.name);
      if (verdict === 'satisfied') return candidate.name;
      return verdict === 'violated' && baselineVerdict === 'satisfied' ? baseline.name : undefined;
    }
    case 'A/B':
    case 'A/B/N':
      return reward?.state === 'winner' ? reward.winner : undefined;
  }
}
