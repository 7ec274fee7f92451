/**
 * Percentiles of two versions against a relative limit (B at most ratio * A + plus), from randomised pairs of requests.
 *
 * Suppose that A's percentile were at a latency a, and B's beyond ratio * a + plus. Then at most the part p = 1 - q of A's
 * requests would be above a, and at least p of B's above ratio * a + plus. Three bets can be made against that, each
 * valid by itself: that more than p of A are above a; that fewer than p of B are above its place; and, pair by pair, that A is above
 * a more often than B above its place. The last needs about half as many requests as the first two together, since it compares
 * at one latency and the versions share their good and bad moments. The mean of the three (with weights 1/4, 1/4, 1/2) is valid
 * too, so nothing is lost but its price of ln 4 or ln 2; and since a is not known, the least over all a counts: no a is chosen, and
 * alpha is split in no other way. "B is above" is the mirror image.
 *
 * Which requests are above which latency is kept in cells of a logarithmic grid: histograms of A, of B (as (B - plus) / ratio), and
 * of the smaller of the two, which says how often both are above. Cells are rounded so that each claim can only lose by it.
 * All of it adds up over pairs, in any order. Claims are about the pairs that were sent, whatever drifts.
 *
 * Source: docs/method.md 0.5, 1.2, 1.4; Howard and Ramdas 2022 (arXiv 1906.09712, theorem 5: the least over the common
 * quantile).
 */
import { DIFFERENCE_BETS, lnMeanExp, NODES } from '../betting-grid.ts';
import { firstWhere } from '../bisection.ts';
import { lnSatisfied, lnViolated } from '../one-sample/rate-bounds.ts';
import type { Bounds, Comparison, TwoSidedEvidence } from '../two-versions/comparison.ts';
import type { ValuePair } from './paired-means.ts';
import { addCells, coarserOutside, countsFrom, type Cells } from './latency-cells.ts';

/** What one claim rests on. */
export interface PairedCells {
  readonly a: Cells;
  /** Of (b - plus) / ratio. */
  readonly b: Cells;
  /** Of the smaller of the two: in how many pairs both are at least in a cell. */
  readonly both: Cells;
}

/** The `percent` percentile of B is at most ratio * A's + plus (ms). */
export interface PercentileLimit extends Omit<Comparison, 'cap'> {
  readonly percent: number;
}

/** Plain data: stored, and adds up. */
export interface PercentilePairs {
  readonly limit: PercentileLimit;
  readonly n: number;
  readonly below: PairedCells;
  readonly above: PairedCells;
}

const NO_CELLS: PairedCells = { a: [], b: [], both: [] };

export function emptyPercentilePairs({ percent, ratio, plus }: PercentileLimit): PercentilePairs {
  return { limit: { percent, ratio, plus }, n: 0, below: NO_CELLS, above: NO_CELLS };
}

/** Cells for each doubling of the latency: the nearer the limit is to equality, the finer. */
function cellsPerDoubling({ ratio }: PercentileLimit): number {
  const distance = Math.abs(Math.log2(ratio));
  // Without a ratio it depends on `plus` and the latencies.
  return distance === 0 || (distance > 0.09 && distance < 0.2) ? 128 : distance <= 0.09 ? 256 : 64;
}

/** A microsecond: shorter latencies are that. */
const LEAST_MS = 1e-3;

/**
 * The state after some more pairs, each resolved on both sides: latencies in ms, as seen by the claim "below" and by "above".
 */
export function addPercentilePairs(
  state: PercentilePairs,
  pairs: { readonly below: readonly ValuePair[]; readonly above: readonly ValuePair[] },
): PercentilePairs {
  const { ratio, plus } = state.limit;
  const perDoubling = cellsPerDoubling(state.limit);
  const cellOf = (ms: number) => Math.floor(Math.log2(Math.max(ms, LEAST_MS)) * perDoubling);
  const count = (list: readonly ValuePair[], [upA, upB]: readonly [number, number]): PairedCells => {
    const [a, b, both] = [new Map<number, number>(), new Map<number, number>(), new Map<number, number>()];
    const add = (cells: Map<number, number>, cell: number) => cells.set(cell, (cells.get(cell) ?? 0) + 1);
    for (const [x, y] of list) {
      const cellA = cellOf(x) + upA;
      const cellB = cellOf((y - plus) / ratio) + upB;
      add(a, cellA);
      add(b, cellB);
      add(both, Math.min(cellA, cellB));
    }
    return { a: flat(a), b: flat(b), both: flat(both) };
  };
  // Against each claim: a cell more for what speaks against it when it is slow.
  return addPercentileTallies(state, {
    limit: state.limit,
    n: pairs.below.length,
    below: count(pairs.below, [0, 1]),
    above: count(pairs.above, [1, 0]),
  });
}

