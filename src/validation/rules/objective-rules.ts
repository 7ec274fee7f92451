/** Rules about objectives and other criteria: limits, their domains, names of metrics. */
import { formatDuration } from '../../text/duration.ts';
import { didYouMean } from '../../text/did-you-mean.ts';
import type { Objective, WrittenQuantity } from '../../experiment/experiment.ts';
import { isLatency, parseMetricName, SYSTEM_NAMESPACE, type MetricName } from '../../experiment/metric-names.ts';
import { OBJECT_NAME } from '../../experiment/object-names.ts';
import { compareQuantities, isQuantity, SMALLEST_QUANTITY, toNumber } from '../../experiment/quantity.ts';
import { expectedGot, shown, type Path } from '../../experiment/schema-issues.ts';
import { collectInputs } from '../../experiment/tasks/collect-inputs.ts';
import { isInherited, issue, tasksOf, type Rule, type RuleContext, type RuleIssue } from './rule.ts';

const CRITERIA = ['spec', 'criteria'];

interface PlacedObjective {
  readonly path: Path;
  readonly objective: Objective;
  readonly name: MetricName;
}

export function objectivesOf({ experiment, namespace }: RuleContext): PlacedObjective[] {
  return (experiment.spec.criteria?.objectives ?? []).map((objective, index) => ({
    path: [...CRITERIA, 'objectives', index],
    objective,
    name: parseMetricName(objective.metric, namespace),
  }));
}

const SIDES = ['upperLimit', 'lowerLimit'] as const;
type SideKey = (typeof SIDES)[number];

interface PlacedLimit extends PlacedObjective {
  readonly side: SideKey;
  readonly at: Path;
  readonly written: WrittenQuantity;
  /** In the unit of the metric: ms, share, count. */
  readonly value: number;
}

/** All limits that are quantities. */
function limitsOf(context: RuleContext): PlacedLimit[] {
  return objectivesOf(context).flatMap((placed) =>
    SIDES.flatMap((side) => {
      const written = placed.objective[side];
      if (written === undefined || !isQuantity(written)) return [];
      return [{ ...placed, side, at: [...placed.path, side], written, value: toNumber(written) }];
    }),
  );
}

/** What is wrong with a quantity as written. An API server takes whole numbers and texts only. */
export function quantityProblem(written: WrittenQuantity): string | undefined {
  if (typeof written === 'number' && !Number.isInteger(written)) return expectedGot('a quantity', written);
  if (!isQuantity(written)) return expectedGot('a quantity such as 500, "0.01", 10m or 1k', written);
  const value = toNumber(written);
  // An API server rounds up what is smaller: the limit would be another one in a cluster.
  return value !== 0 && Math.abs(value) < SMALLEST_QUANTITY
    ? expectedGot('0 or at least 1n (1e-9), the smallest quantity of Kubernetes', written)
    : undefined;
}

export const limitsAreQuantities: Rule = (context) =>
  objectivesOf(context).flatMap(({ path, objective }) =>
    SIDES.flatMap((side) => {
      const written = objective[side];
      const problem = written === undefined ? undefined : quantityProblem(written);
      return problem === undefined ? [] : [issue([...path, side], problem)];
    }),
  );

export const objectivesHaveLimits: Rule = (context) =>
  objectivesOf(context)
    .filter(({ objective }) => objective.upperLimit === undefined && objective.lowerLimit === undefined)
    .map(({ path, objective }) =>
      issue(
        path,
        `expected upperLimit or lowerLimit, got neither; to observe ${shown(objective.metric)} only, list it under indicators`,
      ),
    );

export const limitsAreInOrder: Rule = (context) =>
  objectivesOf(context).flatMap(({ path, objective: { lowerLimit, upperLimit } }) => {
    if (lowerLimit === undefined || upperLimit === undefined || !(compareQuantities(lowerLimit, upperLimit) > 0))
      return [];
    return [
      issue(
        [...path, 'lowerLimit'],
        `expected at most the upperLimit of ${upperLimit}, got ${lowerLimit}; no value can be between them`,
      ),
    ];
  });

/**
 * Source: docs/method.md 0.3. A lower limit of 0 always holds; an upper one on rates and counts is compared exactly.
 */
export const limitsAreInDomain: Rule = (context) => limitsOf(context).flatMap((limit) => domainProblem(limit) ?? []);

