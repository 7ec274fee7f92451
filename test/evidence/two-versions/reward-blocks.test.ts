import { describe, expect, it } from 'vitest';
import {
  addReading,
  readingDueMs,
  startReadings,
  weightsChanged,
  type RewardReadings,
} from '../../../src/evidence/two-versions/reward-blocks.ts';

const DELAY_MS = 10_000;

/** `[n, sum]` of a and b since the start. */
type Values = readonly [a: readonly [number, number] | undefined, b: readonly [number, number] | undefined];

function read(readings: RewardReadings, second: number, [a, b]: Values, cap = 1) {
  const amount = (value: readonly [number, number] | undefined) =>
    value === undefined ? undefined : { n: value[0], sum: value[1] };
  const earned = new Map([
    ['a', amount(a)],
    ['b', amount(b)],
  ]);
  const next = addReading(readings, { atMs: 1000 * second, earned, cap, delayMs: DELAY_MS });
  const block = next.block === undefined ? undefined : Object.fromEntries(next.block);
  return { readings: next.readings, block };
}

describe('readings of a reward', () => {
  it('make a block of what was earned since the last one', () => {
    const one = read(startReadings(0), 30, [
      [100, 10],
      [50, 4],
    ]);
    expect(one.block).toEqual({ a: { n: 100, sum: 10 }, b: { n: 50, sum: 4 } });
    const two = read(one.readings, 60, [
      [220, 21],
      [90, 9],
    ]);
    expect(two.block).toEqual({ a: { n: 120, sum: 11 }, b: { n: 40, sum: 5 } });
  });

  it.each([
    ['a failed query', [undefined, [90, 9]]],
    [
      'a share of 1.001',
      [
        [100, 100.1],
        [90, 9],
      ],
    ],
    [
      'a value that is no number',
      [
        [Number.NaN, 9],
        [90, 9],
      ],
    ],
  ] as const)('with %s end no block: it goes on until the next one', (_, wrong) => {
    const { readings } = read(startReadings(0), 30, [
      [100, 10],
      [50, 4],
    ]);
    const skipped = read(readings, 60, wrong);
    expect(skipped.block).toBeUndefined();
    expect(skipped.readings).toEqual(readings);
    expect(
      read(skipped.readings, 90, [
        [300, 30],
        [150, 13],
      ]).block,
    ).toEqual({ a: { n: 200, sum: 20 }, b: { n: 100, sum: 9 } });
  });

  it('count as a block without any reward where what is extrapolated has fallen a little', () => {
    const first = read(startReadings(0), 30, [
      [100, 10],
      [50, 4],
    ]);
    const fallen = read(first.readings, 60, [
      [200, 20],
      [90, 3.75],
    ]);
    expect(fallen.block).toEqual({ a: { n: 100, sum: 10 }, b: { n: 40, sum: 0 } });
    const next = read(fallen.readings, 90, [
      [300, 30],
      [130, 5],
    ]);
    expect(next.block).toEqual({ a: { n: 100, sum: 10 }, b: { n: 40, sum: 1 } });
  });

  it('begin again where the backend forgot', () => {
    const { readings } = read(startReadings(0), 30, [
      [100, 10],
      [50, 4],
    ]);
    const forgot = read(readings, 60, [
      [20, 2],
      [60, 5],
    ]);
    expect(forgot.block).toBeUndefined();
    expect(
      read(forgot.readings, 90, [
        [50, 5],
        [80, 8],
      ]).block,
    ).toEqual({ a: { n: 30, sum: 3 }, b: { n: 20, sum: 3 } });
  });

  it('do not count for the delay after a change of weights', () => {
    const { readings } = read(startReadings(0), 30, [
      [100, 10],
      [50, 4],
    ]);
    expect(readingDueMs(readings, DELAY_MS)).toBeUndefined();
    const changed = weightsChanged(readings, 30_000);
    expect(readingDueMs(changed, DELAY_MS)).toBe(40_000);
    const early = read(changed, 35, [
      [110, 12],
      [60, 4],
    ]);
    expect(early.block).toBeUndefined();
    const due = read(early.readings, 41, [
      [140, 15],
      [90, 7],
    ]);
    expect(due.block).toBeUndefined();
    expect(readingDueMs(due.readings, DELAY_MS)).toBeUndefined();
    expect(
      read(due.readings, 60, [
        [200, 20],
        [150, 13],
      ]).block,
    ).toEqual({ a: { n: 60, sum: 5 }, b: { n: 60, sum: 6 } });
  });
});
