/** The tasks that are performed outside the engine, and how it calls for them. */
import type { Iter8Error } from '../errors.ts';
import type { Experiment, TaskSpec } from '../experiment/experiment.ts';
import type { MessageResult } from '../judge/message-result.ts';

export interface TaskCall {
  readonly task: TaskSpec;
  /** `start/0`: the key of the task in the record, the same for every driver that does it. */
  readonly id: string;
  readonly experiment: Experiment;
  readonly signal: AbortSignal;
  /** Which try it is, from 1. Absent: the first. */
  readonly tries?: number | undefined;
  /** Somebody wants the experiment to end, and not this driver alone: what goes on by itself is to be ended, too. Absent: nobody. */
  readonly isAborted?: (() => boolean) | undefined;
  /** What was found out so far, for messages. Absent: nobody says it. */
  readonly result?: (() => MessageResult) | undefined;
}

/** `absent`: it is not there, or not any more. */
export type Rejoined =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: Iter8Error }
  | { readonly kind: 'absent' };

/** Performs the tasks other than `metrics/collect`, which the engine drives itself. */
export interface TaskRunner {
  /** Rejects with Iter8Error when the task fails; resolves with a sentence about what was done. */
  run(call: TaskCall): Promise<string>;
  /** A try of such a task goes on when its driver has ended: the next driver that calls for the same try waits for that one. */
  keeps?(task: TaskSpec): boolean;
  /**
   * Waits for a try that went on when an earlier driver ended, and that this one would not make go on: what came of it. Rejects when that
   * cannot be found out. Absent: nobody can.
   */
  rejoin?(call: TaskCall): Promise<Rejoined>;
  /** Of a spec that was read again: rejects with NotApprovedError when it has scripts that may not be run. */
  admit?(experiment: Experiment): Promise<void>;
}
