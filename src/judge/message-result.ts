/** What is known of an experiment, as plain data for messages: `@< .result.verdict >@`. Pure. Source: docs/behavior.md 6.2. */
import type { LimitAssessment } from './assessment.ts';
import { headline, type Recommendation, type RecommendationKind } from './recommendation.ts';
import { rowSentence } from './wording/row-sentence.ts';

export interface MessageResult {
  readonly verdict: RecommendationKind;
  /** The verdict is `promote`. */
  readonly promote: boolean;
  /** The verdict is `undecided`. */
  readonly undecided: boolean;
  /** `do not promote: keep v1`. */
  readonly headline: string;
  /** The version that the verdict is about; empty when there is none. */
  readonly version: string;
  /** The first of the reasons. */
  readonly reason: string;
  readonly reasons: readonly string[];
  /** The headline, and each reason on a line of its own. */
  readonly text: string;
  readonly objectives: readonly {
    readonly metric: string;
    readonly version: string;
    readonly verdict: LimitAssessment['verdict'];
    readonly side: LimitAssessment['side'];
    readonly limit: number;
    /** Null, as are the bounds: not known. */
    readonly estimate: number | null;
    readonly lower: number | null;
    readonly upper: number | null;
    readonly n: number;
    /** As `describe` says it. */
    readonly text: string;
  }[];
}

/** The names under `result`. */
export const RESULT_NAMES: readonly (keyof MessageResult)[] = [
  'verdict',
  'promote',
  'undecided',
  'headline',
  'version',
  'reason',
  'reasons',
  'text',
  'objectives',
];

export function messageResult(
  name: string,
  recommendation: Recommendation,
  assessments: readonly LimitAssessment[],
): MessageResult {
  const { verdict, version = '', reasons } = recommendation;
  const line = headline(recommendation, name);
  return {
    verdict,
    promote: verdict === 'promote',
    undecided: verdict === 'undecided',
    headline: line,
    version,
    reason: reasons[0] ?? '',
    reasons,
    text: [line, ...reasons].join('\n'),
    objectives: assessments.map((one) => ({
      metric: one.metric,
      version: one.version,
      verdict: one.verdict,
      side: one.side,
      limit: one.limit,
      estimate: one.estimate ?? null,
      lower: one.lower ?? null,
      upper: one.upper ?? null,
      n: one.n,
      text: rowSentence(one),
    })),
  };
}
