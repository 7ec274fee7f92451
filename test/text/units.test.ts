import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatCount,
  formatCounted,
  formatLimit,
  formatLowerBound,
  formatPercent,
  formatRate,
  formatSeconds,
  formatUpperBound,
  formatValue,
  type DisplayUnit,
} from '../../src/text/units.ts';
import { runs } from '../support/search-depth.ts';

/** The number that a printed one stands for, in the unit of the value. Reading a decimal keeps the order. */
function read(printed: string): number {
  const text = printed.replaceAll(',', '');
  const number = /^-?[\d.]+(?:e[+-]?\d+)?/.exec(text)?.[0] ?? '';
  if (text.endsWith('%')) return Number(`${number}e-2`);
  return text.endsWith(' s') ? Number(`${number}e3`) : Number(number);
}

const sign = (a: number, b: number) => (a > b ? 1 : a < b ? -1 : 0);
const share = fc.double({ min: 0, max: 1, noNaN: true });
const latency = fc.double({ min: 0, max: 1e7, noNaN: true });
const number = fc.double({ noNaN: true, noDefaultInfinity: true });
/** A value, a limit (often close to it), a unit. */
const cases = fc
  .tuple(
    fc.oneof(
      fc.tuple(share, share, fc.constant<DisplayUnit>('share')),
      fc.tuple(latency, latency, fc.constant<DisplayUnit>('ms')),
      fc.tuple(number, number, fc.constant<DisplayUnit>('plain')),
    ),
    fc.constantFrom(0, 1, 1 + 1e-9, 1 - 1e-9, 1 + 1e-15, 1.0004),
  )
  // Limits have as many digits as somebody would write.
  .map(([[value, limit, unit], near]) => ({
    value,
    limit: Number((near === 0 ? limit : value * near).toPrecision(12)),
    unit,
  }))
  .filter(({ limit }) => Number.isFinite(limit));

/** Of a printed number, without zeros before and behind. */
const significantDigits = (printed: string): number =>
  (/^-?([\d.,]+)/.exec(printed)?.[1] ?? '').replaceAll(/[.,]/g, '').replace(/^0+/, '').replace(/0+$/, '').length;

/** Six digits, or all before the point. */
const isReadable = (printed: string): boolean =>
  significantDigits(printed) <= 6 || /^-?[\d,]{1,20}(?: |$)/.test(printed);

describe('values', () => {
  it.each<[number, DisplayUnit, number | undefined, string]>([
    [23.24, 'ms', 500, '23.2 ms'],
    [45.36, 'ms', 1000, '45.4 ms'],
    [112.3, 'ms', 300, '112 ms'],
    [1234.5, 'ms', undefined, '1.23 s'],
    [999.96, 'ms', undefined, '1 s'],
    [999.96, 'ms', 1000, '999.96 ms'],
    [0.42, 'ms', undefined, '0.42 ms'],
    [0, 'ms', 10, '0 ms'],
    [1 / 1000, 'share', 0.01, '0.1 %'],
    [28 / 1204, 'share', 0.01, '2.33 %'],
    [0, 'share', 0.01, '0 %'],
    [1, 'share', undefined, '100 %'],
    [0.99996, 'share', undefined, '99.996 %'],
    [1e-9, 'share', undefined, '0.0000001 %'],
    [0.010004, 'share', 0.01, '1.0004 %'],
    [0.01, 'share', 0.01, '1 %'],
    [1204, 'count', undefined, '1,204'],
    [1234567.8, 'plain', undefined, '1,234,568'],
    [12.5, 'plain', undefined, '12.5'],
    [-1234.5678, 'plain', undefined, '-1,235'],
    [1e21, 'plain', undefined, '1e21'],
    [1.5e-9, 'plain', undefined, '1.5e-9'],
    [-1.23456789e20, 'plain', undefined, '-1.23e20'],
    [1e12, 'plain', undefined, '1,000,000,000,000'],
    [0.01000000000004, 'share', 0.01, '1.00001 %'],
    [0.00999999999996, 'share', 0.01, '0.999999 %'],
    [Number.NaN, 'ms', 500, 'not a number'],
    [Number.POSITIVE_INFINITY, 'ms', 500, 'infinite'],
    [-0, 'plain', 0, '0'],
  ])('prints %d (%s) beside %s as %s', (value, unit, limit, printed) => {
    expect(formatValue(value, unit, limit)).toBe(printed);
  });

  it('never contradict the verdict beside them: printed values compare to the limit as the values do', () => {
    fc.assert(
      fc.property(cases, ({ value, limit, unit }) => {
        const printed = read(formatValue(value, unit, limit));
        expect(sign(printed, read(formatLimit(limit, unit)))).toBe(sign(value, limit));
      }),
      { numRuns: runs(2000) },
    );
  });

  it('have six digits at most, or all before the point; what is the limit itself has its digits', () => {
    const isLimit = { value: -4.42471136371e187, limit: -4.42471136371e187, unit: 'plain' as const };
    fc.assert(
      fc.property(cases, ({ value, limit, unit }) => {
        const printed = formatValue(value, unit, limit);
        if (printed !== formatLimit(limit, unit)) expect(printed).toSatisfy(isReadable);
      }),
      { numRuns: runs(2000), examples: [[isLimit]] },
    );
  });

  it('never round to 0 % or 100 % unless they are', () => {
    fc.assert(
      fc.property(share, (value) => {
        expect(formatValue(value, 'share') === '0 %').toBe(value === 0);
        expect(formatValue(value, 'share') === '100 %').toBe(value === 1);
      }),
      { examples: [[1 - 2 ** -53], [5e-324]] },
    );
  });

  it('are off by less than half a percent', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (value) => {
        expect(Math.abs(read(formatValue(value, 'plain')) / value - 1)).toBeLessThan(0.005);
      }),
    );
  });
});

