/**
 * What `POST .../verdicts` takes: criteria and versions as in the spec of an Experiment, and queries of the Prometheus that the
 * installer named. Closed: there is no field for an address, a header or a secret, so that no caller can ask for one. Pure.
 */
import * as z from 'zod';
import './zod-settings.ts';
import type { Issue } from '../errors.ts';
import { parseDurationMs } from '../text/duration.ts';
import { metricWithDefaults, withDefaults } from './defaults.ts';
import { API_VERSION, type Experiment } from './experiment.ts';
import { criteriaSchema } from './experiment-schema.ts';
import type { Metric } from './metric.ts';
import { coversAll } from './metric-query.ts';
import { metricKey, namedMetrics } from './metric-names.ts';
import { OBJECT_NAME } from './object-names.ts';
import { parseShape, type Shaped } from './schema-issues.ts';
import { withoutNulls } from './without-nulls.ts';

const MOST_METRICS = 10;
const MOST_CANDIDATES = 4;
const MOST_OBJECTIVES = 20;
const LONGEST_QUERY = 4_096;
const SHORTEST_WINDOW_MS = 1_000;
const LONGEST_WINDOW_MS = 24 * 3_600_000;
const DEFAULT_WINDOW = '10m';
/** Of an instant query that gives one number. */
const ONE_NUMBER = '.data.result[0].value[1] | tonumber';

const named = z.string().regex(OBJECT_NAME, { error: 'expected a name of small letters, digits and -' });
const version = z.strictObject({
  name: z.string().min(1).max(253),
  variables: z
    .array(z.strictObject({ name: z.string().min(1).max(253), value: z.string().max(1_024) }))
    .max(20)
    .optional(),
});

const verdictMetricSchema = z.strictObject({
  name: named,
  query: z.string().min(1).max(LONGEST_QUERY),
  jqExpression: z.string().min(1).max(LONGEST_QUERY).optional(),
  type: z.enum(['Counter', 'Gauge']).optional(),
  units: z.string().max(63).optional(),
  sampleSize: z.string().max(253).optional(),
});

const verdictRequestSchema = z.strictObject({
  versionInfo: z.strictObject({ baseline: version, candidates: z.array(version).max(MOST_CANDIDATES).optional() }),
  criteria: criteriaSchema,
  metrics: z.array(verdictMetricSchema).max(MOST_METRICS).optional(),
  window: z.string().optional(),
});

export interface AskedVerdict {
  /** With its metrics in the status, as a driver finds them there. */
  readonly experiment: Experiment;
  readonly metrics: readonly Metric[];
  readonly windowMs: number;
}

/** `prometheus`: the address that the queries go to. Issues have paths of the body. */
export function parseVerdictRequest(
  body: unknown,
  at: { readonly namespace: string; readonly prometheus: string },
): Shaped<AskedVerdict> {
  const { value, issues: found } = parseShape(verdictRequestSchema, withoutNulls(body));
  if (value === undefined) return { issues: found };
  const issues: Issue[] = [...found];
  const windowMs = parseDurationMs(value.window ?? DEFAULT_WINDOW) ?? Number.NaN;
  if (!(windowMs >= SHORTEST_WINDOW_MS && windowMs <= LONGEST_WINDOW_MS))
    issues.push({ path: 'window', message: 'expected a duration from 1s to 24h, such as 10m' });
  const { objectives = [], rewards = [] } = value.criteria;
  if (objectives.length === 0)
    issues.push({ path: 'criteria.objectives', message: 'is empty: nothing is to be judged' });
  if (objectives.length > MOST_OBJECTIVES)
    issues.push({ path: 'criteria.objectives', message: `expected at most ${MOST_OBJECTIVES}` });
  if (rewards.length > 0)
    issues.push({
      path: 'criteria.rewards',
      message: 'a reward takes an experiment, which watches who gets which traffic',
    });
  const metrics = (value.metrics ?? []).map((one) => metricOf(one, at));
  for (const [index, { metadata }] of metrics.entries())
    if (metrics.findIndex((other) => other.metadata.name === metadata.name) < index)
      issues.push({ path: `metrics[${index}].name`, message: `${metadata.name} is there twice` });
  const experiment = experimentOf(value, metrics, at.namespace);
  const given = new Set(metrics.map((metric) => `${at.namespace}/${metric.metadata.name}`));
  const sizes = metrics.flatMap(({ spec: { sampleSize = [] } }) => sampleSize);
  for (const name of new Set([...namedMetrics(experiment.spec.criteria), ...sizes]))
    if (!given.has(metricKey(name, at.namespace)))
      issues.push({
        path: 'metrics',
        message: `${JSON.stringify(name)} is named, and not among them; what iter8ctl measures itself takes an experiment with load`,
      });
  const counted = new Set(sizes.map((name) => metricKey(name, at.namespace)));
  for (const [index, metric] of metrics.entries())
    if (
      coversAll(metric) &&
      (metric.spec.sampleSize !== undefined || counted.has(`${at.namespace}/${metric.metadata.name}`))
    )
      issues.push({
        path: `metrics[${index}].query`,
        message:
          'a value since the start, with its sampleSize, takes an experiment, which looks at it again and again: write ${lookbackSeconds} for ${elapsedTime}, the same window here',
      });
  return issues.length > 0 ? { issues } : { value: { experiment, metrics, windowMs }, issues };
}

function metricOf(
  { name, query, jqExpression, type = 'Gauge', units, sampleSize }: z.infer<typeof verdictMetricSchema>,
  { namespace, prometheus }: { readonly namespace: string; readonly prometheus: string },
): Metric {
  return metricWithDefaults(
    {
      apiVersion: API_VERSION,
      kind: 'Metric',
      metadata: { name, namespace },
      spec: {
        provider: 'prometheus',
        type,
        method: 'GET',
        urlTemplate: `${prometheus.replace(/\/+$/, '')}/api/v1/query`,
        params: [
          { name: 'query', value: query },
          { name: 'timeout', value: '10s' },
        ],
        jqExpression: jqExpression ?? ONE_NUMBER,
        ...(units === undefined ? {} : { units }),
        ...(sampleSize === undefined ? {} : { sampleSize }),
      },
    },
    { namespace },
  );
}

function experimentOf(
  { versionInfo, criteria }: z.infer<typeof verdictRequestSchema>,
  metrics: readonly Metric[],
  namespace: string,
): Experiment {
  const name = 'verdict';
  const pattern =
    versionInfo.candidates === undefined || versionInfo.candidates.length === 0
      ? ({ testingPattern: 'Conformance' } as const)
      : ({ testingPattern: 'Canary', deploymentPattern: 'FixedSplit' } as const);
  const experiment = withDefaults(
    {
      apiVersion: API_VERSION,
      kind: 'Experiment',
      metadata: { name, namespace },
      spec: {
        target: name,
        strategy: { ...pattern, actions: {} },
        criteria,
        duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
        versionInfo: { ...versionInfo },
      },
    },
    { namespace, name },
  );
  return {
    ...experiment,
    status: {
      metrics: metrics.map((metric) => ({
        name: `${metric.metadata.namespace}/${metric.metadata.name}`,
        metricObj: { ...metric },
      })),
    },
  };
}
