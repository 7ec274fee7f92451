/**
 * Judges a recorded run again, with the same functions as the run itself: at other limits, another confidence, or just to see
 * that it comes out the same. Pure: the same lines give the same experiment.
 *
 * What was counted of a task is what its last driver began with (`load-started`), and every closed slice since. At a limit
 * that was not counted when it ran, the histograms tell: a bin that the limit divides counts for whatever helps least.
 */
import type { Experiment, Objective } from '../experiment/experiment.ts';
import { withDefaults } from '../experiment/defaults.ts';
import { binEdgesMs } from '../evidence/latency-histogram.ts';
import {
  addTally,
  limitKey,
  type Count,
  type LatencyLimit,
  type SparseHistogram,
  type Tally,
} from '../evidence/request-tally.ts';
import type { MeasuredMetric } from '../judge/limits/custom-metric.ts';
import { latencyLimits } from '../judge/question/limits.ts';
import { compileQuestion, type Question } from '../judge/question/question.ts';
import {
  addScopes,
  addStoredPairs,
  EMPTY_RECORD,
  readRecord,
  readTally,
  storeTally,
  withRecord,
  type Iter8Record,
  type StoredPairs,
  type StoredScope,
  type StoredTally,
} from '../judge/record/stored-record.ts';
import type { RequestPair } from '../evidence/paired/request-pairs.ts';
import { isPairsShape, isScopeShape } from '../judge/record/record-shape.ts';
import { addMeasurement } from '../judge/record/measurement.ts';
import { InvalidManifestError, UsageError } from '../errors.ts';
import { checkExperiment } from '../validation/validate.ts';
import { PairBook } from '../drive/collect/pair-account.ts';
import { analysisOf } from '../drive/status-analysis.ts';
import { judgementNow } from '../judge/judgement.ts';
import { withCompletion } from '../drive/status-changes.ts';

export interface ReplayChange {
  /** In place of those of the spec; absent: as they were. */
  readonly objectives?: readonly Objective[] | undefined;
  /** Over spec.criteria.strength and what flags of the run had put over it. */
  readonly strength: Readonly<Record<string, unknown>>;
}

/** Of intended start (drive/ports.ts, ClosedSlice). */
const SLICE_SECONDS = 0.1;

type Line = Readonly<Record<string, unknown>>;

/** What a record holds, in the form that the engine keeps it. */
interface Recorded {
  readonly experiment: Experiment;
  readonly record: Iter8Record;
  /** Of each iteration, in order. */
  readonly measured: readonly NonNullable<Iter8Record['measured']>[];
  /** Lines about pairs of each task, the first being that of its start. */
  readonly paired: readonly (readonly Line[])[];
  /** RFC 3339, of the last line. */
  readonly endedAt: string;
}

/** @throws UsageError when the lines are no record of ours */
export function replayRecord(lines: readonly unknown[], change: ReplayChange): Experiment {
  return judgedAgain(readLines(lines), change);
}

/** From the object alone: what it counted, at the limits of its histograms. @throws UsageError */
export function replayObject(experiment: Experiment, change: ReplayChange): Experiment {
  const record = readRecord(experiment);
  if (record === undefined)
    throw new UsageError(`experiment ${experiment.metadata.name} holds no record of ours: there is nothing to replay`);
  const endedAt = experiment.status?.lastUpdateTime ?? experiment.metadata.creationTimestamp ?? '1970-01-01T00:00:00Z';
  const measured = record.measured === undefined ? [] : [record.measured];
  return judgedAgain({ experiment, record: { ...record, reward: undefined }, measured, paired: [], endedAt }, change);
}

