/** What was counted of one scope: a version, or one of its endpoints. */
import type { ClaimWealth } from '../evidence/one-sample/mean-bounds.ts';
import type { Tally } from '../evidence/request-tally.ts';
import type { Limit } from './question/limits.ts';

export interface Counted {
  /** All that is closed. */
  tally: Tally;
  /**
   * Log wealth of limits on means, kept up to date. The response histogram bets on "below" alone, at upper edges, the service histogram
   * on "above" alone, at lower ones: both conservative.
   */
  readonly means: Map<Limit, { readonly below: ClaimWealth; readonly above: ClaimWealth }>;
}
