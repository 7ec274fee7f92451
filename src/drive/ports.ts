/**
 * The interfaces of all that is outside the engine. Implementations are in `adapters/`; `cli/context` wires them.
 *
 * Every wait takes an AbortSignal and rejects with its reason when aborted.
 */
import type { Experiment, ObjectKey, WrittenExperiment } from '../experiment/experiment.ts';
import type { CollectInputs } from '../experiment/tasks/collect-inputs.ts';
import type { MergePatch } from '../experiment/apply-merge-patch.ts';
import type { Metric, WrittenMetric } from '../experiment/metric.ts';
import type { RequestPair } from '../evidence/paired/request-pairs.ts';
import type { CounterAnswer } from '../evidence/counters/counter-samples.ts';
import type { NoValueReason } from '../judge/no-value-reasons.ts';
import type { Build } from '../judge/record/build-changes.ts';
import type { FieldReading, WeightField } from '../traffic/weight-fields.ts';
import type { LatencyLimit, Tally } from '../evidence/request-tally.ts';
import type { ListAllOptions, WatchOptions } from './store-selection.ts';

export { keptOf } from './store-selection.ts';
export type { Rejoined, TaskCall, TaskRunner } from './task-runner.ts';
export type { KnownOutlines, ListAllOptions, ListOptions, WatchOptions } from './store-selection.ts';

// ---------------------------------------------------------------------------------------------------------- store

/**
 * What a watch reports. It starts with one `added` for each object that is there, then `synced` once, then every change in
 * order of each object (changes may be merged: the newest state always arrives, states between may not). `stale`: the
 * connection is lost, what was reported may be old; `fresh`: it is back, and what was missed has been reported or follows at once. Of an object that was
 * `deleted` meanwhile only the name and the namespace are sure.
 */
export type StoreEvent =
  | { readonly kind: 'added' | 'modified' | 'deleted'; readonly object: Experiment }
  | { readonly kind: 'synced' }
  | { readonly kind: 'stale'; readonly reason: string }
  | { readonly kind: 'fresh' };

