/** The parsers of the little languages in a manifest, for whoever checks one: each says what is wrong, or undefined. */
import { conditionProblem } from './if-condition.ts';
import { fieldPathProblem } from './field-path.ts';
import { placeholderProblem } from './placeholders.ts';
import { scriptProblem } from './script-placeholders.ts';
import { waitForProblem } from './wait-for.ts';

export const EXPRESSION_SYNTAX = {
  condition: conditionProblem,
  fieldPath: fieldPathProblem,
  template: placeholderProblem,
  script: scriptProblem,
  waitFor: waitForProblem,
} as const;
