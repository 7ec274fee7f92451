import { describe, expect, it } from 'vitest';
import { formatAge, formatShortAge } from '../../src/text/age.ts';

describe('ages', () => {
  it.each([
    [-5_000, 'now', '0s'],
    [0, 'now', '0s'],
    [999, 'now', '0s'],
    [1_000, '1 s ago', '1s'],
    [10_000, '10 s ago', '10s'],
    [59_999, '59 s ago', '59s'],
    [60_000, '1 min ago', '1m'],
    [150_000, '2 min ago', '2m'],
    [3_600_000, '1 h ago', '1h'],
    [7_300_000, '2 h ago', '2h'],
    [86_400_000, '1 d ago', '1d'],
    [500_000_000, '5 d ago', '5d'],
  ])('%d ms is %s, in short %s', (ms, long, short) => {
    expect(formatAge(ms)).toBe(long);
    expect(formatShortAge(ms)).toBe(short);
  });

  it('is now for a time that cannot be read', () => {
    expect(formatAge(Number.NaN)).toBe('now');
  });
});
