/** What `plan` tries without changing anything: queries of metrics, permissions, weights, URLs, and whether `run` would start. */
import { ForbiddenError, Iter8Error, messageOf, UsageError } from '../errors.ts';
import { metricWithDefaults } from '../experiment/defaults.ts';
import { qualifiedKey, versionsIn, type Experiment } from '../experiment/experiment.ts';
import { sortedLike } from '../experiment/spec-order.ts';
import { customMetrics } from '../experiment/metric-names.ts';
import type { Metric, WrittenMetric } from '../experiment/metric.ts';
import { taskSettings } from '../experiment/tasks/timeout-retries-ignore-failure.ts';
import { secretsWithFields } from './task-secret-fields.ts';
import { collectInputs } from '../experiment/tasks/collect-inputs.ts';
import type { ReadMetrics } from '../drive/find-metrics.ts';
import type { MeasuredMetric } from '../judge/limits/custom-metric.ts';
import type { Question } from '../judge/question/question.ts';
import { EMPTY_RECORD } from '../judge/record/stored-record.ts';
import { backendWarningText } from '../judge/wording/no-value-sentences.ts';
import type { Trial } from '../preflight/measured-outlook.ts';
import { weightPermissions } from './try-traffic.ts';
import { neededPermissions } from '../preflight/permissions.ts';
import type { Obstacle } from '../preflight/outlook.ts';
import { formatCount, formatCounted, formatValue } from '../text/units.ts';
import type { MetricCheck, PermissionCheck, TargetCheck } from '../view/plan-view.ts';
import type { Context } from './context.ts';
import type { Driver } from './open-driver.ts';

/** As long as an experiment might have run: what a query of `elapsedTime` is tried with. */
const TRIED_SECONDS = 60;

/** What trying the metrics showed. */
export interface TriedMetrics {
  readonly metrics: readonly MetricCheck[];
  readonly trial: Trial;
  /** The metrics themselves. */
  readonly found: ReadMetrics;
  readonly obstacles: readonly Obstacle[];
}

/** Each metric that is not built in, for each version, once. `given`: beside the experiment, perhaps not stored yet. */
export async function tryMetrics(
  experiment: Experiment,
  how: {
    readonly context: Context;
    readonly driver: Driver;
    readonly given: readonly WrittenMetric[];
    readonly question: Question;
    readonly nowMs: number;
  },
): Promise<TriedMetrics> {
  const [{ readMetrics }, { measureVersion, metricOf }] = await Promise.all([
    import('../drive/find-metrics.ts'),
    import('../drive/measure-version.ts'),
  ]);
  const { nowMs, question } = how;
  const names = customMetrics(experiment).map(({ written }) => written);
  const own = experiment.metadata.namespace;
  const time = new Date(nowMs).toISOString();
  const nothing: Trial = { measured: {}, time, triedSeconds: TRIED_SECONDS, metricOf: () => undefined };
  if (names.length === 0) return { metrics: [], trial: nothing, found: [], obstacles: [] };
  const read = await readMetrics(experiment, { getMetric: withGiven(how.given, own, how.context) });
  if ('failure' in read) {
    const { message } = read.failure;
    return { metrics: [], trial: nothing, found: [], obstacles: [{ kind: 'fails', text: message }] };
  }
  const known = { ...experiment, status: { metrics: read.metrics } };
  const at = {
    experiment: known,
    question,
    record: EMPTY_RECORD,
    nowMs,
    steadyMs: nowMs,
    startMs: nowMs - 1000 * TRIED_SECONDS,
  };
  const measured: Record<string, Record<string, MeasuredMetric>> = {};
  const metrics = await Promise.all(
    names.flatMap((name) =>
      versionsIn(known).map(async (version): Promise<MetricCheck> => {
        const metric = metricOf(known, name, own)!;
        const one = await measureVersion(at, { name, metric, version }, how.driver.metrics);
        (measured[name] ??= {})[version.name] = one;
        return checkOf(name, version.name, one);
      }),
    ),
  );
  const trial = { ...nothing, measured, metricOf: (name: string): Metric | undefined => metricOf(known, name, own) };
  return { metrics, trial, found: read.metrics, obstacles: [] };
}

function withGiven(given: readonly WrittenMetric[], own: string, { store }: Context): Context['store']['getMetric'] {
  return (key, signal) => {
    const found = given.find(
      ({ metadata }) => metadata.name === key.name && (metadata.namespace ?? own) === key.namespace,
    );
    return found === undefined
      ? store.getMetric(key, signal)
      : Promise.resolve(metricWithDefaults(found, { namespace: key.namespace }));
  };
}

