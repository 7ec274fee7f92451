/** Drives experiments in memory, with simulated services and a clock that stands still: for tests of the engine. */
import { createMemoryStore } from './memory-store.ts';
import type { Experiment, WrittenExperiment } from '../../src/experiment/experiment.ts';
import type { WrittenMetric } from '../../src/experiment/metric.ts';
import type { Clock } from '../../src/io.ts';
import type { Event } from '../../src/drive/events.ts';
import { drive } from '../../src/drive/drive.ts';
import type { SessionPorts } from '../../src/drive/session.ts';
import { jsonText } from '../../src/report/json-text.ts';
import { jsonView } from '../../src/report/json-view.ts';
import { ndjsonLine } from '../../src/report/ndjson.ts';
import { experimentView } from '../../src/view/experiment-view.ts';
import type { DriveOptions, DriveOutcome } from '../../src/drive/drive-options.ts';
import type {
  BuildReader,
  ExperimentStore,
  LoadGenerator,
  MetricQuestion,
  MetricSource,
  RecordLog,
  TargetLock,
  TaskRunner,
  TrafficObjects,
} from '../../src/drive/ports.ts';
import { fakeClock } from './fake-clock.ts';
import { checkOutputs } from './output-shape.ts';
import { simulatedLoad, type Service } from './simulated-load.ts';

export interface Collect {
  readonly [input: string]: unknown;
}

/** The experiment of the tutorial, which asks this. */
export const onHello = (spec: object): WrittenExperiment => ({
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Experiment',
  metadata: { name: 'hello-experiment', namespace: 'default' },
  spec: { target: 'hello', ...spec } as WrittenExperiment['spec'],
});

/** A Conformance experiment on `hello` with the tutorial's objectives, in the words of a manifest. */
export function conformance(
  change: { collect?: Collect; objectives?: unknown[]; strength?: unknown; duration?: unknown; actions?: unknown } = {},
): WrittenExperiment {
  const task = {
    task: 'metrics/collect',
    with: { numQueries: 100, qps: 50, versions: [{ name: 'hello', url: 'http://hello.test/' }], ...change.collect },
  };
  return onHello({
    strategy: { testingPattern: 'Conformance', actions: change.actions ?? { start: [task] } },
    criteria: {
      requestCount: 'iter8-system/request-count',
      indicators: ['iter8-system/error-count'],
      objectives: change.objectives ?? [
        { metric: 'iter8-system/mean-latency', upperLimit: '500' },
        { metric: 'iter8-system/error-rate', upperLimit: '0.01' },
        { metric: 'iter8-system/latency-95th-percentile', upperLimit: '1000' },
      ],
      ...(change.strength === undefined ? {} : { strength: change.strength }),
    },
    duration: change.duration ?? { intervalSeconds: 1, iterationsPerLoop: 1 },
    versionInfo: { baseline: { name: 'hello' } },
  });
}

/** Baseline `old`, candidate `new`, both under load at a fixed split. */
export function canary(change: { objectives?: unknown[]; strength?: unknown } = {}): WrittenExperiment {
  const base = conformance({
    ...change,
    collect: {
      versions: [
        { name: 'old', url: 'http://old.test/' },
        { name: 'new', url: 'http://new.test/' },
      ],
    },
  });
  return {
    ...base,
    spec: {
      ...base.spec,
      strategy: { ...base.spec.strategy, testingPattern: 'Canary', deploymentPattern: 'FixedSplit' },
      versionInfo: { baseline: { name: 'old' }, candidates: [{ name: 'new' }] },
    },
  };
}

/** versionInfo whose versions name a field each that holds their weight. */
export function withWeights(baseline: string, ...candidates: string[]) {
  const version = (name: string) => ({
    name,
    weightObjRef: { apiVersion: 'shop.test/v1', kind: 'Route', name: 'shop', fieldPath: `.spec.weights.${name}` },
  });
  return { baseline: version(baseline), candidates: candidates.map(version) };
}

/** 20 ms, 200, always. */
export const healthy: Service = () => ({ latencyMs: 20, code: '200' });

/** Every `each`-th request is a 503. */
export const failing =
  (each: number): Service =>
  (_, k) => ({ latencyMs: 20, code: k % each === each - 1 ? '503' : '200' });

/** A store with these metrics in the namespace `default`: by name, what is special in their spec. */
export async function storeWithMetrics(
  metrics: Readonly<Record<string, object>>,
  clock: Clock = fakeClock(),
): Promise<ExperimentStore> {
  const store = createMemoryStore({ clock });
  for (const [name, spec] of Object.entries(metrics)) await store.createMetric(writtenMetric(name, spec));
  return store;
}