function domainProblem({ name: { quantity }, side, at, written, value }: PlacedLimit): RuleIssue | undefined {
  const refuse = (expected: string, hint = '') => issue(at, `expected ${expected}, got ${written}${hint}`);
  if (quantity.kind === 'custom') return undefined;
  if (quantity.kind === 'error-rate') {
    if (value >= 0 && value < 1) return undefined;
    const percent = value >= 1 && value < 100 ? `; ${value} % is "${Number((value / 100).toPrecision(12))}"` : '';
    return refuse('a share from 0 to below 1', percent);
  }
  if (value < 0) return refuse(isLatency(quantity) ? 'a latency in ms above 0' : 'a count of 0 or more');
  return isLatency(quantity) && side === 'upperLimit' && value === 0 ? refuse('a latency in ms above 0') : undefined;
}

/** A request has the latency of the timeout at most, so that a limit there could never be exceeded. */
export const latencyLimitsAreBelowTimeouts: Rule = (context) => {
  const timeouts = tasksOf(context.experiment)
    .filter(({ task }) => task.task === 'metrics/collect')
    .map(({ path, task }) => ({ at: issue([...path, 'with', 'timeout'], '').path, ...collectInputs(task) }))
    .filter((inputs) => !inputs.loadOnly);
  return limitsOf(context).flatMap(({ name, at, written, value }) => {
    if (!isLatency(name.quantity)) return [];
    const tooShort = timeouts.find(({ timeoutMs }) => timeoutMs !== undefined && timeoutMs <= value);
    if (tooShort === undefined) return [];
    const timeout = formatDuration(tooShort.timeoutMs!);
    return [
      issue(
        at,
        `expected less than the timeout of ${timeout} (${tooShort.at}), got ${written} ms; raise the timeout or lower the limit`,
      ),
    ];
  });
};

/** What is wrong with a metric name as such; whether the metric exists is found out later. */
export function metricNameProblem(written: string, namespace: string): string | undefined {
  const { key, quantity } = parseMetricName(written, namespace);
  if (quantity.kind !== 'custom') return undefined;
  if (key.namespace === SYSTEM_NAMESPACE && /^latency-.*percentile/.test(key.name)) {
    return `expected a percentile above 0 and below 100 such as ${SYSTEM_NAMESPACE}/latency-99.9th-percentile, got ${shown(written)}`;
  }
  if (isInherited(written)) return `${shown(written)} is a reserved name; choose another`;
  if (OBJECT_NAME.test(key.name) && (key.namespace === namespace || OBJECT_NAME.test(key.namespace))) return undefined;
  return expectedGot(`the name of a metric (name, or namespace/name)`, written);
}

/** All places where the criteria name a metric. */
function namedMetrics({ experiment }: RuleContext): { readonly path: Path; readonly metric: string }[] {
  const { requestCount, objectives = [], indicators = [], rewards = [] } = experiment.spec.criteria ?? {};
  return [
    ...(requestCount === undefined ? [] : [{ path: [...CRITERIA, 'requestCount'], metric: requestCount }]),
    ...objectives.map(({ metric }, index) => ({ path: [...CRITERIA, 'objectives', index, 'metric'], metric })),
    ...indicators.map((metric, index) => ({ path: [...CRITERIA, 'indicators', index], metric })),
    ...rewards.map(({ metric }, index) => ({ path: [...CRITERIA, 'rewards', index, 'metric'], metric })),
  ];
}

export const metricNamesAreNames: Rule = (context) =>
  namedMetrics(context).flatMap(({ path, metric }) => {
    const problem = metricNameProblem(metric, context.namespace);
    return problem === undefined ? [] : [issue(path, problem)];
  });

/** A metric of an endpoint that no task loads would never have a value. */
export const endpointsAreLoaded: Rule = (context) => {
  const loaded = new Set(
    tasksOf(context.experiment)
      .filter(({ task }) => task.task === 'metrics/collect')
      .flatMap(({ task }) =>
        collectInputs(task).versions.flatMap((version) => version.endpoints.map(({ name }) => name ?? '')),
      ),
  );
  loaded.delete('');
  return namedMetrics(context).flatMap(({ path, metric }) => {
    const { endpoint } = parseMetricName(metric, context.namespace);
    if (endpoint === undefined || loaded.has(endpoint)) return [];
    const hint = loaded.size === 0 ? '; no metrics/collect task names endpoints' : didYouMean(endpoint, loaded);
    return [issue(path, `no metrics/collect task has an endpoint ${shown(endpoint)}${hint}`)];
  });
};
