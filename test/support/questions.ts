/** Questions of experiments, most of them of two versions `old` and `new`, and the times and splits that tests of their judgement need. */
import type { TestingPattern } from '../../src/experiment/contract-words.ts';
import { plainExperiment, versionInfoOf } from './plain-experiment.ts';
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

/** Of these versions, baseline first. `loads`: the inputs of collect tasks at the start. */
export function questionOn(
  versions: readonly string[],
  testingPattern: TestingPattern,
  criteria: object,
  loads: readonly object[] = [],
): Question {
  const start = loads.map((inputs) => ({ task: 'metrics/collect', with: inputs }));
  return compileQuestion(
    plainExperiment({
      strategy: { testingPattern, actions: { start } },
      criteria,
      versionInfo: versionInfoOf(versions),
    }),
  );
}
