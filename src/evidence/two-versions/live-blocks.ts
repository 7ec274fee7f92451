/**
 * Live counters of two versions against a relative limit: compared within blocks, and never pooled over blocks with different
 * weights (Simpson's paradox: pooled over a ramp of the weights, a version that is 1.5 times as bad looks better, and an identical
 * one worse). A block is an iteration, from when its weights have taken effect (`beginBlock` of `counter-growth.ts`).
 *
 * Counters count what ends. In a block with constant weights and steady versions as many slow requests end that began before it as
 * are under way at its end, so that closed blocks are counted whole. In the newest one slow requests may still be missing of what
 * a look is taken at: what speaks for the claim ends `inFlightMs` earlier there, what speaks against it does not.
 *
 * The evidence about a block and its validity: `means-by-block.ts`. Blocks are kept for bounds, so that a ratio or a difference
 * can be given as well. Source: docs/method.md 0.5, 0.7, 1.4.
 */
import { halved } from '../bisection.ts';
import type { BlockGrowth } from '../counters/counter-growth.ts';
import type { Bounds, Comparison, TwoSidedEvidence } from './comparison.ts';
import {
  addMeansBlock,
  emptyBlockMeans,
  lnBlockMeans,
  type Amount,
  type AmountBlock,
  type BlockMeans,
} from './means-by-block.ts';

/** n of A, sum of A, n of B, sum of B. */
type KeptBlock = readonly [nA: number, sumA: number, nB: number, sumB: number];

/** Plain data: stored and resumed. A is the baseline, B the candidate. */
export interface LiveBlocks {
  readonly comparison: Comparison;
  /** Of all blocks but the newest. */
  readonly closed: BlockMeans;
  readonly blocks: readonly KeptBlock[];
  readonly newest?:
    | { readonly whole: AmountBlock; readonly forBelow: AmountBlock; readonly forAbove: AmountBlock }
    | undefined;
}

export function emptyLiveBlocks(comparison: Comparison): LiveBlocks {
  return { comparison, closed: emptyBlockMeans(comparison), blocks: [] };
}

/** What each version counted in one block, of counters of shares (hits, others) or sums (sum, count). */
export interface LiveBlock {
  readonly kind: 'shares' | 'sums';
  readonly a: BlockGrowth;
  readonly b: BlockGrowth;
}

/** The state after one more block; the block before is closed by it. A block must end for both versions at the same look. */
export function addLiveBlock(state: LiveBlocks, { kind, a, b }: LiveBlock): LiveBlocks {
  const { cap } = state.comparison;
  const hitsOf = (parts: readonly number[]) => (kind === 'shares' ? (parts[0] ?? 0) : (parts[0] ?? 0) / cap);
  const othersOf = (parts: readonly number[]) =>
    kind === 'shares' ? (parts[1] ?? 0) : Math.max(0, (parts[1] ?? 0) - (parts[0] ?? 0) / cap);
  const amount = (hits: readonly number[], others: readonly number[]): Amount => ({
    n: hitsOf(hits) + othersOf(others),
    sum: hitsOf(hits) * cap,
  });
  const closed = withNewest(state);
  return {
    ...closed,
    newest: {
      whole: { a: amount(a.all, a.all), b: amount(b.all, b.all) },
      forBelow: { a: amount(a.lagged, a.all), b: amount(b.all, b.lagged) },
      forAbove: { a: amount(a.all, a.lagged), b: amount(b.lagged, b.all) },
    },
  };
}

function withNewest({ newest, ...state }: LiveBlocks): LiveBlocks {
  if (newest === undefined) return state;
  const { a, b } = newest.whole;
  if (a.n === 0 || b.n === 0) return state;
  return {
    ...state,
    closed: addMeansBlock(state.closed, newest.whole),
    blocks: within([...state.blocks, [a.n, a.sum, b.n, b.sum]]),
  };
}

/** Numbers are stored: four a block. */
const MOST_BLOCKS = 200;

