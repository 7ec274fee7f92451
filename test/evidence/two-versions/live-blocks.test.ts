import { describe, expect, it } from 'vitest';
import {
  addLiveBlock,
  emptyLiveBlocks,
  liveBounds,
  lnLiveBlocks,
  type LiveBlocks,
} from '../../../src/evidence/two-versions/live-blocks.ts';
import { hitsOf, seeded } from '../../support/seeded.ts';
import { LIVE_CELLS } from '../../support/cells/live-comparison.ts';

const needed = { below: Math.log(20), above: Math.log(20) };

/** Blocks with these error shares; all that ended is known to have begun in its block. */
function shares(limit: { ratio: number; plus: number }, [a, b]: readonly [number, number], blocks: number): LiveBlocks {
  const random = seeded(3);
  let state = emptyLiveBlocks({ ...limit, cap: 1 });
  for (let k = 0; k < blocks; k++) {
    const [hitsA, hitsB] = [hitsOf(random, 500, a), hitsOf(random, 100, b)];
    const [partsA, partsB] = [
      [hitsA, 500 - hitsA],
      [hitsB, 100 - hitsB],
    ];
    state = addLiveBlock(state, {
      kind: 'shares',
      a: { all: partsA, lagged: partsA },
      b: { all: partsB, lagged: partsB },
    });
  }
  return state;
}

describe('live counters of two versions', () => {
  it('bound the ratio, and agree with the verdict', () => {
    const state = shares({ ratio: 1.5, plus: 0 }, [0.2, 0.2], 40);
    expect(lnLiveBlocks(state).lnBelow).toBeGreaterThan(needed.below);
    const { lower = 0, upper = 0 } = liveBounds(state, needed);
    expect(lower).toBeGreaterThan(0.6);
    expect(lower).toBeLessThan(1);
    expect(upper).toBeGreaterThan(1);
    expect(upper).toBeLessThan(1.5);
  });

  it('bound the difference where the limit is an increase', () => {
    const state = shares({ ratio: 1, plus: 0.02 }, [0.1, 0.25], 40);
    expect(lnLiveBlocks(state).lnAbove).toBeGreaterThan(needed.above);
    const { lower = 0, upper = 1 } = liveBounds(state, needed);
    expect(lower).toBeGreaterThan(0.02);
    expect(lower).toBeLessThan(0.15);
    expect(upper).toBeGreaterThan(0.15);
  });

  it('compare means by their cap', () => {
    let state = emptyLiveBlocks({ ratio: 1.2, plus: 0, cap: 1000 });
    const parts = (mean: number, count: number) => ({ all: [mean * count, count], lagged: [mean * count, count] });
    for (let k = 0; k < 30; k++) state = addLiveBlock(state, { kind: 'sums', a: parts(300, 200), b: parts(300, 200) });
    expect(lnLiveBlocks(state).lnBelow).toBeGreaterThan(needed.below);
    expect(lnLiveBlocks(state).lnAbove).toBeLessThan(0);
  });

  it('take what is under way against the claim, in the newest block alone', () => {
    const both = (all: readonly number[], lagged: readonly number[]) => ({ all, lagged });
    let state = shares({ ratio: 1.5, plus: 0 }, [0.2, 0.2], 20);
    const plain = lnLiveBlocks(
      addLiveBlock(state, { kind: 'shares', a: both([40, 160], [40, 160]), b: both([40, 160], [40, 160]) }),
    );
    state = addLiveBlock(state, { kind: 'shares', a: both([40, 160], [30, 120]), b: both([40, 160], [30, 120]) });
    expect(lnLiveBlocks(state).lnBelow).toBeLessThan(plain.lnBelow);
    expect(lnLiveBlocks(state).lnAbove).toBeLessThan(plain.lnAbove);
    const closed = addLiveBlock(state, { kind: 'shares', a: both([], []), b: both([], []) });
    expect(lnLiveBlocks(closed)).toEqual(plain);
  });

  it('stay small, and are the same after they were stored', () => {
    const state = shares({ ratio: 1.5, plus: 0 }, [0.2, 0.2], 500);
    const stored = JSON.parse(JSON.stringify(state)) as LiveBlocks;
    expect(JSON.stringify(stored).length).toBeLessThan(12_000);
    expect(lnLiveBlocks(stored)).toEqual(lnLiveBlocks(state));
    expect(liveBounds(stored, needed).upper).toBeLessThan(1.2);
  });

  it('have cells in the simulation for ramps in both directions', () => {
    for (const ramp of ['up', 'down'])
      expect(LIVE_CELLS.filter(({ name }) => name.includes(`weights ${ramp}`)).length).toBeGreaterThan(20);
  });
});
