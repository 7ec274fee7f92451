/**
 * What we keep in the object beyond the fields of Iter8 0.7: one versioned key in the only free-form place that the old
 * CRD does not prune, `status.analysis.aggregatedBuiltinHists.data.iter8ctl` (docs/behavior.md 8).
 *
 * Written often, so histograms are flat lists `[index, count, index, count, ...]`; read with `readRecord`, which takes
 * anything and gives undefined for what it cannot understand.
 */
import type { StoredTraffic } from './stored-traffic.ts';
import type { Experiment, ExperimentStatus, Weight } from '../../experiment/experiment.ts';
import { addPairTally, type PairTally } from '../../evidence/paired/request-pairs.ts';
import {
  addTally,
  EMPTY_TALLY,
  type AnswerTimes,
  type SparseHistogram,
  type Tally,
  type TallyView,
} from '../../evidence/request-tally.ts';
import type { MeasuredMetric } from '../limits/custom-metric.ts';
import type { LimitAssessment } from '../assessment.ts';
import type { ImportedDoubts } from '../unknowns-of-other-tools.ts';
import type { LiveBlocks } from '../../evidence/two-versions/live-blocks.ts';
import type { Builds } from './build-changes.ts';
import type { LoadState } from './load-progress.ts';
import { isRecordShape } from './record-shape.ts';
import type { Recommendation } from '../recommendation.ts';
import type { RewardResult, RewardState } from '../reward/reward-state.ts';

export const RECORD_KEY = 'iter8ctl';
export const RECORD_FORMAT = 1;

/** A tally as stored. */
export interface StoredTally extends Omit<Tally, 'response' | 'service' | 'answers'> {
  readonly response: StoredView;
  readonly service: StoredView;
  readonly answers?: (Omit<AnswerTimes, 'unanswered'> & { readonly unanswered: readonly number[] }) | undefined;
}
export type StoredView = Omit<TallyView, 'histogram'> & { readonly histogram: readonly number[] };

export interface StoredScope {
  readonly version: string;
  readonly endpoint?: string | undefined;
  readonly tally: StoredTally;
}

/**
 * What pairs of requests are about: those of a version with those of the baseline, or of another candidate (`against`); of these,
 * those that both went to an endpoint.
 */
export interface PairsScope {
  readonly version: string;
  readonly endpoint?: string | undefined;
  readonly against?: string | undefined;
}

/** Requests of two versions that were paired, by `pairsKey`. */
export type StoredPairs = Readonly<Record<string, PairTally>>;

/** The name of the version where nothing else is to be said. */
export function pairsKey({ version, endpoint, against }: PairsScope): string {
  if (against !== undefined) return JSON.stringify([version, endpoint ?? null, against]);
  return endpoint === undefined ? version : JSON.stringify([version, endpoint]);
}

/** Blocks of live counters, by candidate, then by relative limit (`blocksKey`). */
export type StoredLiveBlocks = Readonly<Record<string, Readonly<Record<string, LiveBlocks>>>>;

/** What a key of pairs is about. Names of versions do not begin with a bracket. */
export function scopeOfPairs(key: string): PairsScope {
  if (!key.startsWith('[')) return { version: key };
  const [version, endpoint, against] = JSON.parse(key) as [string, string | null, string?];
  return { version, endpoint: endpoint ?? undefined, against };
}

/** How far a task is; `tasks` maps `start/0`, `loop1/2`, `finish/0` to it. Done and skipped tasks are not done again. */
export interface TaskState {
  /** `retrying`: not under way now; it failed, and is tried again. */
  readonly state: 'running' | 'retrying' | 'done' | 'skipped';
  /** How often it was tried, with the try that is under way. */
  readonly tries?: number | undefined;
  /** Its try goes on without a driver, as a Job does. */
  readonly kept?: boolean | undefined;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly endedAt?: string | undefined;
  /** A collect task that was done before it had sent all that is planned, since everything was decided. */
  readonly endedEarly?: boolean | undefined;
  /** A collect task that counts: seconds of load so far, over all drivers. */
  readonly loadSeconds?: number | undefined;
  /** A collect task under way: what it has counted, for the next driver; moved into `scopes` when it is done. */
  readonly counted?: readonly StoredScope[] | undefined;
  /** And the pairs of it, by candidate. */
  readonly pairs?: StoredPairs | undefined;
}

