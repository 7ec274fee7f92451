/** The load that the collect tasks of an experiment plan, and the most that they may send. Pure. */
import type { Experiment } from '../../experiment/experiment.ts';
import { isLatency, parseMetricName } from '../../experiment/metric-names.ts';
import { isQuantity, toNumber } from '../../experiment/quantity.ts';
import type { StrengthSettings } from '../../experiment/strength-settings.ts';
import { collectInputs } from '../../experiment/tasks/collect-inputs.ts';

/** One `metrics/collect` task that measures. Numbers of requests are per version. */
export interface PlannedTask {
  readonly action: string;
  /** Position in its action. */
  readonly index: number;
  /** A loop task is performed in each loop. */
  readonly times: number;
  /** Judged versions that it loads. */
  readonly versions: readonly string[];
  /** Requests a second; 0: a closed loop. */
  readonly ratePerSec: number;
  /** Undefined: a closed loop for a time sends as many as it can. */
  readonly plannedRequests: number | undefined;
  /** Infinity: a closed loop of so many requests takes as long as it takes. */
  readonly plannedSeconds: number;
  /** With the extension; at least the plan. Undefined like `plannedRequests`. */
  readonly mostRequests: number | undefined;
  readonly mostSeconds: number;
  readonly timeoutMs: number;
}

/** All tasks together, per version. */
export interface PlannedLoad {
  readonly tasks: readonly PlannedTask[];
  /** Undefined when it is not known before: a closed loop for a time. */
  readonly plannedRequests: number | undefined;
  readonly mostRequests: number | undefined;
  /** How long load is sent at most. */
  readonly mostSeconds: number;
  /** The largest rate of a task; 0 without load, or in a closed loop only. */
  readonly ratePerSec: number;
  readonly closedLoop: boolean;
}

/** The least that a timeout is by default. Source: docs/behavior.md 5. */
const LEAST_TIMEOUT_MS = 10_000;

/** The larger of 10 s and twice the largest latency limit: for a task that sets none. */
export function defaultTimeoutMs({ spec, metadata }: Experiment): number {
  const limits = spec.criteria.objectives
    .filter(({ metric }) => isLatency(parseMetricName(metric, metadata.namespace).quantity))
    .flatMap(({ upperLimit, lowerLimit }) =>
      [upperLimit, lowerLimit].filter((limit) => limit !== undefined && isQuantity(limit)),
    );
  return Math.max(LEAST_TIMEOUT_MS, ...limits.map((limit) => 2 * toNumber(limit)).filter(Number.isFinite));
}

/** `judged`: names of the versions that are judged; load for others is not counted. */
export function plannedLoad(
  experiment: Experiment,
  strength: StrengthSettings,
  judged: ReadonlySet<string>,
): PlannedLoad {
  const { actions } = experiment.spec.strategy;
  const { maxLoops } = experiment.spec.duration;
  const mayExtend = strength.extend && strength.confidence !== 'none';
  const tasks = Object.entries(actions).flatMap(([action, list]) =>
    list.flatMap((task, index): PlannedTask[] => {
      if (task.task !== 'metrics/collect') return [];
      const inputs = collectInputs(task);
      const versions = inputs.versions.map(({ name }) => name).filter((name) => judged.has(name));
      if (inputs.loadOnly || versions.length === 0) return [];
      const planned = Number.isFinite(inputs.plannedRequests) ? inputs.plannedRequests : undefined;
      const plannedSeconds =
        inputs.plannedSeconds ?? (inputs.qps > 0 ? inputs.plannedRequests / inputs.qps : Number.POSITIVE_INFINITY);
      return [
        {
          action,
          index,
          times: action === 'loop' ? maxLoops : 1,
          versions,
          ratePerSec: inputs.qps,
          plannedRequests: planned,
          plannedSeconds,
          ...mostOf({ planned, plannedSeconds, ratePerSec: inputs.qps }, strength, mayExtend),
          timeoutMs: inputs.timeoutMs ?? defaultTimeoutMs(experiment),
        },
      ];
    }),
  );
  return {
    tasks,
    plannedRequests: total(tasks.map(({ times, plannedRequests }) => times * (plannedRequests ?? Number.NaN))),
    mostRequests: total(tasks.map(({ times, mostRequests }) => times * (mostRequests ?? Number.NaN))),
    mostSeconds: tasks.reduce((sum, { times, mostSeconds }) => sum + times * mostSeconds, 0),
    ratePerSec: Math.max(0, ...tasks.map(({ ratePerSec }) => ratePerSec)),
    closedLoop: tasks.some(({ ratePerSec }) => ratePerSec === 0),
  };
}

function mostOf(
  task: { readonly planned: number | undefined; readonly plannedSeconds: number; readonly ratePerSec: number },
  strength: StrengthSettings,
  mayExtend: boolean,
): Pick<PlannedTask, 'mostRequests' | 'mostSeconds'> {
  const { planned, plannedSeconds, ratePerSec } = task;
  // A closed loop for a time ends with its time.
  if (!mayExtend || planned === undefined) return { mostRequests: planned, mostSeconds: plannedSeconds };
  const inTime = ratePerSec > 0 ? Math.floor(strength.maxSeconds * ratePerSec) : Number.POSITIVE_INFINITY;
  return {
    mostRequests: Math.max(planned, Math.min(strength.maxRequests, inTime)),
    mostSeconds: Math.max(
      plannedSeconds,
      ratePerSec > 0 ? Math.min(strength.maxSeconds, strength.maxRequests / ratePerSec) : strength.maxSeconds,
    ),
  };
}

/** Undefined when one of them is not known. */
function total(numbers: readonly number[]): number | undefined {
  const sum = numbers.reduce((all, one) => all + one, 0);
  return Number.isNaN(sum) ? undefined : sum;
}
