/** Which experiments of a store are listed or watched, and what is kept of them. */
import type { Experiment } from '../experiment/experiment.ts';

export interface ListOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  /** Label selector as in kubectl: `a=b,c!=d,e in (f,g),h,!i`. */
  readonly selector?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ListAllOptions extends ListOptions {
  /** What is kept of each as soon as it is read, if anything is: thousands of whole ones do not fit into memory. */
  readonly trim?: ((experiment: Experiment) => Experiment | undefined) | undefined;
}

/** What a list keeps of this one; undefined: nothing. */
export function keptOf(experiment: Experiment, { trim }: ListAllOptions): Experiment | undefined {
  return trim === undefined ? experiment : trim(experiment);
}

export interface WatchOptions extends ListOptions {
  /** Only this one. */
  readonly name?: string | undefined;
}
