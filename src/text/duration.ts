/** Go durations such as `1m30s`, `500ms`, `1.5h`. Source: Go's time.ParseDuration and Duration.String. */

const NS_OF: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n, // micro sign
  '\u03bcs': 1_000n, // Greek letter mu
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Largest magnitude of Go's int64 nanoseconds; a negative one may be one larger. */
const MAX_NS = 2n ** 63n - 1n;
const LIMIT = 2n ** 63n;

const SIGNED = /^([+-]?)(.*)$/s;
const PART = /(\d*)(?:(\.)(\d*))?([^\d.]+)/y;

/** Nanoseconds of a Go duration; undefined for what Go refuses, such as `5`, `1d`, `5 s` and the empty text. */
export function parseDurationNs(text: string): bigint | undefined {
  const [, sign, body] = SIGNED.exec(text)!;
  if (body === '0') return 0n;
  if (body === undefined || body === '' || body.length > 1_000) return undefined;
  let sum = 0n;
  PART.lastIndex = 0;
  while (PART.lastIndex < body.length) {
    const match = PART.exec(body);
    if (match === null) return undefined;
    const [, whole = '', , fraction = '', unit = ''] = match;
    const unitNs = Object.hasOwn(NS_OF, unit) ? NS_OF[unit]! : undefined;
    if (unitNs === undefined || whole + fraction === '') return undefined;
    sum += BigInt(whole) * unitNs + fractionNs(fraction, unitNs); // BigInt('') is 0
    if (sum > LIMIT) return undefined;
  }
  if (sign === '-') return -sum;
  return sum > MAX_NS ? undefined : sum;
}

/** Go reads as many digits as fit into 63 bits, then multiplies in float64 and drops what is below a nanosecond. */
function fractionNs(digits: string, unitNs: bigint): bigint {
  let fraction = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = fraction * 10n + BigInt(digit);
    if (fraction > MAX_NS / 10n || next > LIMIT) break;
    fraction = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(fraction) * (Number(unitNs) / scale)));
}

/** Milliseconds of a Go duration, with a fraction below that; undefined for what Go refuses. May be negative. */
export function parseDurationMs(text: string): number | undefined {
  const ns = parseDurationNs(text);
  return ns === undefined ? undefined : Number(ns) / 1e6;
}

/** A duration in Go's own form: `1m30s`, `1.5s`, `500ms`, `0s`. Finer than a nanosecond is rounded. Reading it back gives the same. */
export function formatDuration(ms: number): string {
  const ns = BigInt(Math.round(Math.abs(ms) * 1e6));
  const sign = ms < 0 && ns > 0n ? '-' : '';
  if (ns === 0n) return '0s';
  if (ns < 1_000n) return `${sign}${ns}ns`;
  if (ns < 1_000_000n) return `${sign}${decimal(ns, 3)}\u00b5s`;
  if (ns < 1_000_000_000n) return `${sign}${decimal(ns, 6)}ms`;
  const hours = ns / NS_OF['h']!;
  const minutes = (ns / NS_OF['m']!) % 60n;
  const seconds = `${decimal(ns % NS_OF['m']!, 9)}s`;
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0n ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

/** `value / 10^places` without zeros at the end. */
function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  const whole = digits.slice(0, -places);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