const flat = (cells: ReadonlyMap<number, number>): Cells => [...cells].toSorted(([x], [y]) => x - y).flat();

/** The union of two disjoint sets of pairs, of the same limit. */
export function addPercentileTallies(one: PercentilePairs, other: PercentilePairs): PercentilePairs {
  const sum = (x: PairedCells, y: PairedCells): PairedCells => ({
    a: addCells(x.a, y.a),
    b: addCells(x.b, y.b),
    both: addCells(x.both, y.both),
  });
  return bounded({
    limit: one.limit,
    n: one.n + other.n,
    below: sum(one.below, other.below),
    above: sum(one.above, other.above),
  });
}

/** Numbers that are stored for one limit: beyond it cells far from the percentile become coarser. */
const MOST_NUMBERS = 2_000;
/** Cells on either side of the percentile that stay as they are: half a doubling for a limit of 10 %. */
const FINE_CELLS = 64;

function bounded(state: PercentilePairs): PercentilePairs {
  const size = ({ a, b, both }: PairedCells) => a.length + b.length + both.length;
  if (size(state.below) + size(state.above) <= MOST_NUMBERS) return state;
  const around = { middle: cellAt(state.below.b, state.n, state.limit.percent), width: FINE_CELLS };
  const down = (cells: Cells) => coarserOutside(cells, { ...around, towards: 'down' });
  const up = (cells: Cells) => coarserOutside(cells, { ...around, towards: 'up' });
  return {
    ...state,
    // What neither claim gains by.
    below: { a: down(state.below.a), b: up(state.below.b), both: down(state.below.both) },
    above: { a: up(state.above.a), b: down(state.above.b), both: down(state.above.both) },
  };
}

/** The cell that holds the percentile. */
function cellAt(cells: Cells, n: number, percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * n - 1e-9));
  let sum = 0;
  return pairsOf(cells).find(([, count]) => (sum += count) >= rank)![0];
}

/** ln of the evidence that B's percentile is below ratio * A's + plus, and above it. */
export function lnPercentilePairs({ n, limit, below, above }: PercentilePairs): TwoSidedEvidence {
  if (n === 0) return { lnBelow: 0, lnAbove: 0 };
  const p0 = (100 - limit.percent) / 100;
  return {
    lnBelow: lnOfClaim({ n, p0, faster: below.b, slower: below.a, both: below.both }),
    lnAbove: lnOfClaim({ n, p0, faster: above.a, slower: above.b, both: above.both }),
  };
}

/** The claim is that `slower` has the larger percentile, on the common scale of the cells. */
interface Claim {
  readonly n: number;
  readonly p0: number;
  readonly faster: Cells;
  readonly slower: Cells;
  readonly both: Cells;
}

/**
 * The least over all places. At early places many of `slower` are above, at late ones few of `faster`: each settles its end by
 * itself, and only between them the pairs are looked at.
 */
function lnOfClaim({ n, p0, faster, slower, both }: Claim): number {
  const places = placesOf([faster, slower, both]);
  if (places.length === 0) return 0;
  const [fast, slow, twice] = [countsFrom(faster, places), countsFrom(slower, places), countsFrom(both, places)];
  const lnSlow = (at: number) => lnViolated({ n, bad: slow[at]! }, p0);
  const lnFast = (at: number) => lnSatisfied({ n, bad: fast[at]! }, p0);
  const lnAt = (at: number, lnS: number, lnF: number) => {
    const pairs = lnMorePairs(slow[at]! - twice[at]!, fast[at]! - twice[at]!);
    return lnMeanExp([lnS, lnF, pairs, pairs]);
  };
  const middle = firstWhere(places.length, (at) => lnFast(at) >= lnSlow(at));
  let least = Number.POSITIVE_INFINITY;
  for (let at = middle - 1; at >= 0; at--) {
    const lnS = lnSlow(at);
    if (lnS - LN_QUARTER >= least) break;
    least = Math.min(least, lnAt(at, lnS, lnFast(at)));
  }
  for (let at = middle; at < places.length; at++) {
    const lnF = lnFast(at);
    if (lnF - LN_QUARTER >= least) break;
    least = Math.min(least, lnAt(at, lnSlow(at), lnF));
  }
  return least;
}

