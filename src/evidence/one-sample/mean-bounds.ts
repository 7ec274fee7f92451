/**
 * Evidence about a mean: of min(latency, T), T being the timeout or a declared cap. Finite samples say nothing about a mean
 * without such a bound (Bahadur and Savage 1956); the timeout gives one.
 *
 * Works from histogram rows, conservatively: the claim "below" takes every value at the upper edge of its row, the claim
 * "above" at the lower. Source: docs/method.md 0.1, 1.3.
 */
import { aboveBetsForMean, BELOW_BETS, lnMeanExp, lnOnePlusRatio, NODES } from '../betting-grid.ts';
import { crossing } from '../crossing.ts';

/** `count` values between `lowMs` and `highMs`. */
export interface MeanRow {
  readonly lowMs: number;
  readonly highMs: number;
  readonly count: number;
}

/** The limit m and the cap T, 0 < m < T, in ms. */
export interface MeanLimit {
  readonly limitMs: number;
  readonly capMs: number;
}

function addBelow(wealth: Float64Array, rows: readonly MeanRow[], { limitMs, capMs }: MeanLimit): void {
  for (const { highMs, count } of rows) {
    const gain = (limitMs - Math.min(highMs, capMs)) / (capMs - limitMs);
    for (let j = 0; j < NODES; j++) wealth[j]! += count * Math.log1p(BELOW_BETS[j]! * gain);
  }
}

function addAbove(
  wealth: Float64Array,
  rows: readonly MeanRow[],
  { limitMs, capMs }: MeanLimit,
  bets: Float64Array,
): void {
  for (const { lowMs, count } of rows) {
    const above = Math.min(lowMs, capMs) - limitMs;
    const gain = above / limitMs;
    if (Number.isFinite(gain)) for (let j = 0; j < NODES; j++) wealth[j]! += count * Math.log1p(bets[j]! * gain);
    else for (let j = 0; j < NODES; j++) wealth[j]! += count * lnOnePlusRatio(bets[j]! * above, limitMs);
  }
}

/**
 * The log wealth of every node for one claim about one limit, kept up to date: `add` costs 0.5 us a row, the evidence 128 steps, however
 * much was added before.
 */
export class ClaimWealth {
  readonly #limit: MeanLimit;
  readonly #bets: Float64Array | undefined;
  readonly #wealth = new Float64Array(NODES);

  constructor(claim: 'below' | 'above', limit: MeanLimit) {
    this.#limit = limit;
    this.#bets = claim === 'above' ? aboveBetsForMean(limit.limitMs, limit.capMs) : undefined;
  }

  add(rows: readonly MeanRow[]): void {
    if (this.#bets === undefined) addBelow(this.#wealth, rows, this.#limit);
    else addAbove(this.#wealth, rows, this.#limit, this.#bets);
  }

  /** Log wealth of every node. */
  get nodes(): ArrayLike<number> {
    return this.#wealth;
  }

  /** ln of the evidence for the claim. */
  ln(): number {
    return lnMeanExp(this.#wealth);
  }
}

/** ln of the evidence that the mean of the rows is below the limit, at their upper edges. */
export function lnMeanBelow(rows: readonly MeanRow[], limit: MeanLimit): number {
  return lnOf('below', rows, limit);
}

/** ln of the evidence that it is above, at their lower edges. */
export function lnMeanAbove(rows: readonly MeanRow[], limit: MeanLimit): number {
  return lnOf('above', rows, limit);
}

function lnOf(claim: 'below' | 'above', rows: readonly MeanRow[], limit: MeanLimit): number {
  const wealth = new ClaimWealth(claim, limit);
  wealth.add(rows);
  return wealth.ln();
}

/** Rows of a bound are merged to this relative width: hardly wider bounds, in a tenth of the time. */
const MERGED_WIDTH = 0.01;
/** A bound is known to a millionth of the cap. */
const WIDTH = 1e-6;

/** Neighbouring rows together, as long as they are not too wide. Still conservative: the edges are those of the group. */
function merged(rows: readonly MeanRow[]): MeanRow[] {
  const groups: { lowMs: number; highMs: number; count: number }[] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    if (last !== undefined && row.lowMs >= last.lowMs && row.highMs <= last.lowMs * (1 + MERGED_WIDTH)) {
      last.highMs = Math.max(last.highMs, row.highMs);
      last.count += row.count;
    } else {
      groups.push({ ...row });
    }
  }
  return groups;
}

export interface MeanBoundOptions {
  readonly capMs: number;
  readonly lnThreshold: number;
}

/** With the confidence of the threshold the mean is at most this; the cap when nothing is known. Rows in increasing order. */
export function meanUpperBound(rows: readonly MeanRow[], { capMs, lnThreshold }: MeanBoundOptions): number {
  const groups = merged(rows);
  return crossing(
    { start: 0, end: capMs, narrow: 0, width: WIDTH * capMs },
    (limitMs) => lnMeanBelow(groups, { limitMs, capMs }) - lnThreshold,
  ).from;
}

/**
 * With the confidence of the threshold the mean is at least this; 0 when nothing is known. Holds whatever the largest
 * possible value: `capMs` undefined takes the bets for twice the largest row.
 */
export function meanLowerBound(
  rows: readonly MeanRow[],
  { capMs, lnThreshold }: { readonly capMs: number | undefined; readonly lnThreshold: number },
): number {
  const groups = merged(rows);
  const largest = rows.reduce((most, row) => Math.max(most, row.highMs), 0);
  if (largest === 0) return 0;
  const cap = capMs ?? 2 * largest;
  return crossing(
    { start: 0, end: cap, narrow: 0, width: WIDTH * cap },
    (limitMs) => lnThreshold - lnMeanAbove(groups, { limitMs, capMs: cap }),
  ).before;
}