/** For whom or what it waits. Times: RFC 3339. */
export interface Waiting {
  readonly kind: 'gate' | 'pause';
  readonly since: string;
  readonly until?: string | undefined;
  readonly task?: string | undefined;
  readonly message?: string | undefined;
  /** Who paused it, as they say. */
  readonly by?: string | undefined;
}

/** A line of the story, for `describe` and `debug`. */
export interface StoredEvent {
  readonly time: string;
  readonly priority: 1 | 2 | 3;
  readonly text: string;
}

/** How a run went (`run-over-time.ts`): a moment is `[ms since 1970, n, errors, sum in ms (each version), ln satisfied, ln violated (each row), weight (each version)]`. */
export interface StoredHistory {
  readonly versions: readonly string[];
  /** `assessmentKey` of each row. */
  readonly rows: readonly string[];
  /** Moments closer than this replace the one before. */
  readonly gapMs: number;
  readonly moments: readonly (readonly (number | null)[])[];
}

/** A version became another build than the one that was measured. */
export interface ChangedBuild {
  readonly version: string;
  /** When it was seen. RFC 3339. */
  readonly at: string;
  /** `image app of Deployment shop/hello-v2 was hello:2, is hello:3`. */
  readonly what: string;
}

export interface Iter8Record {
  readonly format: typeof RECORD_FORMAT;
  /** `iter8ctl 0.1.0`. */
  readonly by: string;
  /** Fingerprint of the spec that it is driven by: whoever goes on with another one says so. */
  readonly spec?: string | undefined;
  readonly tasks: Readonly<Record<string, TaskState>>;
  /** Actions that are over: `start`, `loop1`, `finish`; and `assess` once the last loop's tasks have been assessed. */
  readonly actions: Readonly<Record<string, 'launched' | 'done'>>;
  /** Why the iterations ended before the last one; absent while they go on, or ended by themselves. */
  readonly endedEarly?: 'rolled-back' | 'decided' | 'changed' | undefined;
  /** Everything counted by tasks that are done. */
  readonly scopes: readonly StoredScope[];
  readonly pairs?: StoredPairs | undefined;
  /** The newest collect task alone, when there was more than one (docs/method.md 0.12). */
  readonly newest?: { readonly task: string; readonly scopes: readonly StoredScope[] } | undefined;
  /** Seconds of load of tasks that are done. */
  readonly loadSeconds: number;
  /** Largest latency that was recorded, ms; of records of earlier versions 0. Read by `knownTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** Latency was measured in a closed loop (`qps: 0`). */
  readonly closedLoop?: boolean | undefined;
  /** Requests that another tool has measured, and what it does not know. */
  readonly imported?: ImportedDoubts | undefined;
  /** Settings that flags of `run` put over spec.criteria.strength. */
  readonly strength?: Readonly<Record<string, unknown>> | undefined;
  /** The collect task under way, for watchers. */
  readonly load?: LoadState | undefined;
  /** A person, who is to approve (`task` is the gate) or to resume. */
  readonly waiting?: Waiting | undefined;
  /** How long it has been paused since it started: iterations are due so much later. */
  readonly pausedMs?: number | undefined;
  /** Custom metrics as last measured: metric as the spec wrote it, version. */
  readonly measured?: Readonly<Record<string, Readonly<Record<string, MeasuredMetric>>>> | undefined;
  /** Blocks of live counters that candidates are compared with the baseline in. */
  readonly liveBlocks?: StoredLiveBlocks | undefined;
  /** How traffic was split at the last measurement, and when that was seen to have changed. RFC 3339. */
  readonly split?: { readonly weights: readonly Weight[]; readonly changedAt?: string | undefined } | undefined;
  /** Absent: it moves no traffic. */
  readonly traffic?: StoredTraffic | undefined;
  /** What the versions of an A/B or A/B/N experiment earned, and who is shown to earn most. */
  readonly reward?: RewardState | undefined;
  readonly rewardResult?: RewardResult | undefined;
  /** What ran when it was measured, of the versions whose pods are found. */
  readonly builds?: Builds | undefined;
  /** What was measured is void. */
  readonly changed?: ChangedBuild | undefined;
  /** How often it was measured again after such a change. */
  readonly restarts?: number | undefined;
  readonly assessments: readonly LimitAssessment[];
  readonly recommendation?: Recommendation | undefined;
  /** How the run went: for reports, read by `momentsOf` of `run-over-time.ts`. */
  readonly history?: StoredHistory | undefined;
  readonly warnings: readonly string[];
  readonly events: readonly StoredEvent[];
}

