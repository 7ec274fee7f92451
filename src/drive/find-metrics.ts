/** Reads the metrics that an experiment's criteria name, and the sample sizes that those name: for status.metrics. */
import { foundOrUndefined } from '../errors.ts';
import type { Clock } from '../io.ts';
import type { Experiment, ExperimentStatus, ObjectKey } from '../experiment/experiment.ts';
import { metricWithDefaults } from '../experiment/defaults.ts';
import type { Metric } from '../experiment/metric.ts';
import {
  builtinMetric,
  metricOutOfReach,
  namedMetrics,
  parseMetricName,
  SYSTEM_NAMESPACE,
} from '../experiment/metric-names.ts';
import { checkMetric } from '../validation/rules/all-rules.ts';
import { MEASURING } from './next-step.ts';
import type { ExperimentStore } from './ports.ts';
import type { Failure } from './status-changes.ts';

export type ReadMetrics = NonNullable<ExperimentStatus['metrics']>;

/** Which metrics may be read. */
export interface MetricReach {
  /** None of other namespaces but the shared ones. */
  readonly ownMetricsOnly?: boolean | undefined;
}

type MetricStore = Pick<ExperimentStore, 'getMetric'>;

/**
 * How long a controller waits for the metrics of an experiment: `kubectl apply` makes the objects of a folder one after another, the
 * experiment before its metrics, if its file is first.
 */
export const METRICS_FOLLOW_MS = 10_000;
const LOOK_AGAIN_MS = 1_000;

/**
 * Why an experiment would fail for want of a metric, before anything is sent for it. Undefined when all are there, and where a
 * start task may still make them.
 */
export async function metricsProblem(
  experiment: Experiment,
  how: {
    readonly store: MetricStore;
    readonly clock: Clock;
    /** How long its metrics may come after an experiment that is new. */
    readonly followMs: number;
    readonly signal: AbortSignal;
  } & MetricReach,
): Promise<Failure | undefined> {
  if (mayMakeMetrics(experiment)) return undefined;
  const { store, clock, followMs, signal } = how;
  // By the time that passes: the clock of the machine may be another than that of who made it, or be set.
  const untilMs = clock.monotonicMs() + followMs;
  for (;;) {
    const read = await readMetrics(experiment, store, how);
    if (!('failure' in read)) return undefined;
    const waits = read.failure.reason === 'MetricUnavailable' && clock.monotonicMs() < untilMs;
    if (!waits) return read.failure;
    await clock.sleep(LOOK_AGAIN_MS, signal);
  }
}

/** Whatever is no load and no waiting may make objects: a script does. */
function mayMakeMetrics({ spec }: Experiment): boolean {
  return (spec.strategy.actions['start'] ?? []).some(({ task }) => task === undefined || !MEASURING.has(task));
}

/** The metrics as read, or why the experiment cannot go on: all that are missing or cannot be used. */
export async function readMetrics(
  experiment: Experiment,
  store: MetricStore,
  { ownMetricsOnly = false }: MetricReach = {},
): Promise<{ readonly metrics: ReadMetrics } | { readonly failure: Failure }> {
  const missing = new Set<string>();
  const unreadable: string[] = [];
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
    const foreign = ownMetricsOnly ? metricOutOfReach(name.key, experiment.metadata.namespace) : undefined;
    if (foreign !== undefined) return { failure: { reason: 'InvalidExperiment', message: foreign } };
    const metric = await findMetric(name.key, written.includes('/'), store);
    if (metric === undefined) {
      missing.add(`${name.key.namespace}/${name.key.name}`);
      continue;
    }
    const place = `${metric.metadata.namespace}/${metric.metadata.name}`;
    if (metrics.some((one) => one.name === place)) continue;
    unreadable.push(...checkMetric(metric).map(({ path, message }) => `metric ${place}: ${path}: ${message}`));
    metrics.push({
      name: place,
      metricObj: { ...metricWithDefaults(metric, { namespace: metric.metadata.namespace }) },
    });
    if (metric.spec.sampleSize !== undefined)
      wanted.push({ written: metric.spec.sampleSize, namespace: metric.metadata.namespace });
  }
  if (missing.size > 0) return { failure: { reason: 'MetricUnavailable', message: missingText([...missing]) } };
  if (unreadable.length > 0) return { failure: { reason: 'MetricsUnreadable', message: unreadable.join('; ') } };
  return { metrics };
}

/** The words of Iter8 0.7 for one. */
function missingText(names: readonly string[]): string {
  return `Unable to find metric${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
}

/** In the namespace that is written, else in the experiment's, else where Iter8 is installed (docs/behavior.md 7). */
async function findMetric(key: ObjectKey, isQualified: boolean, store: MetricStore): Promise<Metric | undefined> {
  const places = isQualified ? [key.namespace] : [key.namespace, SYSTEM_NAMESPACE];
  for (const namespace of places) {
    const found = await foundOrUndefined(store.getMetric({ namespace, name: key.name }));
    if (found !== undefined) return found;
  }
  return undefined;
}
