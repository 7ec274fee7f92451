/** Temporary: stands in for adapters/manifest and domain/api/{parse,defaults} until they are there. */
import { dump, load } from 'js-yaml';
import { type Experiment, experimentSchema } from '../../domain/api/experiment.ts';
import { type Metric, metricSchema } from '../../domain/api/metric.ts';
import { InvalidManifestError, type Issue } from '../../errors.ts';

export const loadYaml = (text: string): unknown => load(text);
export const dumpYaml = (value: unknown): string => dump(value, { noRefs: true, lineWidth: 120, skipInvalid: true });

export function parseAt<T>(text: string, source: string): T {
  try {
    return load(text, { filename: source }) as T;
  } catch (error) {
    const mark = (error as { mark?: { line: number; column: number } }).mark;
    const issue: Issue = {
      source,
      line: (mark?.line ?? 0) + 1,
      column: (mark?.column ?? 0) + 1,
      path: '',
      message: (error as { reason?: string }).reason ?? 'not YAML',
    };
    throw new InvalidManifestError(`cannot read ${source}:${issue.line}:${issue.column}: ${issue.message}`, [issue]);
  }
}

function parse(
  schema: typeof experimentSchema | typeof metricSchema,
  value: unknown,
): { value?: unknown; issues: Issue[] } {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data, issues: [] };
  return { issues: result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })) };
}
export const parseExperiment = (value: unknown) => parse(experimentSchema, value);
export const parseMetric = (value: unknown) => parse(metricSchema, value);

export function withDefaults(written: unknown, key: { namespace: string }): Experiment {
  const e = written as Experiment;
  return {
    ...e,
    metadata: { ...e.metadata, namespace: e.metadata.namespace ?? key.namespace },
    spec: {
      ...e.spec,
      strategy: {
        ...e.spec.strategy,
        deploymentPattern: e.spec.strategy.deploymentPattern ?? 'Progressive',
        actions: e.spec.strategy.actions ?? {},
        weights: { ...{ maxCandidateWeight: 100, maxCandidateWeightIncrement: 10 }, ...e.spec.strategy.weights },
      },
      criteria: { ...{ objectives: [], indicators: [], rewards: [] }, ...e.spec.criteria },
      duration: { ...{ intervalSeconds: 20, iterationsPerLoop: 15, maxLoops: 1 }, ...e.spec.duration },
    },
  };
}
export function metricWithDefaults(written: unknown, key: { namespace: string }): Metric {
  const m = written as Metric;
  return {
    ...m,
    metadata: { ...m.metadata, namespace: m.metadata.namespace ?? key.namespace },
    spec: { ...m.spec, type: m.spec.type ?? 'Gauge', method: m.spec.method ?? 'GET' },
  };
}
