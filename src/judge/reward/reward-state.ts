/** What is kept of a reward between measurements, and what is said of it at a look. Plain data. */
import type { Contest } from '../../evidence/two-versions/best-version.ts';
import type { RewardReadings } from '../../evidence/two-versions/reward-blocks.ts';

export interface RewardState {
  /** As the spec wrote it. */
  readonly metric: string;
  /** Of what backends count; absent before the first measurement that can be used, and for our own load, which is paired. */
  readonly contest?: Contest | undefined;
  readonly readings?: RewardReadings | undefined;
  /** Values at the last look, for people; absent for a version without one. */
  readonly values: Readonly<Record<string, { readonly value: number; readonly n?: number | undefined }>>;
  /** Why nobody can win by it; with a contest: why the last measurement does not count. */
  readonly problem?: string | undefined;
}

/** Who is shown to be best, at one look. `best`: by point value, several when equal. */
export interface RewardResult {
  readonly metric: string;
  readonly preferred: 'High' | 'Low';
  readonly state: 'winner' | 'tie' | 'open';
  readonly winner?: string | undefined;
  readonly best: readonly string[];
  readonly values: RewardState['values'];
  /** A sentence. */
  readonly reason: string;
  readonly lnEvidence?: number | undefined;
  readonly lnNeeded?: number | undefined;
}