describe('limits', () => {
  it.each<[number, DisplayUnit, string]>([
    [0.01, 'share', '1 %'],
    [0.001, 'share', '0.1 %'],
    [0, 'share', '0 %'],
    [300, 'ms', '300 ms'],
    [1000, 'ms', '1 s'],
    [1500, 'ms', '1.5 s'],
    [1234.5678, 'ms', '1.2345678 s'],
    [0, 'count', '0'],
    [12345, 'count', '12,345'],
  ])('prints %d (%s) as %s', (limit, unit, printed) => {
    expect(formatLimit(limit, unit)).toBe(printed);
  });

  it('keep the digits that were written, and not those that arithmetic adds', () => {
    expect(formatLimit(0.1 + 0.2, 'plain')).toBe('0.3');
    fc.assert(
      fc.property(share, latency, (rate, ms) => {
        const written = (value: number) => Number(value.toPrecision(12));
        expect(read(formatLimit(written(rate), 'share'))).toBe(written(rate));
        expect(read(formatLimit(ms, 'ms'))).toBe(written(ms));
      }),
    );
  });
});

describe('bounds', () => {
  it.each<[number, DisplayUnit, number | undefined, string]>([
    [61.0, 'ms', 500, '61 ms'],
    [60.96, 'ms', 500, '61.0 ms'],
    [0.00663, 'share', 0.01, '0.663 %'],
    [0.0066371, 'share', 0.01, '0.664 %'],
    [0.009999, 'share', 0.01, '0.9999 %'],
    [0.00999951, 'share', 0.01, '0.99996 %'],
    [0.01, 'share', 0.01, '1 %'],
    [0.9661, 'share', 0.01, '96.7 %'],
    [9.996, 'plain', undefined, '10.0'],
    [0, 'share', 0.01, '0 %'],
    [Number.POSITIVE_INFINITY, 'ms', 500, 'infinite'],
  ])('prints the upper bound %d (%s) beside %s as %s', (bound, unit, limit, printed) => {
    expect(formatUpperBound(bound, unit, limit)).toBe(printed);
  });

  it.each<[number, DisplayUnit, number | undefined, string]>([
    [0.01103, 'share', 0.01, '1.10 %'],
    [0.010001, 'share', 0.01, '1.0001 %'],
    [0, 'share', 0.01, '0 %'],
    [0.99996, 'share', undefined, '99.9 %'],
    [158.9, 'ms', undefined, '158 ms'],
    [Number.NaN, 'ms', undefined, 'not a number'],
  ])('prints the lower bound %d (%s) beside %s as %s', (bound, unit, limit, printed) => {
    expect(formatLowerBound(bound, unit, limit)).toBe(printed);
  });

  it('are rounded outwards, and printed on their side of the limit', () => {
    fc.assert(
      fc.property(cases, ({ value, limit, unit }) => {
        const upper = read(formatUpperBound(value, unit, limit));
        const lower = read(formatLowerBound(value, unit, limit));
        expect(upper).toBeGreaterThanOrEqual(value);
        expect(lower).toBeLessThanOrEqual(value);
        if (value <= limit) expect(upper).toBeLessThanOrEqual(limit);
        if (value >= limit) expect(lower).toBeGreaterThanOrEqual(limit);
        const atLimit = formatLimit(limit, unit);
        for (const printed of [formatUpperBound(value, unit, limit), formatLowerBound(value, unit, limit)])
          if (printed !== atLimit) expect(printed).toSatisfy(isReadable);
      }),
      { numRuns: runs(5000) },
    );
  });
});

describe('other numbers', () => {
  it('say one of one', () => {
    expect(formatCounted(1, 'request')).toBe('1 request');
    expect(formatCounted(0, 'request')).toBe('0 requests');
    expect(formatCounted(1204, 'request is', 'requests are')).toBe('1,204 requests are');
  });

  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1234567, '1,234,567'],
    [-1234, '-1,234'],
    [1e21, '1,000,000,000,000,000,000,000'],
    [Number.NaN, 'not a number'],
  ])('counts %d as %s', (count, printed) => {
    expect(formatCount(count)).toBe(printed);
  });

  it('prints rates, weights and times', () => {
    expect(formatRate(8)).toBe('8/s');
    expect(formatRate(0.5)).toBe('0.5/s');
    expect(formatRate(1250)).toBe('1,250/s');
    expect(formatPercent(30)).toBe('30 %');
    expect(formatPercent(0)).toBe('0 %');
    expect(formatPercent(99.99)).toBe('99.99 %');
  });

  it.each([
    [0, '0 s'],
    [41.6, '42 s'],
    [59.6, '1 min'],
    [200, '3 min 20 s'],
    [3600, '1 h'],
    [3900, '1 h 5 min'],
    [-3, '0 s'],
    [Number.POSITIVE_INFINITY, 'infinite'],
  ])('prints %d seconds as %s', (seconds, printed) => {
    expect(formatSeconds(seconds)).toBe(printed);
  });
});
