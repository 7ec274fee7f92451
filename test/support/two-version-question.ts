/** The question of an experiment of two versions, `old` and `new`, and the times and splits that tests of its judgement need. */
import { withDefaults } from '../../src/experiment/defaults.ts';
import { compileQuestion, type Question } from '../../src/judge/question/question.ts';

export const START_MS = Date.parse('2026-11-24T08:00:00Z');

/** So many seconds after the start. */
export const at = (second: number): string => new Date(START_MS + 1000 * second).toISOString();

/** `percent`: of the new version. */
export const split = (percent: number) => [
  { name: 'old', value: 100 - percent },
  { name: 'new', value: percent },
];

export const twoVersionQuestion = (testingPattern: 'Canary' | 'A/B', criteria: object): Question =>
  questionOn(['old', 'new'], testingPattern, criteria);

/** Baseline first. */
export function questionOn(
  [baseline, ...candidates]: readonly [string, ...string[]],
  testingPattern: 'Canary' | 'A/B' | 'A/B/N',
  criteria: object,
): Question {
  return compileQuestion(
    withDefaults(
      {
        apiVersion: 'iter8.tools/v2alpha2',
        kind: 'Experiment',
        metadata: { name: 'e' },
        spec: {
          target: 't',
          strategy: { testingPattern },
          criteria: criteria as never,
          versionInfo: { baseline: { name: baseline }, candidates: candidates.map((name) => ({ name })) },
        },
      },
      { namespace: 'default' },
    ),
  );
}
