/** Reads the metrics that an experiment's criteria name, and the sample sizes that those name: for status.metrics. */
import { NotFoundError } from '../errors.ts';
import type { Experiment, ExperimentStatus, ObjectKey } from '../experiment/experiment.ts';
import { metricWithDefaults } from '../experiment/defaults.ts';
import type { Metric } from '../experiment/metric.ts';
import { builtinMetric, namedMetrics, parseMetricName, SYSTEM_NAMESPACE } from '../experiment/metric-names.ts';
import { checkMetric } from '../validation/rules/all-rules.ts';
import type { ExperimentStore } from './ports.ts';
import type { Failure } from './status-changes.ts';

export type ReadMetrics = NonNullable<ExperimentStatus['metrics']>;

/** The metrics as read, or why the experiment cannot go on without one. */
export async function readMetrics(
  experiment: Experiment,
  store: Pick<ExperimentStore, 'getMetric'>,
): Promise<{ readonly metrics: ReadMetrics } | { readonly failure: Failure }> {
  const names = new Set(namedMetrics(experiment.spec.criteria));
  const metrics: ReadMetrics = [];
  const wanted = [...names].map((written) => ({ written, namespace: experiment.metadata.namespace }));
  for (const { written, namespace } of wanted) {
    const name = parseMetricName(written, namespace);
    if (name.quantity.kind !== 'custom') {
      // Sample sizes that are ours need no object; what the criteria name is listed under the name that they wrote.
      if (names.has(written)) metrics.push({ name: written, metricObj: { ...builtinMetric(name) } });
      continue;
    }
    const metric = await findMetric(name.key, written.includes('/'), store);
    if (metric === undefined) {
      const message = `Unable to find metric ${name.key.namespace}/${name.key.name}`;
      return { failure: { reason: 'MetricUnavailable', message } };
    }
    const place = `${metric.metadata.namespace}/${metric.metadata.name}`;
    const problem = checkMetric(metric)[0];
    if (problem !== undefined) {
      const message = `metric ${place}: ${problem.path}: ${problem.message}`;
      return { failure: { reason: 'MetricsUnreadable', message } };
    }
    if (metrics.some((one) => one.name === place)) continue;
    metrics.push({
      name: place,
      metricObj: { ...metricWithDefaults(metric, { namespace: metric.metadata.namespace }) },
    });
    if (metric.spec.sampleSize !== undefined)
      wanted.push({ written: metric.spec.sampleSize, namespace: metric.metadata.namespace });
  }
  return { metrics };
}

/** In the namespace that is written, else in the experiment's, else where Iter8 is installed (docs/behavior.md 7). */
async function findMetric(
  key: ObjectKey,
  isQualified: boolean,
  store: Pick<ExperimentStore, 'getMetric'>,
): Promise<Metric | undefined> {
  const places = isQualified ? [key.namespace] : [key.namespace, SYSTEM_NAMESPACE];
  for (const namespace of places) {
    try {
      return await store.getMetric({ namespace, name: key.name });
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
  return undefined;
}
