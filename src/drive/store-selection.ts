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
  /** What was kept of texts before, for a store of texts, which reads the others alone. Only with `trim`. */
  readonly known?: KnownOutlines | undefined;
}

/** `checksum`: of a text, with the name and the namespace of its object. */
export interface KnownOutlines {
  of(checksum: string): Experiment | undefined;
  learn(checksum: string, kept: Experiment): void;
}

/** What a list keeps of this one; undefined: nothing. */
export function keptOf(experiment: Experiment, { trim }: ListAllOptions): Experiment | undefined {
  return trim === undefined ? experiment : trim(experiment);
}

export interface WatchOptions extends ListOptions {
  /** Only this one. */
  readonly name?: string | undefined;
}
