/**
 * The lines of a full record: everything that a judgement rests on, in the order in which it happened. A run writes them, and a
 * replay folds them again. Lines of other kinds (events) are there for people.
 */
import type { Experiment, Weight } from '../../experiment/experiment.ts';
import type { RequestPair } from '../../evidence/paired/request-pairs.ts';
import type { Measured, MovedWeights, ReadSplit } from './measurement.ts';
import type { Iter8Record, StoredPairs, StoredScope, StoredTally } from './stored-record.ts';

/** A driver begins. Times are RFC 3339. */
export interface SpecLine {
  readonly kind: 'spec';
  readonly time: string;
  readonly by: string;
  readonly experiment: Experiment;
  /** Settings that flags of `run` put over those of the spec. */
  readonly strength?: Readonly<Record<string, unknown>> | undefined;
  /** What an earlier driver left; absent when this one is the first. */
  readonly record?: Iter8Record | undefined;
}

/** A start task has changed the spec. */
export interface SpecReadLine {
  readonly kind: 'spec-read';
  readonly time: string;
  readonly spec: Experiment['spec'];
}

export interface LoadStartedLine {
  readonly kind: 'load-started';
  readonly time: string;
  /** `start/0`. */
  readonly task: string;
  /** Requests a second; 0: a closed loop. */
  readonly ratePerSec: number;
  readonly timeoutMs: number;
  /** Load is sent for versions that nobody judges. */
  readonly isJudged: boolean;
  /** What earlier drivers of this task counted. */
  readonly counted: readonly StoredScope[];
  readonly pairs?: StoredPairs | undefined;
}

export interface SliceLine {
  readonly kind: 'slice';
  readonly task: string;
  readonly slice: number;
  readonly version: string;
  readonly endpoint?: string | undefined;
  readonly tally: StoredTally;
}

export interface PairsLine {
  readonly kind: 'pairs';
  readonly task: string;
  readonly slice: number;
  readonly version: string;
  /** Another candidate that it was paired with; absent: the baseline. */
  readonly against?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly pairs: readonly RequestPair[];
}

export interface LoadEndedLine {
  readonly kind: 'load-ended';
  readonly time: string;
  readonly task: string;
  /** Seconds of load, over all drivers of this task. */
  readonly loadSeconds: number;
  /** As in `TaskState`. */
  readonly endedEarly?: boolean | undefined;
}

export interface MeasuredLine extends Measured {
  readonly kind: 'measured';
}

/** Before the first measurement. */
export interface SplitReadLine extends ReadSplit {
  readonly kind: 'split-read';
}

/** The experiment has moved traffic. */
export interface WeightsMovedLine extends MovedWeights {
  readonly kind: 'weights-moved';
}

/** When everything was judged, and what the judgement knew of the time. */
export interface JudgedLine {
  readonly kind: 'judged';
  readonly time: string;
  readonly measuringDone: boolean;
  /** Absent in what older versions of ours recorded. */
  readonly loadToCome?: boolean | undefined;
  readonly runningSeconds: number;
  /** Iterations that were done before. */
  readonly completedIterations: number;
  readonly weights: readonly Weight[];
}

/** An iteration is done. */
export interface IteratedLine {
  readonly kind: 'iterated';
  readonly time: string;
  readonly completedIterations: number;
}

/** A version became another build: what was measured before is void. */
export interface BuildChangedLine {
  readonly kind: 'build-changed';
  readonly time: string;
  readonly version: string;
  readonly what: string;
  /** Whether it is measured again. The name is part of the format of records: it stays as it is. */
  readonly anew: boolean;
}

export type RecordLine =
  | SpecLine
  | SpecReadLine
  | LoadStartedLine
  | SliceLine
  | PairsLine
  | LoadEndedLine
  | MeasuredLine
  | SplitReadLine
  | WeightsMovedLine
  | JudgedLine
  | IteratedLine
  | BuildChangedLine;
