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
  /** What is kept of each as soon as it is read: thousands of whole ones do not fit into memory. */
  readonly trim?: ((experiment: Experiment) => Experiment) | undefined;
}

export interface WatchOptions extends ListOptions {
  /** Only this one. */
  readonly name?: string | undefined;
}
