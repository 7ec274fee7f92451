/** Names of metrics as a spec writes them: `namespace/name`, `name`, and the built-in ones under `iter8-system/`. */
import { unreachable } from '../errors.ts';
import { API_VERSION, type Experiment, type ObjectKey } from './experiment.ts';
import type { Metric } from './metric.ts';
import { parseStrength } from './strength-settings.ts';

type Criteria = Experiment['spec']['criteria'];

/** Namespace of the built-in metrics, and of metrics that are shared by all. */
export const SYSTEM_NAMESPACE = 'iter8-system';

/** What a metric is about. Latencies in ms, error rates as a share from 0 to 1, the others as they are. */
export type MetricQuantity =
  | { readonly kind: 'request-count' | 'error-count' | 'error-rate' | 'mean-latency' }
  /** `percent` is above 0 and below 100: 95 for the 95th percentile. */
  | { readonly kind: 'percentile'; readonly percent: number }
  /** Any Metric object. */
  | { readonly kind: 'custom' };

export interface MetricName {
  /** As the spec wrote it; reports keep it. */
  readonly written: string;
  readonly key: ObjectKey;
  readonly quantity: MetricQuantity;
  /** Built-in metrics of one endpoint only; absent: of the version as a whole. */
  readonly endpoint?: string | undefined;
}

/** Whether values of this quantity are latencies, in ms. */
export function isLatency(quantity: MetricQuantity): boolean {
  return quantity.kind === 'mean-latency' || quantity.kind === 'percentile';
}

/** The nine of Iter8 0.7, all of which it reports whatever the criteria ask for. */
export const BUILTIN_METRICS = [
  'iter8-system/request-count',
  'iter8-system/error-count',
  'iter8-system/error-rate',
  'iter8-system/mean-latency',
  'iter8-system/latency-50th-percentile',
  'iter8-system/latency-75th-percentile',
  'iter8-system/latency-90th-percentile',
  'iter8-system/latency-95th-percentile',
  'iter8-system/latency-99th-percentile',
] as const;

const PERCENTILE = /^latency-(\d{1,2}(?:\.\d{1,12})?)(?:st|nd|rd|th)-percentile$/;

/** The built-in quantity of that bare name, undefined when it is none of ours. The 0th and the 100th percentile are none. */
function builtinQuantity(name: string): MetricQuantity | undefined {
  if (name === 'request-count' || name === 'error-count' || name === 'error-rate' || name === 'mean-latency') {
    return { kind: name };
  }
  const percent = Number(PERCENTILE.exec(name)?.[1] ?? 0);
  return percent > 0 ? { kind: 'percentile', percent } : undefined;
}

/**
 * Reads a metric name; a bare one is in the experiment's namespace. Never fails: what is not built in is `custom`, and a
 * name that cannot name an object is simply not found (validation refuses it before).
 */
export function parseMetricName(written: string, experimentNamespace: string): MetricName {
  const slash = written.indexOf('/');
  const namespace = slash < 0 ? experimentNamespace : written.slice(0, slash);
  const name = written.slice(slash + 1);
  if (namespace === SYSTEM_NAMESPACE) {
    const [base = '', ...rest] = name.split('/');
    const endpoint = rest.join('/');
    const quantity = builtinQuantity(base);
    if (quantity !== undefined && (rest.length === 0 || endpoint !== '')) {
      return { written, key: { namespace, name }, quantity, ...(rest.length === 0 ? {} : { endpoint }) };
    }
  }
  return { written, key: { namespace, name }, quantity: { kind: 'custom' } };
}

/**
 * Why a metric is none that experiments of that namespace may use through somebody who drives for many; undefined when it is. What a
 * metric asks, it asks with the secrets of its own namespace.
 */
export function metricOutOfReach({ namespace, name }: ObjectKey, experimentNamespace: string): string | undefined {
  if (namespace === experimentNamespace || namespace === SYSTEM_NAMESPACE) return undefined;
  return `metric ${namespace}/${name} is of another namespace; the controller reads those of ${experimentNamespace} and ${SYSTEM_NAMESPACE}`;
}

/** Every metric that the criteria name, once each, as written. */
export function namedMetrics({ requestCount, rewards, indicators, objectives, strength }: Criteria): string[] {
  const names = [
    ...(requestCount === undefined ? [] : [requestCount]),
    ...rewards.map((reward) => reward.metric),
    ...indicators,
    ...objectives.map((objective) => objective.metric),
    ...parseStrength(strength).settings.relative.map(({ metric }) => metric),
  ];
  return [...new Set(names)];
}

/** Of these the ones that are not built in. */
export function customMetrics({ spec: { criteria }, metadata: { namespace } }: Experiment): MetricName[] {
  return namedMetrics(criteria)
    .map((written) => parseMetricName(written, namespace))
    .filter(({ quantity }) => quantity.kind === 'custom');
}

/** One text for each metric, whatever name it is written by: `latency-99.90th-percentile` is `latency-99.9th-percentile`. */
export function metricKey(written: string, experimentNamespace: string): string {
  const { key, quantity, endpoint } = parseMetricName(written, experimentNamespace);
  return quantity.kind === 'percentile'
    ? JSON.stringify([key.namespace, quantity.percent, endpoint ?? null])
    : `${key.namespace}/${key.name}`;
}

/** Whether two names as written are about the same metric, seen from that namespace. */
export function isSameMetric(a: string, b: string, experimentNamespace: string): boolean {
  return metricKey(a, experimentNamespace) === metricKey(b, experimentNamespace);
}

/** How a built-in metric is described to people. */
function describe(quantity: MetricQuantity): string {
  switch (quantity.kind) {
    case 'request-count':
      return 'Number of requests';
    case 'error-count':
      return 'Number of responses with HTTP status code 4xx or 5xx, transport failures and timeouts';
    case 'error-rate':
      return 'Fraction of requests that are errors';
    case 'mean-latency':
      return 'Mean latency';
    case 'percentile':
      return `${quantity.percent}th percentile latency`;
    case 'custom':
      return '';
    default:
      return unreachable(quantity);
  }
}

/** The Metric object of a built-in metric, made up for `status.metrics` since there is none to be read. */
export function builtinMetric(name: MetricName): Metric {
  const counts = name.quantity.kind === 'request-count' || name.quantity.kind === 'error-count';
  return {
    apiVersion: API_VERSION,
    kind: 'Metric',
    // Without the endpoint: an API server refuses a slash in the name of an embedded object.
    metadata: { name: name.key.name.split('/')[0]!, namespace: name.key.namespace },
    spec: {
      description: describe(name.quantity),
      ...(isLatency(name.quantity) ? { units: 'milliseconds' } : {}),
      type: counts ? 'Counter' : 'Gauge',
      method: 'GET',
      provider: 'iter8',
      ...(counts ? {} : { sampleSize: `${SYSTEM_NAMESPACE}/request-count` }),
    },
  };
}

/** A built-in metric without its namespace; others as they were written. */
export const shortName = (metric: string): string => metric.replace(/^iter8-system\//, '');
