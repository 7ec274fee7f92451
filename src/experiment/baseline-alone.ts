/** The load of an experiment for its baseline alone, as an experiment of its own: what `aa -f` runs. Pure. */
import { UsageError } from '../errors.ts';
import { rateOf } from './collect-rate.ts';
import { API_VERSION, type Experiment, type TaskSpec, type WrittenExperiment } from './experiment.ts';

/** Of flags, over what is written. */
export interface LoadChange {
  readonly qps?: number | undefined;
  readonly requests?: number | undefined;
  readonly durationMs?: number | undefined;
}

export interface BaselineLoad {
  readonly experiment: WrittenExperiment;
  readonly baseline: string;
  /** Sentences about what is not done. */
  readonly notes: readonly string[];
}

/** Where nobody says how much is sent, ms. */
export const DEFAULT_LOAD_MS = 60_000;

type Inputs = Readonly<Record<string, unknown>>;

/**
 * `timeoutMs`: of tasks that set none, which depends on the objectives of the whole experiment.
 *
 * @throws UsageError when it sends no load to its baseline, or a secret is needed for it
 */
export function baselineAlone(
  { spec, metadata }: Experiment,
  { name, timeoutMs, change }: { readonly name: string; readonly timeoutMs: number; readonly change: LoadChange },
): BaselineLoad {
  const { versionInfo, strategy } = spec;
  if (versionInfo === undefined) throw new UsageError(`${metadata.name} names no version (spec.versionInfo.baseline)`);
  const { name: baseline, variables } = versionInfo.baseline;
  const all = Object.values(strategy.actions).flat();
  const start = all.flatMap((task) => {
    const inputs = inputsFor(task, baseline);
    return inputs === undefined ? [] : [{ task: 'metrics/collect', with: changed(inputs, change, timeoutMs) }];
  });
  if (start.length === 0)
    throw new UsageError(`${metadata.name} sends no load to its baseline ${baseline}: there is nothing to measure`, {
      hint: 'give --url, or the name of an experiment that has measured something',
    });
  const secret = secretIn(start);
  if (secret !== undefined)
    throw new UsageError(`the load of ${metadata.name} needs the secret ${secret}, which aa -f does not read`, {
      hint: 'run the experiment, and give aa its name',
    });
  const others = new Set(all.filter(({ task }) => task !== 'metrics/collect').map(taskName));
  return {
    baseline,
    notes: others.size === 0 ? [] : [`tasks that send no load were left out: ${[...others].join(', ')}`],
    experiment: {
      apiVersion: API_VERSION,
      kind: 'Experiment',
      metadata: { name },
      spec: {
        target: spec.target,
        strategy: { testingPattern: 'Conformance', actions: { start } },
        criteria: {
          requestCount: 'iter8-system/request-count',
          // Its answer is not asked for, and nothing may end the load before its time.
          objectives: [{ metric: 'iter8-system/error-rate', upperLimit: '0.99' }],
        },
        duration: { intervalSeconds: 1, iterationsPerLoop: 1 },
        versionInfo: { baseline: { name: baseline, ...(variables === undefined ? {} : { variables }) } },
      },
    },
  };
}

const taskName = ({ task }: TaskSpec): string => task ?? 'run';

/** Inputs of a task that measures the baseline, with no other version; undefined of any other. */
function inputsFor({ task, with: inputs }: TaskSpec, baseline: string): Inputs | undefined {
  if (task !== 'metrics/collect' || inputs === undefined || inputs['loadOnly'] === true) return undefined;
  const all = inputs['versions'] as readonly { readonly name?: unknown; readonly qps?: number }[];
  const own = all.filter(({ name }) => name === baseline);
  if (own.length === 0) return undefined;
  // The rate of all together: where they name different ones, it is none of theirs.
  const qps = rateOf({ qps: inputs['qps'] as number | undefined, versions: all });
  return { ...inputs, qps, versions: own.map((version) => ({ ...version, qps: undefined })) };
}

function changed(inputs: Inputs, { qps, requests, durationMs }: LoadChange, timeoutMs: number): Inputs {
  const { numQueries, time, ...rest } = inputs;
  const amount =
    requests !== undefined
      ? { numQueries: requests }
      : durationMs !== undefined || (numQueries === undefined && time === undefined)
        ? { time: `${durationMs ?? DEFAULT_LOAD_MS}ms` }
        : { ...(numQueries === undefined ? {} : { numQueries }), ...(time === undefined ? {} : { time }) };
  return {
    timeout: `${timeoutMs}ms`,
    ...rest,
    ...(qps === undefined ? {} : { qps }),
    ...amount,
  };
}

/** The first secret that is named in them, however deep. */
function secretIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, one] of Object.entries(value)) {
    if (key === 'secret' && typeof one === 'string') return one;
    const found = secretIn(one);
    if (found !== undefined) return found;
  }
  return undefined;
}
