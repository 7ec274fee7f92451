/** Both claims about one limit on a mean, from the same rows. */
import { ClaimWealth, type MeanLimit, type MeanRow } from '../../src/evidence/one-sample/mean-bounds.ts';

export class MeanWealth {
  readonly #below: ClaimWealth;
  readonly #above: ClaimWealth;

  constructor(limit: MeanLimit) {
    this.#below = new ClaimWealth('below', limit);
    this.#above = new ClaimWealth('above', limit);
  }

  add(rows: readonly MeanRow[]): void {
    this.#below.add(rows);
    this.#above.add(rows);
  }

  /** ln of the evidence that the mean is below the limit. */
  lnBelow(): number {
    return this.#below.ln();
  }

  /** ln of the evidence that it is above. */
  lnAbove(): number {
    return this.#above.ln();
  }
}
