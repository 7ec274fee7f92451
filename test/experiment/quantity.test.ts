import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareQuantities,
  formatQuantity,
  isQuantity,
  parseQuantity,
  toNumber,
} from '../../src/experiment/quantity.ts';

describe('reading quantities', () => {
  it.each<[string | number, number]>([
    ['0', 0],
    ['-0', 0],
    ['5', 5],
    ['+5', 5],
    ['-5', -5],
    [500, 500],
    [0.01, 0.01],
    ['0.01', 0.01],
    ['.01', 0.01],
    ['5.', 5],
    ['10m', 0.01],
    ['5n', 5e-9],
    ['5u', 5e-6],
    ['1k', 1000],
    ['1.5k', 1500],
    ['2M', 2e6],
    ['3G', 3e9],
    ['4T', 4e12],
    ['5P', 5e15],
    ['1E', 1e18],
    ['1E3', 1000],
    ['1e3', 1000],
    ['1e-3', 0.001],
    ['1E+3', 1000],
    ['150e-9', 1.5e-7],
    ['395429425n', 0.395429425],
    ['820351954438n', 820.351954438],
    ['1.410686875', 1.410686875],
    ['0.5Gi', 536870912],
    ['1.5Ki', 1536],
    ['1Ei', 2 ** 60],
    ['0.1Ki', 102.4],
    ['9007199254740993', 9007199254740992],
    ['0.1000000000000000055511151231257827', 0.1],
  ])('%j is %d', (written, value) => {
    expect(toNumber(written)).toBe(value);
    expect(isQuantity(written)).toBe(true);
  });

  it.each([
    '',
    ' ',
    ' 1',
    '1 ',
    'abc',
    '1K',
    '1ki',
    '1kk',
    '.',
    '-',
    '+',
    '1e',
    '1e1.5',
    '0x10',
    '1_000',
    '1,5',
    '--1',
    '1 m',
    'NaN',
    'Infinity',
    '٣',
    '1e9999',
    `1${'0'.repeat(500)}`,
  ])('%j is none', (written) => {
    expect(toNumber(written)).toBeNaN();
    expect(isQuantity(written)).toBe(false);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, null, undefined, {}, [], true])('%s is none', (written) => {
    expect(isQuantity(written)).toBe(false);
  });

  it('is exact where doubles are not', () => {
    expect(parseQuantity('0.5Gi')).toEqual({ mantissa: 5n, exponent10: -1, exponent2: 30 });
    expect(compareQuantities('9007199254740993', '9007199254740992')).toBe(1);
    expect(compareQuantities('0.1', '0.1000000000000000000001')).toBe(-1);
  });

  // -0 is another value for deep equality
  it('has no negative zero', () => {
    expect(Object.is(parseQuantity('5')!.exponent10, 0)).toBe(true);
    expect(Object.is(toNumber('-0'), 0)).toBe(true);
  });

  it('does not spend memory on exponents that nobody means', () => {
    expect(parseQuantity('1e999999999')).toBeUndefined();
    expect(compareQuantities('1e1000', '1e-1000')).toBe(1);
  });
});

describe('comparing quantities', () => {
  it.each([
    ['1k', '1000', 0],
    ['1Ki', '1k', 1],
    ['10m', 0.01, 0],
    ['-1', '1', -1],
    ['1E', '1E3', 1],
  ])('%s and %s', (a, b, sign) => {
    expect(compareQuantities(a, b)).toBe(sign);
    expect(compareQuantities(b, a)).toBe(sign === 0 ? 0 : -sign);
  });

  it('agrees with numbers', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (a, b) => {
          expect(compareQuantities(a, String(b))).toBe(Math.sign(a - b) === 0 ? 0 : a < b ? -1 : 1);
        },
      ),
    );
  });

  it('is not a number for what is no quantity', () => {
    expect(compareQuantities('abc', 1)).toBeNaN();
  });
});

describe('writing quantities', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [500, '500'],
    [0.01, '10m'],
    [0.07, '70m'],
    [1000, '1k'],
    [1500, '1500'],
    [0.395429425, '395429425n'],
    [1.5e-7, '150n'],
    [1.5e-10, '15e-11'],
    [-2.5, '-2500m'],
    [23.2, '23200m'],
    [1e21, '1e21'],
    [1e20, '100E'],
    [123456, '123456'],
  ])('%d as %s', (value, written) => {
    expect(formatQuantity(value)).toBe(written);
  });

  it('refuses what is no quantity', () => {
    expect(() => formatQuantity(Number.NaN)).toThrow(RangeError);
    expect(() => formatQuantity(Number.POSITIVE_INFINITY)).toThrow(RangeError);
  });

  it('reads back the same number, and satisfies the pattern of the CRD', () => {
    const crdPattern =
      /^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$/;
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(toNumber(formatQuantity(value))).toBe(value === 0 ? 0 : value);
        expect(formatQuantity(value)).toMatch(crdPattern);
      }),
    );
  });
});
