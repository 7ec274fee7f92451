/** The load that the collect tasks of an experiment plan, and the most that they may send. Pure. */
import type { Experiment } from '../../experiment/experiment.ts';
import { defaultTimeoutMs } from '../../experiment/request-timeout.ts';
import type { StrengthSettings } from '../../experiment/strength-settings.ts';
import { collectInputs, type CollectInputs } from '../../experiment/tasks/collect-inputs.ts';

/** One `metrics/collect` task that measures. Numbers of requests are per version. */
export interface PlannedTask {
  readonly action: string;
  /** Position in its action. */
  readonly index: number;
  /** A loop task is performed in each loop. */
  readonly times: number;
  /** Judged versions that it loads. */
  readonly versions: readonly string[];
  /** Names of the endpoints of such a version, which share its requests. Absent: none has a name. */
  readonly endpoints?: Readonly<Record<string, readonly string[]>> | undefined;
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

/** All tasks together, per version: numbers of requests are those of the version that is sent most. */
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
      const loaded = loadedBy(inputs, judged);
      if (inputs.loadOnly || loaded.versions.length === 0) return [];
      const planned = Number.isFinite(inputs.plannedRequests) ? inputs.plannedRequests : undefined;
      const plannedSeconds =
        inputs.plannedSeconds ?? (inputs.qps > 0 ? inputs.plannedRequests / inputs.qps : Number.POSITIVE_INFINITY);
      return [
        {
          action,
          index,
          times: action === 'loop' ? maxLoops : 1,
          ...loaded,
          ratePerSec: inputs.qps,
          plannedRequests: planned,
          plannedSeconds,
          ...mostOf({ planned, plannedSeconds, ratePerSec: inputs.qps }, strength, mayExtend),
          timeoutMs: inputs.timeoutMs ?? defaultTimeoutMs(experiment),
        },
      ];
    }),
  );
  const sent = [...new Set(tasks.flatMap((task) => task.versions))].map((version) => sentTo(tasks, [version]));
  return {
    tasks,
    plannedRequests: known(Math.max(0, ...sent.map(({ plannedRequests = Number.NaN }) => plannedRequests))),
    mostRequests: known(Math.max(0, ...sent.map(({ mostRequests = Number.NaN }) => mostRequests))),
    ...lengthOf(tasks),
  };
}

export type LoadedVersions = Pick<PlannedTask, 'versions' | 'endpoints'>;

/** Keys of a task in the record: one for each loop. */
export function idsOf({ action, index, times }: Pick<PlannedTask, 'action' | 'index' | 'times'>): string[] {
  if (action !== 'loop') return [`${action}/${index}`];
  return Array.from({ length: times }, (_, loop) => `loop${loop + 1}/${index}`);
}

/** Of these versions, those that a task loads. */
export function loadedBy({ versions }: CollectInputs, judged: ReadonlySet<string>): LoadedVersions {
  const loaded = versions.filter(({ name }) => judged.has(name));
  const endpoints = loaded.map(
    (version) => [version.name, version.endpoints.flatMap(({ name }) => name ?? [])] as const,
  );
  return {
    versions: loaded.map(({ name }) => name),
    ...(endpoints.some(([, names]) => names.length > 0) ? { endpoints: Object.fromEntries(endpoints) } : {}),
  };
}

/** What of it one version is sent. */
export function loadOf({ tasks }: PlannedLoad, version: string): PlannedLoad {
  const own = tasks.filter(({ versions }) => versions.includes(version));
  return { tasks: own, ...sentTo(own, [version]), ...lengthOf(own) };
}

function lengthOf(tasks: readonly PlannedTask[]): Pick<PlannedLoad, 'mostSeconds' | 'ratePerSec' | 'closedLoop'> {
  return {
    mostSeconds: tasks.reduce((sum, { times, mostSeconds }) => sum + times * mostSeconds, 0),
    ratePerSec: Math.max(0, ...tasks.map(({ ratePerSec }) => ratePerSec)),
    closedLoop: tasks.some(({ ratePerSec }) => ratePerSec === 0),
  };
}

export type SentRequests = Pick<PlannedLoad, 'plannedRequests' | 'mostRequests'>;

/** By tasks that load all of these versions, to each of them; to one endpoint of each, where one is named. */
export function sentTo(tasks: readonly PlannedTask[], versions: readonly string[], endpoint?: string): SentRequests {
  const own = tasks.flatMap((task) => {
    const part = partOf(task, versions, endpoint);
    return part === 0 ? [] : [{ ...task, part: part * task.times }];
  });
  const sum = (numbers: readonly number[]) => known(Math.floor(numbers.reduce((all, one) => all + one, 0)));
  return {
    plannedRequests: sum(own.map(({ part, plannedRequests = Number.NaN }) => part * plannedRequests)),
    mostRequests: sum(own.map(({ part, mostRequests = Number.NaN }) => part * mostRequests)),
  };
}

/**
 * Of the requests of a task to each of these versions: the part that goes to an endpoint, of all of them in the same tick; 0 where one
 * of them gets none. A version's endpoints have their turn one after another.
 */
export function partOf(
  { versions: loaded, endpoints = {} }: LoadedVersions,
  versions: readonly string[],
  endpoint: string | undefined,
): number {
  if (versions.some((version) => !loaded.includes(version))) return 0;
  if (endpoint === undefined) return 1;
  const turns = versions.map((version) => {
    const names = endpoints[version] ?? [];
    return names.includes(endpoint) ? names.length : Number.POSITIVE_INFINITY;
  });
  return 1 / turns.reduce(commonMultiple);
}

function commonMultiple(a: number, b: number): number {
  if (!Number.isFinite(a + b)) return Number.POSITIVE_INFINITY;
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
}

/** NaN: one of the numbers is not known. */
const known = (requests: number): number | undefined => (Number.isNaN(requests) ? undefined : requests);

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
