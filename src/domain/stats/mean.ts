/** Evidence about a mean from a histogram. Source: statistics.md 0.1, 1.3. */
import { BELOW_BETS, lnMeanExp, meanAboveBets, NODES } from './grid.ts';

export interface MeanRow {
  readonly lowMs: number;
  readonly highMs: number;
  readonly count: number;
}

/** Log wealth of each node, kept up to date. */
export class MeanWealth {
  readonly #limitMs: number;
  readonly #capMs: number;
  readonly #above: readonly number[];
  readonly #lnBelow = new Float64Array(NODES);
  readonly #lnAbove = new Float64Array(NODES);

  constructor({ limitMs, capMs }: { readonly limitMs: number; readonly capMs: number }) {
    this.#limitMs = limitMs;
    this.#capMs = capMs;
    this.#above = meanAboveBets(limitMs, capMs);
  }

  add(rows: readonly MeanRow[]): void {
    const m = this.#limitMs;
    const cap = this.#capMs;
    for (const { lowMs, highMs, count } of rows) {
      const below = (m - Math.min(highMs, cap)) / (cap - m);
      const above = (Math.min(lowMs, cap) - m) / m;
      for (let j = 0; j < NODES; j++) {
        this.#lnBelow[j] = this.#lnBelow[j]! + count * Math.log1p(BELOW_BETS[j]! * below);
        this.#lnAbove[j] = this.#lnAbove[j]! + count * Math.log1p(this.#above[j]! * above);
      }
    }
  }

  lnBelow(): number {
    return lnMeanExp(this.#lnBelow);
  }

  lnAbove(): number {
    return lnMeanExp(this.#lnAbove);
  }
}

export function meanUpperBound(
  rows: readonly MeanRow[],
  { capMs, lnThreshold }: { readonly capMs: number; readonly lnThreshold: number },
): number {
  let [low, high] = [0, capMs];
  for (let i = 0; i < 40; i++) {
    const mid = (low + high) / 2;
    const wealth = new MeanWealth({ limitMs: mid, capMs });
    wealth.add(rows);
    if (wealth.lnBelow() >= lnThreshold) high = mid;
    else low = mid;
  }
  return high;
}

export function meanLowerBound(
  rows: readonly MeanRow[],
  { capMs, lnThreshold }: { readonly capMs: number | undefined; readonly lnThreshold: number },
): number | undefined {
  const cap = capMs ?? Math.max(1, ...rows.map((row) => row.highMs)) * 2;
  let [low, high] = [0, cap];
  for (let i = 0; i < 40; i++) {
    const mid = (low + high) / 2;
    const wealth = new MeanWealth({ limitMs: mid, capMs: cap });
    wealth.add(rows);
    if (wealth.lnAbove() >= lnThreshold) low = mid;
    else high = mid;
  }
  return low;
}