export interface PatchOptions {
  /** When given, ConflictError unless the stored object still has this resourceVersion. */
  readonly resourceVersion?: string | undefined;
  /** When given, ConflictError unless the stored object is still this one, and not another of the same name. */
  readonly uid?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where experiments and metrics live: files, a cluster, or memory (tests). One contract suite for all:
 * `test/contract/store.contract.ts`.
 *
 * - `get` and the patches reject with NotFoundError when the object is absent; `create` with ConflictError when it is there.
 * - Objects are returned with defaults applied, in the state after the call. Unknown fields survive every call.
 * - `create` sets uid, resourceVersion and creationTimestamp, makes a name from generateName, and drops `status`.
 * - `patchStatus` touches `status` only, `patchMetadata` labels, annotations and finalizers only; nothing writes `spec`.
 * - Concurrent patches, also by other processes, all take effect.
 * - An object that cannot be read (broken file) rejects `get` with InvalidManifestError, and is skipped by `list` and
 *   `watch`, which report it through `onUnreadable` of the implementation's options.
 */
export interface ExperimentStore {
  /** Said in messages: `context kind-dev` or `folder ./.iter8`. */
  readonly description: string;
  get(key: ObjectKey, signal?: AbortSignal): Promise<Experiment>;
  /** In no particular order. */
  list(options?: ListAllOptions): Promise<Experiment[]>;
  watch(options: WatchOptions & { readonly signal: AbortSignal }): AsyncIterable<StoreEvent>;
  create(experiment: WrittenExperiment, signal?: AbortSignal): Promise<Experiment>;
  patchStatus(key: ObjectKey, patch: MergePatch, options?: PatchOptions): Promise<Experiment>;
  patchMetadata(key: ObjectKey, patch: MergePatch, options?: PatchOptions): Promise<Experiment>;
  delete(key: ObjectKey, signal?: AbortSignal): Promise<void>;
  getMetric(key: ObjectKey, signal?: AbortSignal): Promise<Metric>;
  createMetric(metric: WrittenMetric, signal?: AbortSignal): Promise<Metric>;
  /** Only for `--overwrite-metrics`. */
  replaceMetric(metric: WrittenMetric, signal?: AbortSignal): Promise<Metric>;
}

/** Append-only log of everything measured and decided about one experiment, in order: one JSON object a line. */
export interface RecordLog {
  append(key: ObjectKey, entries: readonly object[]): Promise<void>;
  /** Starts again: the log of an earlier experiment of that name is removed. */
  reset(key: ObjectKey): Promise<void>;
  read(key: ObjectKey): AsyncIterable<unknown>;
}

// ----------------------------------------------------------------------------------------------------------- lock

/** Who drives. `identity` is unique per process; `description` is for people: `process 4711 on host devbox`. */
export interface Holder {
  readonly identity: string;
  readonly description: string;
}

export interface HeldLock {
  /** Aborted when the lock is lost (it could not be renewed in time, or somebody else has it): the holder must stop. */
  readonly lost: AbortSignal;
  /**
   * Resolves when it is sure that the lock is still held, or that it is lost (`lost` is aborted then). Asked before anything
   * is stored: a process that was suspended wakes up without knowing what happened meanwhile. Absent: always sure.
   */
  confirm?(): Promise<void>;
  release(): Promise<void>;
}

/**
 * One driver an experiment: a lock that its holder renews every 5 s, and that may be taken over when it was not renewed
 * for 15 s, or when its process is known to be dead.
 */
export interface DriverLock {
  acquire(
    key: ObjectKey,
    holder: Holder,
    signal?: AbortSignal,
  ): Promise<{ readonly held: HeldLock } | { readonly heldBy: Holder }>;
  /** The live holder, or undefined. */
  holder(key: ObjectKey, signal?: AbortSignal): Promise<Holder | undefined>;
}

/** A turn on a target. Where only so many may work at once, one that waits for a person keeps its target, and leaves its place. */
export interface HeldTurn extends HeldLock {
  rest?(): void;
  /** Whether it may work now. While it may not it asks again, and goes before whoever has not begun. */
  mayWork?(): boolean;
}

/** One experiment a target at a time, in any namespace. In which order: see target-queue-order.ts. */
export interface TargetLock {
  acquire(
    experiment: Experiment,
    holder: Holder,
    signal?: AbortSignal,
  ): Promise<{ readonly held: HeldTurn } | { readonly heldBy: Holder }>;
}

// ----------------------------------------------------------------------------------------------------------- load

export interface TlsSettings {
  /** PEM texts. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
  readonly insecureSkipVerify?: boolean | undefined;
}

export interface LoadEndpoint {
  /** Absent: the version has a single, unnamed endpoint. */
  readonly name?: string | undefined;
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  readonly tls?: TlsSettings | undefined;
  /** `host:port:address` as in curl: connect to `address` instead of what `host` resolves to. */
  readonly resolve?: readonly string[] | undefined;
}

export interface LoadTarget {
  readonly version: string;
  /** Requests of the version go to its endpoints in turn. At least one. */
  readonly endpoints: readonly LoadEndpoint[];
  /** Counted exactly, for the version as a whole and for each endpoint. */
  readonly limits: readonly LatencyLimit[];
  /** Its first cap, where that is less than what is planned: an earlier driver has sent the rest. */
  readonly firstCap?: number | undefined;
}

/**
 * Load for several versions side by side, on one absolute schedule.
 *
 * With a rate: the k-th request of each version is due in tick k, at `k / ratePerSec` seconds, the versions of a tick
 * spread evenly over it in random order. Ticks 0 .. `plannedRequests`-1 are the plan.
 */
export interface LoadPlan {
  readonly targets: readonly LoadTarget[];
  /** Requests of these versions that are due in the same tick are paired. Not in a closed loop. */
  readonly couples?: readonly Couple[] | undefined;
  /** Per version. 0: closed loop, as fast as `connections` allow. */
  readonly ratePerSec: number;
  /** Per version; Infinity only for a closed loop that is bounded by `plannedSeconds`. */
  readonly plannedRequests: number;
  /** Closed loop only: send for so long. */
  readonly plannedSeconds?: number | undefined;
  /** Cap per version; absent: as many as are needed, at most 1 024 (closed loop: 4). */
  readonly connections?: number | undefined;
  readonly timeoutMs: number;
  /** Sent first, never counted: the first requests of each version by intended start. */
  readonly warmup?: { readonly requests: number } | undefined;
  /** A request is late when it leaves more than so many ms after its time by our own fault. */
  readonly lateAfterMs: number;
  /** Seeds the random order. */
  readonly seed: number;
  /** Absent: one worker, more when the rate needs them, at most the number of cores. 0: on the calling thread (tests). */
  readonly workers?: number | undefined;
}

/** Part of a version's requests that is counted by itself: all (`endpoint` absent), or one named endpoint; with those, the whole and each. */
export interface Scope {
  readonly version: string;
  readonly endpoint?: string | undefined;
}

/** A slice (100 ms of intended start) in which every request is resolved, over all workers. In order of `slice`. */
export interface ClosedSlice {
  readonly slice: number;
  readonly scope: Scope;
  readonly tally: Tally;
}

/** Two versions that are compared request by request: `version` with `against`, most often a candidate with the baseline. */
export interface Couple {
  readonly version: string;
  readonly against: string;
}

/** Pairs of two versions, every request of which is resolved, as those of all earlier slices are. */
export interface ClosedPairs extends Couple {
  readonly slice: number;
  /** Both requests went to an endpoint of this name. Each pair is given once: it is one of the version as a whole, too. */
  readonly endpoint?: string | undefined;
  readonly pairs: readonly RequestPair[];
}

export interface LoadProgress {
  readonly version: string;
  /** Requests that left or should have left, without warm-up. */
  readonly sent: number;
  /** Of these, resolved. */
  readonly resolved: number;
  /** Requests that were due while the sender stood still for a second or more: never sent, part of no count. */
  readonly missed?: number | undefined;
  /** Whether any request of it ever got an HTTP answer in this run. */
  readonly answered: boolean;
  /** A recent transport failure as a sentence with its code, e.g. `connect ECONNREFUSED 127.0.0.1:80`. */
  readonly lastFailure?: string | undefined;
}

/**
 * Given about every 100 ms, and at once when `state` changes.
 *
 * `running`: sending. `drained`: every version has got as many requests as its cap allows, or the time of a closed loop is
 * over; nothing is under way, all slices are closed; waits for a higher cap or `finish`. `ended`: the last report, after
 * `finish`, `stop` or `kill`.
 */
export interface LoadReport {
  readonly state: 'warming-up' | 'running' | 'drained' | 'ended';
  /** ms since the first counted request was due. */
  readonly elapsedMs: number;
  readonly slices: readonly ClosedSlice[];
  readonly pairs?: readonly ClosedPairs[] | undefined;
  readonly progress: readonly LoadProgress[];
  /**
   * Every `checkpointEveryMs`, and in the last report of a killed run: what is to be added to all closed slices reported so
   * far, so that the sum holds every request whose time has come. Unresolved requests are in it as errors with latency T
   * in the response view and absent from the service view. Replaces the checkpoint before.
   */
  readonly checkpoint?: readonly { readonly scope: Scope; readonly tally: Tally }[] | undefined;
  /** Likewise; what is unresolved counts against whatever could be claimed. */
  readonly checkpointPairs?: readonly Omit<ClosedPairs, 'slice'>[] | undefined;
}

/** A load that is under way. `reports` must be read to its end. */
export interface LoadRun {
  readonly reports: AsyncIterable<LoadReport>;
  /**
   * The most requests that each version gets from now on, counted from the start. Starts at the plan; versions that are left
   * out keep theirs. Raising it in time makes the load go on without a gap; raising it when drained starts a new piece of schedule.
   */
  setCaps(caps: ReadonlyMap<string, number>): void;
  /** Nothing more is wanted beyond the caps: ends when drained. */
  finish(): void;
  /** Sends nothing more, waits for what is under way (at most the timeout), ends. */
  stop(): void;
  /** Ends now. */
  kill(): void;
}

export interface LoadGenerator {
  /** Errors that forbid a start (an URL that does not parse, a body that cannot be read) reject with Iter8Error. */
  start(plan: LoadPlan, options?: { readonly checkpointEveryMs?: number | undefined }): Promise<LoadRun>;
}

/** Builds the requests of a collect task: reads payloads, secrets and certificates, checks URLs. Rejects with Iter8Error. */
export interface RequestBuilder {
  build(
    inputs: CollectInputs,
    namespace: string,
    signal?: AbortSignal,
  ): Promise<{ readonly version: string; readonly endpoints: readonly LoadEndpoint[] }[]>;
}

// -------------------------------------------------------------------------------------------------------- metrics

export interface MetricQuestion {
  readonly metric: Metric;
  /** Of the experiment that it is asked for. */
  readonly namespace: string;
  readonly version: {
    readonly name: string;
    readonly variables?: readonly { readonly name: string; readonly value: string }[] | undefined;
  };
  /** Since the experiment's startTime. */
  readonly elapsedSeconds: number;
  /** How far back raw samples are wanted; the placeholder `lookbackSeconds`. */
  readonly lookbackSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A value, or why there is none. */
export type Measurement = (
  | { readonly kind: 'value'; readonly value: number }
  /** Samples of raw counters; perhaps none. */
  | { readonly kind: 'counters'; readonly answer: CounterAnswer }
  /** `message`: the sentence of the reason (`judge/wording/no-value-sentences.ts`). */
  | { readonly kind: 'error'; readonly reason: NoValueReason; readonly message: string }
) & {
  /** RFC 3339. */
  readonly at: string;
  /** What was asked, resolved, without secrets. */
  readonly query: string;
  /** What the backend says beside it, such as that a part of the data is missing. */
  readonly warnings?: readonly string[] | undefined;
};

/** Measures metrics that are not built in. */
export interface MetricSource {
  /** Rejects only when aborted: what cannot be measured is data. */
  measure(question: MetricQuestion): Promise<Measurement>;
}

// -------------------------------------------------------------------------------------------------------- traffic

/** The fields of objects that say how traffic is split. */
export interface TrafficObjects {
  /** In the order of the versions; those without `weightObjRef` are left out. Rejects with Iter8Error. */
  read(experiment: Experiment, signal?: AbortSignal): Promise<readonly FieldReading[]>;
  /**
   * Tries to set the fields without changing anything. Rejects with Iter8Error when the server refuses it, or would drop a field.
   */
  tryWrite(experiment: Experiment, to: readonly WeightField[], signal?: AbortSignal): Promise<void>;
  /**
   * Sets the fields, and reads them back. `from`: what each of them may hold now, since we put it there or began to; where one holds
   * neither that nor what is to be written, somebody else moves traffic too: ConflictError, and nothing is changed. Doing it twice is
   * doing it once. `start`: what was there before the experiment may be held, too, but only where we wrote it: a driver that ended by
   * an error has put it back and could not say so. Somebody else who writes it again takes back what we did.
   */
  write(
    experiment: Experiment,
    change: {
      readonly from: readonly (readonly WeightField[])[];
      readonly to: readonly WeightField[];
      readonly start?: readonly WeightField[] | undefined;
    },
    signal?: AbortSignal,
  ): Promise<readonly FieldReading[]>;
}

// --------------------------------------------------------------------------------------------------------- builds

/** What runs of a version; neither `build` nor `problem`: no object is known that says it. */
export interface VersionBuild {
  readonly version: string;
  readonly build?: Build | undefined;
  /** Why it is not known now, as a sentence. */
  readonly problem?: string | undefined;
}

/** Finds out which build of each version runs. Rejects only when aborted. */
export interface BuildReader {
  read(experiment: Experiment, signal?: AbortSignal): Promise<readonly VersionBuild[]>;
}

// ------------------------------------------------------------------------------------------------------ the others

/** Reads secrets when they are needed; values never leave the place of use. */
export interface SecretReader {
  read(key: ObjectKey, signal?: AbortSignal): Promise<Readonly<Record<string, string>>>;
}
