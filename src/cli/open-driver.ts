/** Wires implementations to the ports that only a driver needs: metrics, load, tasks, weights, builds. Loaded when something is driven. */
import type { Io } from '../io.ts';
import { SYSTEM_NAMESPACE } from '../experiment/metric-names.ts';
import type {
  BuildReader,
  LoadGenerator,
  MetricSource,
  RequestBuilder,
  TaskRunner,
  TrafficObjects,
} from '../drive/ports.ts';
import { VERSION } from '../version.ts';
import type { Context } from './context.ts';
import type { ScriptPlace } from './open-tasks.ts';

/** Metrics of backends, with the jq engine that they share. */
export interface Metrics extends MetricSource {
  /** Ends the engine. */
  close(): Promise<void>;
}

/** Loaded, and jq started, with the first question: most experiments have only built-in metrics. */
export function openMetrics(
  { secrets, store }: Context,
  io: Io,
  limits: { readonly ownNamespaceOnly: boolean },
): Metrics {
  let opened: Promise<Metrics> | undefined;
  const open = async (): Promise<Metrics> => {
    const [{ createMetricSource }, { createJq }] = await Promise.all([
      import('../adapters/metrics/measure-metric.ts'),
      import('../adapters/metrics/jq.ts'),
    ]);
    const jq = createJq({ cpuMs: () => io.cpuMs() });
    const source = createMetricSource({
      secrets,
      readMetric: (key, signal) => store.getMetric(key, signal),
      jq,
      clock: io.clock,
      env: io.env,
      random: Math.random,
      systemNamespace: SYSTEM_NAMESPACE,
      ownNamespaceOnly: limits.ownNamespaceOnly,
    });
    return { measure: (question) => source.measure(question), close: () => jq.close() };
  };
  return {
    measure: async (question) => (await (opened ??= open())).measure(question),
    close: async () => (await opened)?.close(),
  };
}

/** The load of all experiments that this process drives: their requests leave from threads that they share. */
export function openLoad(): LoadGenerator {
  let opened: Promise<LoadGenerator> | undefined;
  const open = async () => (await import('../adapters/load/load-generator.ts')).createLoadGenerator();
  return { start: async (plan, how) => (await (opened ??= open())).start(plan, how) };
}

export interface Driver {
  readonly metrics: Metrics;
  readonly load: LoadGenerator;
  readonly requests: RequestBuilder;
  readonly tasks: TaskRunner;
  readonly traffic?: TrafficObjects;
  readonly builds?: BuildReader;
}

export interface DriverOptions {
  /** Absent: no script is run. */
  readonly scripts?: ScriptPlace | undefined;
  /** Absent: of its own. Whoever opens the driver closes them. */
  readonly metrics?: Metrics | undefined;
  readonly load?: LoadGenerator | undefined;
  /** A controller drives for many: an experiment reaches nothing beyond its namespace through it. */
  readonly ownNamespaceOnly?: boolean | undefined;
}

export async function openDriver(context: Context, io: Io, options: DriverOptions = {}): Promise<Driver> {
  const { scripts, ownNamespaceOnly = false } = options;
  const [{ createRequestBuilder }, { openTasks }] = await Promise.all([
    import('../adapters/load/build-requests.ts'),
    import('./open-tasks.ts'),
  ]);
  const { kube } = context;
  return {
    metrics: options.metrics ?? openMetrics(context, io, { ownNamespaceOnly }),
    load: options.load ?? openLoad(),
    requests: createRequestBuilder({
      secrets: context.secrets,
      env: io.env,
      userAgent: `iter8ctl/${VERSION}`,
    }),
    ...(kube === undefined
      ? {}
      : {
          traffic: (await import('../adapters/kube/weight-objects.ts')).createWeightObjects({
            client: kube,
            ownNamespaceOnly,
          }),
          builds: (await import('../adapters/kube/read-builds.ts')).createBuildReader({
            client: kube,
            ownNamespaceOnly,
          }),
        }),
    tasks: await openTasks(context, io, scripts),
  };
}