export const writtenMetric = (name: string, spec: object = {}): WrittenMetric => ({
  apiVersion: 'iter8.tools/v2alpha2',
  kind: 'Metric',
  metadata: { name, namespace: 'default' },
  spec: { urlTemplate: 'http://metrics.test/?over=$elapsedTime', jqExpression: '.', ...spec },
});

/** When a question was asked, by the clock of these tests: they start at the time of `fakeClock`. */
export const measuredAt = ({ elapsedSeconds }: MetricQuestion): string =>
  new Date(fakeClock().now() + 1000 * elapsedSeconds).toISOString();

/** Values by name of metric and version; undefined: there is no data. */
export function measuring(
  valueOf: (metric: string, version: string, question: MetricQuestion) => number | undefined,
): MetricSource {
  return {
    measure: (question) => {
      const value = valueOf(question.metric.metadata.name, question.version.name, question);
      const about = { at: measuredAt(question), query: 'q' };
      return Promise.resolve(
        value === undefined
          ? { kind: 'error', reason: 'empty-answer', message: 'no data points', ...about }
          : { kind: 'value', value, ...about },
      );
    },
  };
}

export interface Drive {
  readonly outcome: DriveOutcome;
  readonly events: readonly Event[];
  /** Every state that was stored, in order. */
  readonly states: readonly Experiment[];
  readonly log: readonly object[];
  readonly store: ExperimentStore;
  readonly load: ReturnType<typeof simulatedLoad>;
}

export interface DriveSetup {
  readonly service?: Service;
  readonly store?: ExperimentStore;
  readonly load?: LoadGenerator;
  readonly metrics?: MetricSource;
  readonly tasks?: TaskRunner;
  readonly targets?: TargetLock;
  readonly builds?: BuildReader;
  readonly traffic?: TrafficObjects;
  readonly confirm?: () => Promise<void>;
  readonly patience?: SessionPorts['patience'];
  readonly clock?: Clock;
  readonly options?: Partial<DriveOptions>;
  /** What was logged so far; what is logged goes there. */
  readonly log?: object[];
  /** Called before anything is logged: throws to refuse it. */
  readonly beforeLog?: () => void;
  /** Each event as it is emitted. */
  readonly onEvent?: (event: Event) => void;
}

export async function driveInMemory(written: WrittenExperiment, setup: DriveSetup = {}): Promise<Drive> {
  const clock = setup.clock ?? fakeClock();
  const store = setup.store ?? createMemoryStore({ clock });
  const key = { namespace: written.metadata.namespace!, name: written.metadata.name! };
  const experiment = await store.get(key).catch(() => store.create(written));
  const events: Event[] = [];
  const log = setup.log ?? [];
  const records: RecordLog = {
    append: async (_, entries) => {
      setup.beforeLog?.();
      log.push(...entries);
    },
    reset: () => Promise.resolve(),
    // eslint-disable-next-line require-yield
    async *read() {
      yield* log;
    },
  };
  const load = simulatedLoad(setup.service ?? healthy);
  const outcome = await drive(
    experiment,
    {
      store,
      records,
      load: setup.load ?? load,
      requests: {
        build: (inputs) =>
          Promise.resolve(
            inputs.versions.map((version) => ({
              version: version.name,
              endpoints: version.endpoints.map(({ name, url, method, headers }) => ({
                ...(name === undefined ? {} : { name }),
                url,
                method,
                headers,
              })),
            })),
          ),
      },
      metrics: setup.metrics ?? { measure: () => Promise.reject(new Error('no metric is expected to be measured')) },
      tasks: setup.tasks ?? { run: ({ task }) => Promise.resolve(`${task.task ?? 'run'} done`) },
      ...(setup.targets === undefined ? {} : { targets: setup.targets }),
      ...(setup.builds === undefined ? {} : { builds: setup.builds }),
      ...(setup.traffic === undefined ? {} : { traffic: setup.traffic }),
      ...(setup.confirm === undefined ? {} : { confirm: setup.confirm }),
      ...(setup.patience === undefined ? {} : { patience: setup.patience }),
      clock,
      emit: (event) => {
        events.push(event);
        setup.onEvent?.(event);
      },
      textOf: (event) => (event.kind === 'condition' ? `${event.reason}: ${event.message}` : undefined),
      by: 'iter8ctl test',
    },
    {
      driver: { identity: 'test', description: 'test' },
      saveEveryMs: 1000,
      seed: 1,
      stop: new AbortController().signal,
      kill: new AbortController().signal,
      ...setup.options,
    },
  );
  const states = events.flatMap((event) => (event.kind === 'object' ? [event.object] : []));
  checkOutputs(jsonText(jsonView(experimentView(outcome.experiment, clock.now()))));
  checkOutputs(events.map((event) => ndjsonLine(event)).join('\n'));
  return { outcome, events, states, log, store, load };
}
