/** Conditions of `assert`, and whether they hold, can no longer hold, or may still. Pure. Source: behaviour.md 4. */
import type { Experiment } from '../experiment/experiment.ts';
import { judgedVersions } from './question.ts';
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
  const { status } = experiment;
  const is = (type: string) =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
  const failed = is('Failed');
  const ended = is('Completed') || failed;
  const settle = (holds: boolean): AssertionState => (ended ? (holds ? 'holds' : 'never') : 'may');
  if (assertion === 'failed') return failed ? 'holds' : ended ? 'never' : 'may';
  if (failed) return 'never';
  const winner = status?.analysis?.winnerAssessment?.data;
  const found = winner?.winnerFound === true;
  const conformance = experiment.spec.strategy.testingPattern === 'Conformance';
  const baseline = experiment.spec.versionInfo?.baseline.name;
  const baselineIsWinner = found && winner.winner === baseline;
  switch (assertion) {
    case 'completed':
      return settle(true);
    case 'successful':
      return settle(recommendation.verdict === 'promote');
    case 'winnerFound':
      return settle(found);
    case 'candidateWon':
      return settle(found && (conformance ? baselineIsWinner : !baselineIsWinner));
    case 'baselineWon':
      return settle(baselineIsWinner);
    case 'noWinner':
      return settle(!found);
    case 'satisfied':
      return settle(
        overallVerdict(judgedVersions(experiment), experiment.spec.strategy.testingPattern, assessments) ===
          'satisfied',
      );
    case 'undecided':
      return settle(recommendation.verdict === 'undecided');
  }
}
