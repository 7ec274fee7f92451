/**
 * From unknown values to typed resources, at the edge: first the shape, then (when asked) the rules. All problems at once.
 *
 * Two strictnesses (behaviour.md 1): `describe`, `get`, `watch`, `assert`, `debug` need only the shape; `run` and `plan`
 * apply the rules of `rules.ts` too.
 */
import { experimentSchema, type WrittenExperiment } from './experiment.ts';
import { metricSchema, type WrittenMetric } from './metric.ts';
import { checkExperiment, checkMetric, type ExpressionSyntax } from './rules/all-rules.ts';
import { parseShape, type Shaped } from './schema-issues.ts';

export interface ParseOptions {
  /** `shape` (the default): what cannot be read is refused. `rules`: also what cannot be run. */
  readonly strictness?: 'shape' | 'rules' | undefined;
  readonly syntax?: ExpressionSyntax | undefined;
}

/** An Experiment as it was written. Without `value` its shape is wrong; with `value` and issues it breaks rules. */
export function parseExperiment(value: unknown, options: ParseOptions = {}): Shaped<WrittenExperiment> {
  const shaped = parseShape(experimentSchema, value);
  if (shaped.value === undefined || options.strictness !== 'rules') return shaped;
  return { value: shaped.value, issues: checkExperiment(shaped.value, { syntax: options.syntax }) };
}

/** A Metric as it was written, likewise. */
export function parseMetric(value: unknown, options: ParseOptions = {}): Shaped<WrittenMetric> {
  const shaped = parseShape(metricSchema, value);
  if (shaped.value === undefined || options.strictness !== 'rules') return shaped;
  return { value: shaped.value, issues: checkMetric(shaped.value) };
}