function judgedAgain(
  { experiment: ran, record: counted, measured, paired, endedAt }: Recorded,
  change: ReplayChange,
): Experiment {
  const experiment: Experiment =
    change.objectives === undefined
      ? ran
      : withDefaults(
          { ...ran, spec: { ...ran.spec, criteria: { ...ran.spec.criteria, objectives: [...change.objectives] } } },
          { namespace: ran.metadata.namespace, name: ran.metadata.name },
        );
  const issues = checkExperiment({ ...experiment, status: undefined }).filter(({ path }) =>
    path.startsWith('spec.criteria'),
  );
  if (issues.length > 0) throw new InvalidManifestError('it cannot be judged by these objectives', issues);
  const question = compileQuestion(experiment, { ...counted.strength, ...change.strength });
  const limits = latencyLimits(question.limits);
  const scopes = counted.scopes.map((scope) => ({ ...scope, tally: withLimits(scope.tally, limits) }));
  let record: Iter8Record = {
    ...counted,
    scopes,
    tasks: {},
    assessments: [],
    warnings: [],
    strength: { ...counted.strength, ...change.strength },
  };
  // The object alone holds no pairs, only what they came to at its own limits.
  if (paired.length > 0) record = { ...record, pairs: pairsOf(question, paired) };
  for (const values of measured) {
    record = addMeasurement(question, record, { time: endedAt, values });
  }
  const { assessments, recommendation, reward } = judgementNow(question, record);
  record = { ...record, assessments, recommendation, rewardResult: reward };
  const done = withCompletion(experiment.status ?? {}, 'Experiment completed successfully', Date.parse(endedAt));
  const analysis = analysisOf({ experiment, question, record, assessments, time: endedAt, provenance: record.by });
  return {
    ...experiment,
    status: withRecord({ ...done, analysis: { ...done.analysis, ...analysis } }, record, endedAt),
  };
}

function readLines(lines: readonly unknown[]): Recorded {
  let experiment: Experiment | undefined;
  let strength: Iter8Record['strength'];
  let by = '';
  let endedAt = '1970-01-01T00:00:00Z';
  const lastSlice = new Map<string, number>();
  let completed = 0;
  const tasks = new Map<string, Sums>();
  const paired = new Map<string, Line[]>();
  const measured: NonNullable<Iter8Record['measured']>[] = [];
  for (const value of lines) {
    if (typeof value !== 'object' || value === null) continue;
    const line = value as Line;
    if (typeof line['time'] === 'string') endedAt = line['time'];
    switch (line['kind']) {
      case 'spec':
        experiment = line['experiment'] as Experiment;
        strength = line['strength'] as Iter8Record['strength'];
        by = typeof line['by'] === 'string' ? line['by'] : '';
        break;
      case 'load-started':
        // A driver that goes on says with what: slices of the one before it are in that, or were lost with it.
        tasks.set(String(line['task']), new Map());
        for (const scope of (line['counted'] as unknown[] | undefined) ?? []) count(tasks, line, scope);
        paired.set(String(line['task']), [line]);
        break;
      case 'pairs':
        paired.get(String(line['task']))?.push(line);
        break;
      case 'slice':
        count(tasks, line, line);
        lastSlice.set(String(line['task']), Number(line['slice']));
        break;
      case 'condition':
        completed = completedIn(String(line['message']), experiment) ?? completed;
        break;
      case 'measured':
        measured.push(line['values'] as Readonly<Record<string, Readonly<Record<string, MeasuredMetric>>>>);
        break;
      default:
    }
  }
  if (experiment === undefined) {
    throw new UsageError('this is no record of a run: no line of it holds the experiment', {
      hint: 'records are in records/<namespace>/<name>.ndjson of the local folder, or of the state folder of a cluster',
    });
  }
  const scopes = [...tasks.values()].reduce<StoredScope[]>(
    (sum, one) =>
      addScopes(
        sum,
        [...one.values()].map((scope) => ({ ...scope, tally: storeTally(scope.tally) })),
      ),
    [],
  );
  experiment = { ...experiment, status: { completedIterations: completed } };
  const loadSeconds = [...lastSlice.values()].reduce((sum, slice) => sum + (slice + 1) * SLICE_SECONDS, 0);
  const record = { ...EMPTY_RECORD, by, scopes, loadSeconds, strength };
  return { experiment, record, measured, endedAt, paired: [...paired.values()] };
}

