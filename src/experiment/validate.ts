/**
 * Whether an experiment may run: the rules of `api/rules.ts` together with the parsers of `expr/`, which the API itself does
 * not know.
 */
import { checkExperiment as checkRules, type CheckOptions, type RuleIssue } from './rules/all-rules.ts';
import type { WrittenExperiment } from './experiment.ts';
import { EXPRESSION_SYNTAX } from '../expressions/expression-syntax.ts';

/** Every rule that an experiment breaks, also those about conditions and field paths; empty when it may run. */
export function checkExperiment(
  experiment: WrittenExperiment,
  options: Omit<CheckOptions, 'syntax'> = {},
): RuleIssue[] {
  return checkRules(experiment, { ...options, syntax: EXPRESSION_SYNTAX });
}