const LN_QUARTER = Math.log(4);

const LN_GAIN = DIFFERENCE_BETS.map((bet) => Math.log1p(bet));
const LN_LOSS = DIFFERENCE_BETS.map((bet) => Math.log1p(-bet));

/** ln of the evidence that hits of the one kind are more frequent: as `lnSharePairs` at equality. */
function lnMorePairs(hits: number, others: number): number {
  for (let j = 0; j < NODES; j++) scratch[j] = hits * LN_GAIN[j]! + others * LN_LOSS[j]!;
  return lnMeanExp(scratch);
}

const scratch = new Float64Array(NODES);

/** The cells at which some count changes, and one beyond the last. */
function placesOf(lists: readonly Cells[]): number[] {
  const places = new Set<number>();
  for (const cells of lists) for (let k = 0; k < cells.length; k += 2) places.add(cells[k]!);
  const sorted = [...places].toSorted((x, y) => x - y);
  const last = sorted.at(-1);
  return last === undefined ? [] : [...sorted, last + 1];
}

/** B's percentile as a multiple of A's, with the confidence of the thresholds; each version's own bound takes half of alpha. */
export function percentileRatioBounds(
  { limit, n, below, above }: PercentilePairs,
  lnNeeded: { readonly below: number; readonly above: number },
): Bounds {
  if (n === 0) return {};
  const p0 = (100 - limit.percent) / 100;
  const perDoubling = cellsPerDoubling(limit);
  const valueAt = (cell: number | undefined) => (cell === undefined ? undefined : 2 ** (cell / perDoubling));
  const scaled = (ms: number | undefined) => (ms === undefined ? undefined : limit.ratio * ms + limit.plus);
  const atLeast = (cells: Cells, needed: number) => {
    const places = pairsOf(cells).map(([cell]) => cell);
    const counts = countsFrom(cells, places);
    return valueAt(places.findLast((_, at) => lnViolated({ n, bad: counts[at]! }, p0) >= needed));
  };
  const atMost = (cells: Cells, needed: number) => {
    const places = pairsOf(cells).map(([cell]) => cell + 1);
    const counts = countsFrom(cells, places);
    const place = places.find((_, at) => lnSatisfied({ n, bad: counts[at]! }, p0) >= needed);
    return valueAt(place === undefined ? undefined : place - 1);
  };
  const [a, b] = [
    { lower: atLeast(below.a, lnNeeded.below + Math.LN2), upper: atMost(above.a, lnNeeded.above + Math.LN2) },
    {
      lower: scaled(atLeast(above.b, lnNeeded.above + Math.LN2)),
      upper: scaled(atMost(below.b, lnNeeded.below + Math.LN2)),
    },
  ];
  return {
    ...(b.lower === undefined || a.upper === undefined ? {} : { lower: Math.max(0, b.lower) / a.upper }),
    ...(b.upper === undefined || a.lower === undefined ? {} : { upper: b.upper / a.lower }),
  };
}

const pairsOf = (cells: Cells): (readonly [cell: number, count: number])[] =>
  Array.from({ length: cells.length / 2 }, (_, k) => [cells[2 * k]!, cells[2 * k + 1]!] as const);

/** The percentiles of both versions in these pairs, by response time, in ms: to be shown. Undefined without pairs. */
export function pairedPercentiles({
  limit,
  n,
  below,
  above,
}: PercentilePairs): { readonly a: number; readonly b: number } | undefined {
  if (n === 0) return undefined;
  // The middle of the cell; both were rounded up by a cell.
  const at = (cells: Cells) => 2 ** ((cellAt(cells, n, limit.percent) - 0.5) / cellsPerDoubling(limit));
  return { a: at(above.a), b: limit.ratio * at(below.b) + limit.plus };
}
