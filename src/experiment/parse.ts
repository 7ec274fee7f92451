/**
 * From unknown values to typed resources, at the edge: the shape, all problems at once. That is enough for `describe`, `get`,
 * `watch`, `assert` and `debug`; what may run keeps the rules of `validation/` too (docs/behavior.md 1).
 */
import { experimentSchema } from './experiment-schema.ts';
import { EXPERIMENT_SHAPE } from './experiment-shape.ts';
import type { WrittenExperiment } from './experiment.ts';
import { metricSchema, type WrittenMetric } from './metric.ts';
import { readShape } from './read-shape.ts';
import { parseShape, type Shaped } from './schema-issues.ts';
import { withoutNulls } from './without-nulls.ts';

/** An Experiment as it was written. Without `value` its shape is wrong. */
export function parseExperiment(value: unknown): Shaped<WrittenExperiment> {
  const plain = withoutNulls(value);
  // Making the schema takes longer than all the rest of a short command: it is there to say what is wrong.
  const read = readShape(EXPERIMENT_SHAPE, plain) as WrittenExperiment | undefined;
  return read === undefined ? parseShape(experimentSchema, plain) : { value: read, issues: [] };
}

/** A Metric as it was written, likewise. */
export function parseMetric(value: unknown): Shaped<WrittenMetric> {
  return parseShape(metricSchema, withoutNulls(value));
}
