/** What an experiment that moves traffic keeps of it. */
import type { Weight } from '../../experiment/experiment.ts';

/** How an experiment has moved traffic: what it takes to go on, and to put it back. Fields are by version. */
export interface StoredTraffic {
  /** What was there before: restored unless the end is a promotion. */
  readonly start: readonly StoredWeightField[];
  /** What we left there. */
  readonly fields: readonly StoredWeightField[];
  /** What was being written since, and may be there: each field holds one of these, or what it held before. */
  readonly moving?: readonly (readonly StoredWeightField[])[] | undefined;
  /** What `fields` stand for, percent. */
  readonly weights: readonly Weight[];
  /** The splits so far, the newest last: those of long experiments from the last steps alone. */
  readonly steps?: readonly (readonly Weight[])[] | undefined;
  /** Before the last change, and the requests that had been counted then. */
  readonly before?: readonly Weight[] | undefined;
  readonly requests?: Readonly<Record<string, number>> | undefined;
  /** The end: the promoted version has its weight, the start's split is back, or it stays as it is. */
  readonly settled?: 'promoted' | 'restored' | 'kept' | 'left' | undefined;
  /** Whose weight it is then: load among the finish tasks may find another winner. */
  readonly promoted?: string | undefined;
}

export interface StoredWeightField {
  readonly version: string;
  /** null: the field was not there. */
  readonly value: number | string | null;
}

/** Whether traffic is where an answer wants it at the end. `promoted`: the version that has its full weight; undefined: the split of the start. */
export function isSettledFor({ settled, promoted: before }: StoredTraffic, promoted: string | undefined): boolean {
  if (settled === undefined) return false;
  if (settled !== 'promoted') return promoted === undefined;
  // Drivers of before did not note who it was.
  return promoted !== undefined && promoted === (before ?? promoted);
}
