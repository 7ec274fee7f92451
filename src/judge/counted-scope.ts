/** What was counted of one scope: a version, or one of its endpoints. */
import type { MeanWealth } from '../evidence/one-sample/mean-bounds.ts';
import type { Tally } from '../evidence/request-tally.ts';
import type { Limit } from './question/limits.ts';

export interface Counted {
  /** All that is closed. */
  tally: Tally;
  /** Log wealth of limits on means, kept up to date. */
  readonly means: Map<Limit, { readonly response: MeanWealth; readonly service: MeanWealth }>;
}
