/**
 * Numbers as people read them: with a unit, as many digits as mean something, and never in contradiction to a limit.
 *
 * Every double is taken as its shortest decimal (`0.1` is a tenth), and rounded in decimal arithmetic, so that the order of
 * two numbers and of what is printed of them can be compared exactly.
 */

import { unreachable } from '../errors.ts';

/** `ms`: milliseconds; `share`: 0 to 1, printed in percent; `count`: whole; `plain`: anything else. */
export type DisplayUnit = 'ms' | 'share' | 'count' | 'plain';

/** `digits x 10^exponent`, exactly. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

type Rounding = 'nearest' | 'up' | 'down';

/** Digits that a rounded number keeps, unless a comparison takes more. */
const SIGNIFICANT = 3;
/** Digits that such a comparison may take: who reads more? */
const MOST_SIGNIFICANT = 6;
/** Digits of what was written, such as a limit; a double that was computed has up to 17, of which the last mean nothing. */
const MOST_WRITTEN = 12;

function toDecimal(value: number): Decimal {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** Negative, zero or positive, exactly. */
function compare(a: Decimal, b: Decimal): number {
  const least = Math.min(a.exponent, b.exponent);
  const difference = a.digits * 10n ** BigInt(a.exponent - least) - b.digits * 10n ** BigInt(b.exponent - least);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

function lengthOf(digits: bigint): number {
  return (digits < 0n ? -digits : digits).toString().length;
}

/** Without a change when it has no more digits than asked for. `up` and `down` are towards plus and minus infinity. */
function round(value: Decimal, significant: number, rounding: Rounding): Decimal {
  const drop = lengthOf(value.digits) - significant;
  if (drop <= 0) return value;
  const unit = 10n ** BigInt(drop);
  const towardsZero = value.digits / unit;
  const rest = value.digits % unit;
  const floor = rest < 0n ? towardsZero - 1n : towardsZero;
  const up =
    rest !== 0n && (rounding === 'up' || (rounding === 'nearest' && (value.digits - floor * unit) * 2n >= unit));
  const digits = up ? floor + 1n : floor;
  const carried = lengthOf(digits) > significant; // 9.996 -> 10.0, not 10.00
  return carried
    ? { digits: digits / 10n, exponent: value.exponent + drop + 1 }
    : { digits, exponent: value.exponent + drop };
}

/**
 * Rounds to as few digits as keep the order: the result is on the same side of each landmark as the value. Whole numbers
 * keep all digits before the point of the printed number, which is `scale` powers of ten from the value. Where that would
 * take too many digits, a value is rounded away from the landmark, and a bound, which must not, is the landmark itself.
 */
function roundBeside(value: number, rounding: Rounding, landmarks: readonly number[], scale: number): Decimal {
  const exact = trimmed(toDecimal(value));
  const marks = landmarks.filter(Number.isFinite).map(written);
  const digitsBeforePoint = lengthOf(exact.digits) + exact.exponent + scale;
  const least = Math.max(SIGNIFICANT, digitsBeforePoint > WHOLE_DIGITS ? 0 : digitsBeforePoint);
  const most = Math.max(MOST_SIGNIFICANT, least);
  let crossed: Decimal[] = [];
  for (let significant = least; significant <= most; significant++) {
    const rounded = round(exact, significant, rounding);
    crossed = marks.filter((mark) => compare(rounded, mark) !== compare(exact, mark));
    if (crossed.length === 0) return rounded;
  }
  if (rounding === 'nearest') {
    const [first] = marks;
    const away = round(exact, most, compare(exact, crossed[0]!) > 0 ? 'up' : 'down');
    // Between two landmarks the first counts.
    const order = compare(exact, first!);
    if (order === 0) return first!;
    return compare(away, first!) === order ? away : round(exact, most, order > 0 ? 'up' : 'down');
  }
  const nearestFirst = crossed.toSorted(rounding === 'up' ? compare : (a, b) => compare(b, a));
  return nearestFirst[0]!;
}

/** `12,345.67` of a decimal times ten to the power of `shift`. Zeros at the end stay when they were rounded to. */
function plain(value: Decimal, shift: number): string {
  if (value.digits === 0n) return '0';
  const exponent = value.exponent + shift;
  const sign = value.digits < 0n ? '-' : '';
  const digits = (value.digits < 0n ? -value.digits : value.digits).toString();
  const padded = exponent >= 0 ? digits + '0'.repeat(exponent) : digits.padStart(1 - exponent, '0');
  const whole = exponent >= 0 ? padded : padded.slice(0, exponent);
  const fraction = exponent >= 0 ? '' : padded.slice(exponent);
  return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Numbers beyond these are printed with an exponent, when they have no unit. */
const HUGE = 1e15;
const TINY = 1e-6;
/** Digits of the largest number below that. */
const WHOLE_DIGITS = 15;

function print(value: Decimal, unit: DisplayUnit): string {
  switch (unit) {
    case 'share':
      return `${plain(value, 2)} %`;
    case 'ms': {
      const size = { digits: value.digits < 0n ? -value.digits : value.digits, exponent: value.exponent };
      return compare(size, { digits: 1_000n, exponent: 0 }) < 0 ? `${plain(value, 0)} ms` : `${plain(value, -3)} s`;
    }
    case 'count':
    case 'plain':
      return printPlain(value);
    default:
      return unreachable(unit);
  }
}

function printPlain(value: Decimal): string {
  const size = Math.abs(Number(`${value.digits}e${value.exponent}`));
  if (size === 0 || (size < HUGE && size >= TINY)) return plain(value, 0);
  // One digit before the point, as everywhere.
  const places = lengthOf(value.digits) - 1;
  return `${plain(value, -value.exponent - places)}e${value.exponent + places}`;
}

/** What stands in the place of a number that is none. */
function notFinite(value: number): string {
  return Number.isNaN(value) ? 'not a number' : value > 0 ? 'infinite' : '-infinite';
}

/** Powers of ten between the value and what is printed. */
function scaleOf(value: number, unit: DisplayUnit): number {
  if (unit === 'share') return 2;
  return unit === 'ms' && Math.abs(value) >= 1000 ? -3 : 0;
}

/** A share is 0 % or 100 % only when it is. What matters most first. */
function landmarksOf(unit: DisplayUnit, limit: number | undefined): number[] {
  return [...(limit === undefined ? [] : [limit]), ...(unit === 'share' ? [0, 1] : [])];
}

/**
 * A measured value, to three digits (all digits before the point), or as many as it takes to be seen on its side of the
 * limit: 0.010004 beside a limit of 0.01 is `1.0004 %`.
 */
export function formatValue(value: number, unit: DisplayUnit, limit?: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  return print(trimmed(roundBeside(value, 'nearest', landmarksOf(unit, limit), scaleOf(value, unit))), unit);
}

/** A limit, or another setting, as it was written, to twelve digits: `1 %`, `300 ms`, `1.5 s`. */
export function formatLimit(limit: number, unit: DisplayUnit): string {
  return Number.isFinite(limit) ? print(written(limit), unit) : notFinite(limit);
}

/**
 * An upper bound, rounded up. What is printed is never below the bound, and on the same side of the limit: a bound that is
 * at most the limit is printed as at most the limit. A bound so near below it that six digits do not show it is printed as
 * the limit: `<` says the rest.
 */
export function formatUpperBound(bound: number, unit: DisplayUnit, limit?: number): string {
  if (!Number.isFinite(bound)) return notFinite(bound);
  return print(roundBeside(bound, 'up', landmarksOf(unit, limit), scaleOf(bound, unit)), unit);
}

/** A lower bound, rounded down: never above the bound, and on the same side of the limit. */
export function formatLowerBound(bound: number, unit: DisplayUnit, limit?: number): string {
  if (!Number.isFinite(bound)) return notFinite(bound);
  return print(roundBeside(bound, 'down', landmarksOf(unit, limit), scaleOf(bound, unit)), unit);
}

/** A limit that was computed, with so many digits. What arithmetic with doubles added is no reason to round up or down. */
export function roundLimit(limit: number, significant: number, rounding: 'up' | 'down'): number {
  const { digits, exponent } = round(written(limit), significant, rounding);
  return Number(`${digits}e${exponent}`);
}

/** As somebody wrote it, without what arithmetic with doubles added. */
function written(value: number): Decimal {
  return trimmed(round(trimmed(toDecimal(value)), MOST_WRITTEN, 'nearest'));
}

/** Without zeros at the end. */
function trimmed(value: Decimal): Decimal {
  let { digits, exponent } = value;
  if (digits === 0n) return { digits, exponent: 0 };
  while (digits % 10n === 0n) {
    digits /= 10n;
    exponent++;
  }
  return { digits, exponent };
}

/** `1,204`. */
export function formatCount(count: number): string {
  return Number.isFinite(count) ? plain(toDecimal(Math.round(count)), 0) : notFinite(count);
}

/** `1 request`, `1,204 requests`: whoever counts one, and it reads as a person would write it. */
export function formatCounted(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`;
}

/** Requests a second: `8/s`, `0.5/s`, `1,250/s`. */
export function formatRate(perSecond: number): string {
  return `${formatValue(perSecond, 'plain')}/s`;
}

/** A share that is no measurement, such as a weight: `30 %`. */
export function formatPercent(percent: number): string {
  return Number.isFinite(percent)
    ? `${print(trimmed(roundBeside(percent, 'nearest', [0, 100], 0)), 'plain')} %`
    : notFinite(percent);
}

/** How long something takes, to the second: `0 s`, `42 s`, `3 min 20 s`, `1 h 5 min`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return notFinite(seconds);
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = whole % 60;
  if (hours > 0) return minutes === 0 ? `${formatCount(hours)} h` : `${formatCount(hours)} h ${minutes} min`;
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
}
