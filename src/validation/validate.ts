/** Whether an experiment or a metric may be used: every rule that it breaks, also those about the expressions in its texts. */
import type { WrittenExperiment } from '../experiment/experiment.ts';
import type { WrittenMetric } from '../experiment/metric.ts';
import { parseExperiment, parseMetric } from '../experiment/parse.ts';
import type { Shaped } from '../experiment/schema-issues.ts';
import { EXPRESSION_SYNTAX } from '../expressions/expression-syntax.ts';
import { checkExperiment as checkRules, checkMetric, type CheckOptions, type RuleIssue } from './rules/all-rules.ts';

/** Empty when it may run. */
export function checkExperiment(
  experiment: WrittenExperiment,
  options: Omit<CheckOptions, 'syntax'> = {},
): RuleIssue[] {
  return checkRules(experiment, { ...options, syntax: EXPRESSION_SYNTAX });
}

/** An Experiment whose shape is right, with the rules that it breaks. */
export function validateExperiment(value: unknown): Shaped<WrittenExperiment> {
  const shaped = parseExperiment(value);
  return shaped.value === undefined ? shaped : { value: shaped.value, issues: checkExperiment(shaped.value) };
}

/** A Metric, likewise. */
export function validateMetric(value: unknown): Shaped<WrittenMetric> {
  const shaped = parseMetric(value);
  return shaped.value === undefined ? shaped : { value: shaped.value, issues: checkMetric(shaped.value) };
}