function checkOf(metric: string, version: string, one: MeasuredMetric): MetricCheck {
  const { value, failure, sizeFailure, counters, query, n, warnings = [] } = one;
  const problem = failure ?? sizeFailure;
  const series = Object.values(counters?.series ?? {});
  const samples = series.reduce((sum, { recent }) => sum + recent.length, 0);
  const facts = [
    failure !== undefined
      ? failure.message
      : counters !== undefined
        ? `raw counters: ${formatCounted(samples, 'sample')} of ${formatCount(series.length)} series`
        : formatValue(value ?? Number.NaN, 'plain'),
    ...(n === undefined || counters !== undefined ? [] : [`n = ${formatCount(Math.round(n))}`]),
    ...(sizeFailure === undefined ? [] : [sizeFailure.message]),
    ...warnings.map(backendWarningText),
  ];
  return {
    metric,
    version,
    ok: problem === undefined,
    text: facts.join(', '),
    query,
    ...(sizeFailure === undefined ? {} : { sizeQuery: sizeFailure.query }),
    ...(value === undefined || failure !== undefined || counters !== undefined ? {} : { value }),
    ...(problem?.reason === undefined ? {} : { reason: problem.reason }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/** What the account may do, asked of the API server. */
export async function checkPermissions(
  experiment: Experiment,
  { kube }: Context,
  how: { readonly create: boolean },
): Promise<PermissionCheck | undefined> {
  if (kube === undefined) return undefined;
  const { mayI, permissionText } = await import('../adapters/kube/access-review.ts');
  const needed = [...neededPermissions(experiment, how), ...(await weightPermissions(experiment, kube))];
  const answers = await Promise.all(needed.map((permission) => mayI(kube, permission)));
  const missing = needed.filter((_, index) => answers[index] !== true).map(permissionText);
  return { granted: needed.length - missing.length, total: needed.length, missing };
}

export interface TriedSecrets {
  readonly obstacles: readonly Obstacle[];
  /** Of tasks whose failure does not count. */
  readonly problems: readonly string[];
}

/** Secrets of tasks other than loads, whose requests are built: they are there, with the fields that are named. */
export async function trySecrets(experiment: Experiment, { secrets, kube }: Context): Promise<TriedSecrets> {
  const { metadata, spec } = experiment;
  const obstacles: Obstacle[] = [];
  const problems: string[] = [];
  // A script among the start tasks may make them.
  const mayCome = (spec.strategy.actions['start'] ?? []).some(({ run }) => run !== undefined);
  for (const task of Object.values(spec.strategy.actions).flat()) {
    if (task.task === 'metrics/collect') continue;
    for (const { name, fields } of secretsWithFields(task)) {
      const problem = await secrets.read(qualifiedKey(name, metadata.namespace)).then(
        (there) => {
          const missing = fields.filter((field) => !Object.hasOwn(there, field));
          return missing.length === 0 ? undefined : `secret ${name} has no field ${missing.join(', ')}`;
        },
        (error: unknown) => {
          if (!(error instanceof Iter8Error)) throw error;
          // What it may not read in a cluster is among the permissions.
          return error instanceof ForbiddenError && kube !== undefined ? undefined : messageOf(error);
        },
      );
      if (problem === undefined) continue;
      const text = `${task.task ?? 'run'}: ${problem}`;
      if (mayCome || taskSettings(task).ignoreFailure) problems.push(text);
      else obstacles.push({ kind: 'fails', text });
    }
  }
  return { obstacles, problems };
}

export interface CheckedTargets {
  readonly checks: readonly TargetCheck[];
  readonly obstacles: readonly Obstacle[];
}

/** One request to each endpoint of each collect task. */
export async function checkTargets(experiment: Experiment, driver: Driver): Promise<CheckedTargets> {
  const { probeEndpoint } = await import('../adapters/load/probe-endpoint.ts');
  const tasks = Object.values(experiment.spec.strategy.actions)
    .flat()
    .filter((task) => task.task === 'metrics/collect');
  const names = versionsIn(experiment).map(({ name }) => name);
  const checks: TargetCheck[] = [];
  const obstacles: Obstacle[] = [];
  for (const task of tasks) {
    let built: Awaited<ReturnType<Driver['requests']['build']>> = [];
    try {
      built = await driver.requests.build(collectInputs(task), experiment.metadata.namespace);
    } catch (error) {
      // A task that cannot begin fails; what the account may not read is among the permissions.
      if (!(error instanceof Iter8Error) || error instanceof UsageError) throw error;
      const kind = error instanceof ForbiddenError ? 'forbidden' : 'fails';
      obstacles.push({ kind, text: `metrics/collect: ${messageOf(error)}` });
    }
    for (const { version, endpoints } of sortedLike(names, built, (one) => one.version)) {
      for (const endpoint of endpoints) {
        const check = { version, url: endpoint.url, ...(await probeEndpoint(driver.load, endpoint)) };
        checks.push(check);
        const text = `${check.url}: ${check.text}`;
        if (!check.ok) obstacles.push({ kind: 'unreachable', text });
        else if (check.redirects === true) obstacles.push({ kind: 'open', text });
      }
    }
  }
  return { checks, obstacles };
}
