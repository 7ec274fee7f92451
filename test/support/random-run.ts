/** An experiment of random-experiment.ts, driven to its end by as many drivers as it takes. */
import { Iter8Error } from '../../src/errors.ts';
import type { Experiment } from '../../src/experiment/experiment.ts';
import type { Event } from '../../src/drive/events.ts';
import type { TaskRunner } from '../../src/drive/ports.ts';
import type { MessageResult } from '../../src/judge/message-result.ts';
import { driveInMemory, storeWithMetrics, type Drive, type DriveSetup } from './driving.ts';
import { fakeClock } from './fake-clock.ts';
import { memoryTraffic } from './memory-traffic.ts';
import {
  buildsAt,
  FAILING,
  hasTraffic,
  METRICS,
  metricsOf,
  serviceOf,
  versionsOf,
  writtenOf,
  type RandomExperiment,
} from './random-experiment.ts';

const KEY = { namespace: 'default', name: 'hello-experiment' };

export interface RandomRun {
  readonly given: RandomExperiment;
  /** As its last driver left it. */
  readonly end: Experiment;
  /** As the others left it. */
  readonly left: readonly Experiment[];
  /** Every state that was stored, in order. */
  readonly states: readonly Experiment[];
  /** Those of all drivers. */
  readonly events: readonly Event[];
  /** Lines of its record, as they come out of a file. */
  readonly lines: readonly unknown[];
  /** What messages and scripts of finish actions received, in order. */
  readonly reported: readonly MessageResult[];
  /** The same of messages of loop actions, by the action. */
  readonly reportedInLoops: ReadonlyMap<string, MessageResult>;
  /** What the fields of the weights hold at the end, in the order of the versions. */
  readonly weights: readonly unknown[];
  readonly nowMs: number;
}

export async function randomRun(given: RandomExperiment): Promise<RandomRun> {
  const clock = fakeClock();
  const store = await storeWithMetrics(METRICS, clock);
  const traffic = memoryTraffic(Object.fromEntries(versionsOf(given).map((name, i) => [name, i === 0 ? 100 : 0])));
  const reported: MessageResult[] = [];
  const reportedInLoops = new Map<string, MessageResult>();
  const log: object[] = [];
  let looks = 0;
  let seen = 0;
  const annotate = (name: string, value: string) =>
    void store.patchMetadata(KEY, { annotations: { [`iter8.tools/${name}`]: value } });
  const onEvent = ({ kind }: Event) => {
    seen += 1;
    if (seen === given.abortedAfter) annotate('abort', 'true by me');
    if (kind === 'waiting') answerGate(given, annotate);
  };
  const setup: DriveSetup = {
    clock,
    store,
    log,
    service: serviceOf(given),
    metrics: metricsOf(given),
    tasks: tasksThatReport(reported, reportedInLoops),
    ...(hasTraffic(given) ? { traffic } : {}),
    ...(given.otherBuildAt === undefined
      ? {}
      : { builds: { read: () => Promise.resolve(buildsAt(given, (looks += 1))) } }),
  };
  const drives: Drive[] = [];
  for (const after of [...given.ends, undefined]) {
    drives.push(await driveUntil(given, after, { ...setup, onEvent }));
    if (!drives.at(-1)!.outcome.interrupted) break;
  }
  const outcomes = drives.map(({ outcome }) => outcome.experiment);
  return {
    given,
    end: outcomes.at(-1)!,
    left: outcomes.slice(0, -1),
    states: drives.flatMap(({ states }) => states),
    events: drives.flatMap(({ events }) => events),
    lines: JSON.parse(JSON.stringify(log)) as unknown[],
    reported,
    reportedInLoops,
    weights: [...traffic.fields.values()],
    nowMs: clock.now(),
  };
}

/** One driver, that ends after so many events. */
function driveUntil(given: RandomExperiment, after: number | undefined, setup: DriveSetup): Promise<Drive> {
  const end = new AbortController();
  const { signal } = end;
  let left = after ?? Number.POSITIVE_INFINITY;
  return driveInMemory(writtenOf(given), {
    ...setup,
    options: {
      stop: signal,
      strength: given.flags,
      ...(given.endsBy === 'stop' ? {} : { kill: signal }),
      ...(given.endsBy === 'lost' ? { lost: signal } : {}),
    },
    onEvent: (event) => {
      setup.onEvent?.(event);
      left -= 1;
      if (left === 0) end.abort(new Error('stopped'));
    },
  });
}

function answerGate({ finish }: RandomExperiment, annotate: (name: string, value: string) => void): void {
  if (finish === 'rejected') annotate('reject', 'finish/0');
  else annotate('approve', finish === 'gateAfterMessage' ? 'finish/1' : 'finish/0');
}

const tasksThatReport = (reported: MessageResult[], reportedInLoops: Map<string, MessageResult>): TaskRunner => ({
  run: ({ id, task, result }) => {
    if (task.run === FAILING) return Promise.reject(new Iter8Error('exit 1'));
    if (id.startsWith('finish/') && result !== undefined) reported.push(result());
    const [action = ''] = id.split('/');
    if (action.startsWith('loop') && task.run === undefined && result !== undefined)
      reportedInLoops.set(action, result());
    return Promise.resolve('done');
  },
});
