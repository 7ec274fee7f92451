/**
 * What is not known of requests that another tool measured, and what must not be said of them therefore. Pure.
 *
 * Whatever is missing could only have been bad: no upper limit is satisfied, and no lower one violated, while requests may be
 * missing (docs/method.md 0.4). A latency that does not count from the intended start hides waits (docs/method.md 0.2, 5.1).
 */
import type { Side, UndecidedReason, Verdict } from './assessment.ts';

export interface ImportedDoubts {
  /** How the tool is called. */
  readonly from: string;
  /** About latencies. */
  readonly latency?: 'closed-model' | 'unknown-model' | undefined;
  /** Redirects that were followed are among the requests: they are no answers that stand for all. */
  readonly hops?: true | undefined;
  /** About everything. */
  readonly requests?: 'failures-missing' | 'unfinished-missing' | undefined;
}

/** What is in the way of the verdict that missing requests, or hidden waits, could only speak against; undefined when nothing is. */
export function doubtOf(
  doubts: ImportedDoubts | undefined,
  { isLatency }: { readonly isLatency: boolean },
): UndecidedReason | undefined {
  return doubts?.requests ?? (isLatency ? doubts?.latency : undefined);
}

/** The verdict on a limit of that side that is not given while there are doubts. */
export const doubtedVerdict = (side: Side): Verdict => (side === 'upper' ? 'satisfied' : 'violated');