export const EMPTY_RECORD: Iter8Record = {
  format: RECORD_FORMAT,
  by: '',
  tasks: {},
  actions: {},
  scopes: [],
  loadSeconds: 0,
  assessments: [],
  warnings: [],
  events: [],
};

const flatten = (histogram: SparseHistogram): number[] => histogram.flatMap(([index, count]) => [index, count]);

function unflatten(flat: readonly number[]): SparseHistogram {
  const histogram: [number, number][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) histogram.push([flat[i]!, flat[i + 1]!]);
  return histogram;
}

const roundMs = (ms: number): number => Math.round(ms * 1e6) / 1e6;

export function storeTally(tally: Tally): StoredTally {
  const view = (one: TallyView): StoredView => ({
    ...one,
    sumMs: roundMs(one.sumMs),
    maxMs: roundMs(one.maxMs),
    minMs: roundMs(one.minMs),
    histogram: flatten(one.histogram),
  });
  const { answers, ...rest } = tally;
  return {
    ...rest,
    response: view(tally.response),
    service: view(tally.service),
    ...(answers === undefined
      ? {}
      : {
          answers: {
            sumMs: roundMs(answers.sumMs),
            maxMs: roundMs(answers.maxMs),
            minMs: roundMs(answers.minMs),
            unanswered: flatten(answers.unanswered),
          },
        }),
  };
}

export function readTally(stored: StoredTally): Tally {
  const { answers, ...rest } = stored;
  return {
    ...rest,
    response: { ...stored.response, histogram: unflatten(stored.response.histogram) },
    service: { ...stored.service, histogram: unflatten(stored.service.histogram) },
    ...(answers === undefined ? {} : { answers: { ...answers, unanswered: unflatten(answers.unanswered) } }),
  };
}

const sameScope = (a: StoredScope, b: { version: string; endpoint?: string | undefined }): boolean =>
  a.version === b.version && a.endpoint === b.endpoint;

/** Adds what was counted of some scopes to others. */
export function addScopes(scopes: readonly StoredScope[], more: readonly StoredScope[]): StoredScope[] {
  const sum = [...scopes];
  for (const one of more) {
    const index = sum.findIndex((scope) => sameScope(scope, one));
    const present = sum[index];
    if (present === undefined) sum.push(one);
    else sum[index] = { ...present, tally: storeTally(addTally(readTally(present.tally), readTally(one.tally))) };
  }
  return sum;
}

/** Everything counted so far: of finished tasks and of those under way. */
export function countedScopes(record: Iter8Record): StoredScope[] {
  return Object.values(record.tasks).reduce<StoredScope[]>(
    (sum, task) => (task.counted === undefined ? sum : addScopes(sum, task.counted)),
    [...record.scopes],
  );
}

export function addStoredPairs(one: StoredPairs = {}, more: StoredPairs = {}): StoredPairs {
  const sum: Record<string, PairTally> = { ...one };
  for (const [version, tally] of Object.entries(more))
    sum[version] = Object.hasOwn(sum, version) ? addPairTally(sum[version]!, tally) : tally;
  return sum;
}

/** All pairs so far: of finished tasks and of those under way. */
export function countedPairs(record: Iter8Record): StoredPairs {
  return Object.values(record.tasks).reduce<StoredPairs>(
    (sum, task) => addStoredPairs(sum, task.pairs),
    record.pairs ?? {},
  );
}

/** What was counted of one version or endpoint; empty when nothing was. */
export function tallyOf(scopes: readonly StoredScope[], version: string, endpoint?: string): Tally {
  const found = scopes.find((scope) => sameScope(scope, { version, endpoint }));
  return found === undefined ? EMPTY_TALLY : readTally(found.tally);
}

