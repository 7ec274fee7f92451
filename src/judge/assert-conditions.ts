/**
 * Conditions of `assert`, and whether they hold, can no longer hold, or may still. Pure. Source: docs/behavior.md 4.
 */
import type { Experiment } from '../experiment/experiment.ts';
import { hasEnded, hasFailed, recordedWinner } from '../experiment/conditions.ts';
import { answeredVersions } from './question/question.ts';
import { overallVerdict } from './recommend.ts';
import type { LimitAssessment } from './assessment.ts';
import type { Recommendation } from './recommendation.ts';

export const ASSERTIONS = [
  'completed',
  'successful',
  'winnerFound',
  'candidateWon',
  'baselineWon',
  'noWinner',
  'failed',
  'satisfied',
  'undecided',
] as const;
export type Assertion = (typeof ASSERTIONS)[number];

/** `never`: it does not hold, and nothing that happens can change that. */
export type AssertionState = 'holds' | 'never' | 'may';

export interface AssertionFacts {
  readonly experiment: Experiment;
  /** Our judgement (for objects of Iter8 0.7: the new one). */
  readonly recommendation: Recommendation;
  readonly assessments: readonly LimitAssessment[];
}

export function assertionState(assertion: Assertion, facts: AssertionFacts): AssertionState {
  const { experiment, recommendation, assessments } = facts;
  const failed = hasFailed(experiment);
  const ended = hasEnded(experiment);
  const settle = (holds: boolean): AssertionState => (ended ? (holds ? 'holds' : 'never') : 'may');
  if (assertion === 'failed') return settle(failed);
  if (failed) return 'never';
  const { winnerFound, candidateWon, baselineWon } = recordedWinner(experiment);
  switch (assertion) {
    case 'completed':
      return settle(true);
    case 'successful':
      return settle(recommendation.verdict === 'promote');
    case 'winnerFound':
      return settle(winnerFound);
    case 'candidateWon':
      return settle(candidateWon);
    case 'baselineWon':
      return settle(baselineWon);
    case 'noWinner':
      return settle(!winnerFound);
    case 'satisfied':
      return settle(overallVerdict(answeredVersions(experiment), assessments) === 'satisfied');
    case 'undecided':
      return settle(recommendation.verdict === 'undecided');
  }
}
