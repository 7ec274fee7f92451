/** How far a collect task is: reported while it runs, and kept in the record for watchers. Plain data. */

/** Counts are per version; `needed` is what would settle its verdicts, absent when nothing more would. */
export interface LoadState {
  /** Key of the task in the record, `start/0`. */
  readonly task: string;
  readonly state: 'warming-up' | 'running' | 'draining' | 'ended';
  readonly elapsedSeconds: number;
  /** Per version; 0 for a closed loop. */
  readonly ratePerSec: number;
  readonly plannedRequests?: number | undefined;
  readonly plannedSeconds?: number | undefined;
  /** The plan is done, and load goes on because an objective is undecided. */
  readonly extending: boolean;
  readonly maxRequests?: number | undefined;
  readonly versions: readonly {
    readonly version: string;
    readonly sent: number;
    readonly resolved: number;
    readonly needed?: number | undefined;
  }[];
  /** Requests that left late by our own fault. */
  readonly late: number;
}

/** Requests of the version that has sent most, and what the one that needs most still needs. */
export function furthest({ versions }: Pick<LoadState, 'versions'>): {
  readonly sent: number;
  readonly needed: number;
} {
  return {
    sent: Math.max(0, ...versions.map(({ sent }) => sent)),
    needed: Math.max(0, ...versions.map(({ needed = 0 }) => needed)),
  };
}