/** How long answers were waited for, where it is known. */
export function knownTimeoutMs({ timeoutMs }: Pick<Iter8Record, 'timeoutMs'>): number | undefined {
  return timeoutMs === 0 ? undefined : timeoutMs;
}

/** Numbers in all stored histograms together that keep the object within 256 KiB (docs/behavior.md 8). */
const MOST_NUMBERS = 24_000;

/**
 * The record with coarser histograms where it would be too large for the object; itself where it is not. Bins go up in the
 * response view and down in the service view, so that what is judged from them stays conservative.
 */
export function fitRecord(record: Iter8Record): Iter8Record {
  const scopes = [
    ...record.scopes,
    ...(record.newest?.scopes ?? []),
    ...Object.values(record.tasks).flatMap((task) => task.counted ?? []),
  ];
  const numbers = scopes.reduce(
    (sum, { tally }) => sum + tally.response.histogram.length + tally.service.histogram.length,
    0,
  );
  if (numbers <= MOST_NUMBERS) return record;
  const bits = Math.min(9, Math.ceil(Math.log2(numbers / MOST_NUMBERS)) + 1);
  const coarser = (list: readonly StoredScope[]) =>
    list.map((scope) => ({ ...scope, tally: coarserTally(scope.tally, bits) }));
  return {
    ...record,
    scopes: coarser(record.scopes),
    ...(record.newest === undefined ? {} : { newest: { ...record.newest, scopes: coarser(record.newest.scopes) } }),
    tasks: Object.fromEntries(
      Object.entries(record.tasks).map(([id, task]) => [
        id,
        task.counted === undefined ? task : { ...task, counted: coarser(task.counted) },
      ]),
    ),
  };
}

function coarserTally(tally: StoredTally, bits: number): StoredTally {
  const mask = (1 << bits) - 1;
  const merge = (flat: readonly number[], move: (index: number) => number): number[] => {
    const bins = new Map<number, number>();
    for (const [index, count] of unflatten(flat)) bins.set(move(index), (bins.get(move(index)) ?? 0) + count);
    return flatten([...bins]);
  };
  return {
    ...tally,
    response: { ...tally.response, histogram: merge(tally.response.histogram, (index) => index | mask) },
    ...(tally.answers === undefined
      ? {}
      : { answers: { ...tally.answers, unanswered: merge(tally.answers.unanswered, (index) => index | mask) } }),
    service: { ...tally.service, histogram: merge(tally.service.histogram, (index) => index & ~mask) },
  };
}

/** Our record in an object, or undefined: written by somebody else, or by a format that we do not know. */
export function readRecord(experiment: { readonly status?: Experiment['status'] }): Iter8Record | undefined {
  const data = experiment.status?.analysis?.aggregatedBuiltinHists?.data;
  const record = data !== undefined && Object.hasOwn(data, RECORD_KEY) ? data[RECORD_KEY] : undefined;
  if (typeof record !== 'object' || record === null) return undefined;
  const format = (record as { format?: unknown }).format;
  return format === RECORD_FORMAT && isRecordShape(record)
    ? { ...EMPTY_RECORD, ...withoutNulls(record as Iter8Record) }
    : undefined;
}

/** JSON has no number that is not finite: what was one is absent, as it is where it was worked out. */
function withoutNulls(record: Iter8Record): Iter8Record {
  if (!(record.assessments ?? []).some((row) => Object.values(row).includes(null))) return record;
  return {
    ...record,
    assessments: record.assessments.map(
      (row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as typeof row,
    ),
  };
}

/** The status with our record in it; the histograms of versions beside it stay. */
export function withRecord(status: ExperimentStatus, record: Iter8Record, time: string): ExperimentStatus {
  const hists = status.analysis?.aggregatedBuiltinHists;
  return {
    ...status,
    analysis: {
      ...status.analysis,
      aggregatedBuiltinHists: {
        ...hists,
        provenance: hists?.provenance ?? 'Builtin metrics collector',
        timestamp: time,
        data: { ...hists?.data, [RECORD_KEY]: record },
      },
    },
  };
}