/** Of too many blocks those two neighbours become one whose requests are split most alike: there pooling does least harm. */
function within(blocks: readonly KeptBlock[]): readonly KeptBlock[] {
  if (blocks.length <= MOST_BLOCKS) return blocks;
  const split = ([nA, , nB]: KeptBlock) => Math.log(nB / nA);
  let best = 1;
  for (let k = 2; k < blocks.length; k++) {
    const difference = (at: number) => Math.abs(split(blocks[at]!) - split(blocks[at - 1]!));
    if (difference(k) < difference(best)) best = k;
  }
  const [one, other] = [blocks[best - 1]!, blocks[best]!];
  const joined: KeptBlock = [one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3]];
  return [...blocks.slice(0, best - 1), joined, ...blocks.slice(best + 1)];
}

/** ln of the evidence that B is below ratio * A + plus, and above it. */
export function lnLiveBlocks({ closed, newest }: LiveBlocks): TwoSidedEvidence {
  if (newest === undefined) return lnBlockMeans(closed);
  return {
    lnBelow: lnBlockMeans(addMeansBlock(closed, newest.forBelow)).lnBelow,
    lnAbove: lnBlockMeans(addMeansBlock(closed, newest.forAbove)).lnAbove,
  };
}

/** Places at which a bound is looked for, from the estimate outwards, and steps in which it is then narrowed. */
const PLACES = 40;
const STEPS = 16;

/**
 * With the confidence of the thresholds B is between `lower` and `upper` times A; where the limit is an increase (`plus` is not 0),
 * between A plus `lower` and A plus `upper`. For people: of very many blocks some are joined.
 */
export function liveBounds(state: LiveBlocks, lnNeeded: { readonly below: number; readonly above: number }): Bounds {
  const { cap, plus } = state.comparison;
  const isRatio = plus === 0;
  const limitAt = (place: number): Comparison =>
    isRatio ? { ratio: place / (1 - place), plus: 0, cap } : { ratio: 1, plus: (2 * place - 1) * cap, cap };
  const shown = (place: number) => (isRatio ? place / (1 - place) : (2 * place - 1) * cap);
  const at = (place: number): TwoSidedEvidence => {
    const comparison = limitAt(place);
    const closed = state.blocks.reduce(
      (sum, [nA, sumA, nB, sumB]) => addMeansBlock(sum, { a: { n: nA, sum: sumA }, b: { n: nB, sum: sumB } }),
      emptyBlockMeans(comparison),
    );
    return lnLiveBlocks({ ...state, comparison, closed });
  };
  const estimate = placeOf(state, isRatio);
  const upper = outermost(estimate, 1, (place) => at(place).lnBelow >= lnNeeded.below);
  const lower = outermost(estimate, 0, (place) => at(place).lnAbove >= lnNeeded.above);
  return {
    ...(lower === undefined ? {} : { lower: shown(lower) }),
    ...(upper === undefined ? {} : { upper: shown(upper) }),
  };
}

/** Where the limit would be the ratio (as its odds) or the difference that all blocks together show. */
function placeOf({ blocks, comparison: { cap } }: LiveBlocks, isRatio: boolean): number {
  const [nA, sumA, nB, sumB] = blocks.reduce<KeptBlock>(
    (sum, one) => [sum[0] + one[0], sum[1] + one[1], sum[2] + one[2], sum[3] + one[3]],
    [0, 0, 0, 0],
  );
  if (nA === 0 || nB === 0) return 0.5;
  const [a, b] = [sumA / nA, sumB / nB];
  return isRatio ? (a + b === 0 ? 0.5 : b / (a + b)) : ((b - a) / cap + 1) / 2;
}

/** The nearest place from which on it holds, on the way from the estimate to the end; rounded outwards. Undefined when nowhere. */
function outermost(from: number, end: number, holds: (place: number) => boolean): number | undefined {
  const placeAt = (k: number) => from + (end - from) * (k / PLACES) ** 2;
  let k = 1;
  while (k < PLACES && !holds(placeAt(k))) k += 1;
  if (k === PLACES) return undefined;
  return halved(placeAt(k - 1), placeAt(k), { steps: STEPS, holds }).from;
}