/** The pairs of all tasks at the limits of now. Each task: what its last driver began with, and what it counted since. */
function pairsOf({ relative }: Question, tasks: readonly (readonly Line[])[]): StoredPairs {
  return tasks.reduce<StoredPairs>((sum, [start, ...lines]) => {
    const before = start?.['pairs'];
    const book = new PairBook(relative, isPairsShape(before) ? (before as StoredPairs) : undefined);
    for (const line of lines) {
      if (Array.isArray(line['pairs']) && line['pairs'].every(isPair))
        book.add(String(line['version']), line['pairs'] as readonly RequestPair[]);
    }
    return addStoredPairs(sum, book.stored([]).pairs);
  }, {});
}

const isSide = (side: unknown): boolean =>
  Array.isArray(side) && side.length === 4 && side.every((value) => typeof value === 'number');
const isPair = (pair: unknown): boolean => Array.isArray(pair) && pair.length === 2 && pair.every(isSide);

/** What was counted of a task, by version and endpoint. */
type Sums = Map<string, Omit<StoredScope, 'tally'> & { readonly tally: Tally }>;

/** @throws UsageError for what is no tally */
function count(tasks: Map<string, Sums>, line: Line, value: unknown): void {
  const task = String(line['task']);
  if (!isScopeShape(value))
    throw new UsageError(`this record is damaged: what it says to have been counted by ${task} cannot be read`);
  const { version, endpoint, tally } = value as StoredScope;
  const sums: Sums = tasks.get(task) ?? new Map();
  tasks.set(task, sums);
  const key = JSON.stringify([version, endpoint ?? null]);
  const before = sums.get(key)?.tally;
  const sum = before === undefined ? readTally(tally) : addTally(before, readTally(tally));
  sums.set(key, { version, ...(endpoint === undefined ? {} : { endpoint }), tally: sum });
}

/** Iterations that were done by then, in the recorded words. */
function completedIn(message: string, experiment: Experiment | undefined): number | undefined {
  const [, what, number] = /^Completed (Iteration|Loop) (\d+)$/.exec(message) ?? [];
  if (number === undefined) return undefined;
  return Number(number) * (what === 'Loop' ? (experiment?.spec.duration.iterationsPerLoop ?? 1) : 1);
}

/** The counters at these limits: those that were kept, or what the histograms say, to the disadvantage of every verdict. */
function withLimits(stored: StoredTally, limits: readonly LatencyLimit[]): StoredTally {
  const tally = readTally(stored);
  const counters: Record<string, { readonly response: Count; readonly service: Count }> = { ...tally.limits };
  for (const limit of limits) {
    const key = limitKey(limit);
    if (counters[key]?.response.n === tally.response.n) continue;
    counters[key] = countersAt(tally, limit);
  }
  return storeTally({ ...tally, limits: counters });
}

/**
 * In response time a divided bin counts as beyond the limit, in service time as within it: for upper limits `satisfied` looks
 * at the first and `violated` at the second, for lower limits the other way round (judge.ts), so both are helped least.
 */
function countersAt({ response, service }: Tally, { limitMs }: LatencyLimit): { response: Count; service: Count } {
  const beyond = (histogram: SparseHistogram, isBeyond: (low: number, high: number) => boolean): number =>
    histogram.reduce((sum, [index, n]) => {
      const { lowMs, highMs } = binEdgesMs(index);
      return isBeyond(lowMs, highMs) ? sum + n : sum;
    }, 0);
  const surely = (low: number) => low > limitMs;
  const perhaps = (_: number, high: number) => high >= limitMs;
  return {
    response: { n: response.n, bad: beyond(response.histogram, perhaps) },
    service: { n: service.n, bad: beyond(service.histogram, surely) },
  };
}
