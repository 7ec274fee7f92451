/**
 * Kubernetes quantities, read exactly: `"0.01"`, `500`, `100m`, `0.5Gi`, `150e-9`, `1E`, `1E3`, `5n`.
 *
 * Source: apimachinery, pkg/api/resource: a decimal number with a binary suffix (Ki .. Ei), a decimal one (n u m k M G T P E)
 * or a decimal exponent. `1E` is exa, `1E3` an exponent.
 */
import type { WrittenQuantity } from './experiment.ts';

/** `mantissa x 10^exponent10 x 2^exponent2`, exactly. */
export interface ExactQuantity {
  readonly mantissa: bigint;
  readonly exponent10: number;
  readonly exponent2: number;
}

const QUANTITY = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])|[eE]([+-]?\d+))?$/;

const DECIMAL_SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
const BINARY_SUFFIXES = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;

/** Kubernetes rounds up what is smaller. */
export const SMALLEST_QUANTITY = 1e-9;

/** No double needs more; a longer text or a larger exponent would only cost memory. */
const MAX_LENGTH = 400;
const MAX_EXPONENT = 1_000;

/** The exact value; undefined for a text that is no quantity, and for NaN and infinite numbers. */
export function parseQuantity(written: WrittenQuantity): ExactQuantity | undefined {
  if (typeof written === 'number' && !Number.isFinite(written)) return undefined;
  const text = String(written);
  if (text.length > MAX_LENGTH) return undefined;
  const match = QUANTITY.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = match[4] ?? '', , suffix = '', exponent = '0'] = match;
  const binary = (BINARY_SUFFIXES as readonly string[]).indexOf(suffix);
  const decimal = (DECIMAL_SUFFIXES as readonly string[]).indexOf(suffix);
  const power = Number(exponent);
  if (Math.abs(power) > MAX_EXPONENT) return undefined;
  const magnitude = BigInt(`${whole}${fraction}`);
  return {
    mantissa: sign === '-' ? -magnitude : magnitude,
    exponent10: power - fraction.length + (decimal < 0 ? 0 : 3 * (decimal - 3)),
    exponent2: binary < 0 ? 0 : 10 * (binary + 1),
  };
}

/** Whether this is a quantity at all. */
export function isQuantity(written: unknown): written is WrittenQuantity {
  return (typeof written === 'string' || typeof written === 'number') && parseQuantity(written) !== undefined;
}

/** The nearest double; NaN for what is no quantity. */
export function toNumber(written: WrittenQuantity): number {
  const exact = parseQuantity(written);
  if (exact === undefined) return Number.NaN;
  const value = Number(`${exact.mantissa * 2n ** BigInt(exact.exponent2)}e${exact.exponent10}`);
  return value === 0 ? 0 : value; // "-0" is zero
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`, exactly. NaN when one of them is no quantity. */
export function compareQuantities(a: WrittenQuantity, b: WrittenQuantity): number {
  const x = parseQuantity(a);
  const y = parseQuantity(b);
  if (x === undefined || y === undefined) return Number.NaN;
  const least = Math.min(x.exponent10, y.exponent10);
  const scaled = (q: ExactQuantity) => q.mantissa * 2n ** BigInt(q.exponent2) * 10n ** BigInt(q.exponent10 - least);
  const difference = scaled(x) - scaled(y);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

/**
 * A number in the canonical form of Kubernetes: a whole mantissa, as short as it gets, with a decimal suffix: `500`, `10m`,
 * `395429425n`, `1500`, `2k`. A number that nano cannot hold keeps all its digits with an exponent (`15e-11`), so that
 * reading it back always gives the same number.
 *
 * Throws a RangeError for NaN and infinite numbers, which are no quantities.
 */
export function formatQuantity(value: number): string {
  const exact = parseQuantity(value);
  if (exact === undefined) throw new RangeError(`not a finite number: ${value}`);
  let { mantissa, exponent10 } = exact;
  if (mantissa === 0n) return '0';
  while (mantissa % 10n === 0n) {
    mantissa /= 10n;
    exponent10++;
  }
  if (exponent10 < -9 || exponent10 > 20) return `${mantissa}e${exponent10}`;
  const thousands = Math.min(6, Math.floor(exponent10 / 3));
  return `${mantissa * 10n ** BigInt(exponent10 - 3 * thousands)}${DECIMAL_SUFFIXES[thousands + 3]}`;
}
