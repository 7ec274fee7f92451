import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDurationMs, parseDurationNs } from '../../src/text/duration.ts';

/** What Go's time.ParseDuration and Duration.String answer: text, nanoseconds, text again. */
const ACCEPTED: readonly (readonly [string, bigint, string])[] = [
  ['0', 0n, '0s'],
  ['+0', 0n, '0s'],
  ['-0', 0n, '0s'],
  ['5s', 5000000000n, '5s'],
  ['30s', 30000000000n, '30s'],
  ['1478s', 1478000000000n, '24m38s'],
  ['-5s', -5000000000n, '-5s'],
  ['+5s', 5000000000n, '5s'],
  ['-0s', 0n, '0s'],
  ['5.0s', 5000000000n, '5s'],
  ['5.6s', 5600000000n, '5.6s'],
  ['5.s', 5000000000n, '5s'],
  ['.5s', 500000000n, '500ms'],
  ['1.0s', 1000000000n, '1s'],
  ['1.00s', 1000000000n, '1s'],
  ['1.004s', 1004000000n, '1.004s'],
  ['1.0040s', 1004000000n, '1.004s'],
  ['100.00100s', 100001000000n, '1m40.001s'],
  ['10ns', 10n, '10ns'],
  ['11us', 11000n, '11µs'],
  ['12µs', 12000n, '12µs'],
  ['12μs', 12000n, '12µs'],
  ['13ms', 13000000n, '13ms'],
  ['14s', 14000000000n, '14s'],
  ['15m', 900000000000n, '15m0s'],
  ['16h', 57600000000000n, '16h0m0s'],
  ['3h30m', 12600000000000n, '3h30m0s'],
  ['10.5s4m', 250500000000n, '4m10.5s'],
  ['-2m3.4s', -123400000000n, '-2m3.4s'],
  ['1h2m3s4ms5us6ns', 3723004005006n, '1h2m3.004005006s'],
  ['39h9m14.425s', 140954425000000n, '39h9m14.425s'],
  ['52763797000ns', 52763797000n, '52.763797s'],
  ['0.3333333333333333333h', 1200000000000n, '20m0s'],
  ['9007199254740993ns', 9007199254740993n, '2501h59m59.254740993s'],
  ['9223372036854775807ns', 9223372036854775807n, '2562047h47m16.854775807s'],
  ['9223372036854775.807us', 9223372036854775807n, '2562047h47m16.854775807s'],
  ['9223372036s854ms775us807ns', 9223372036854775807n, '2562047h47m16.854775807s'],
  ['-9223372036854775808ns', -9223372036854775808n, '-2562047h47m16.854775808s'],
  ['-9223372036854775.808us', -9223372036854775808n, '-2562047h47m16.854775808s'],
  ['0.100000000000000000000h', 360000000000n, '6m0s'],
  ['0.830103483285477580700h', 2988372539827n, '49m48.372539827s'],
  ['1.s', 1000000000n, '1s'],
  ['1m30s', 90000000000n, '1m30s'],
  ['00005s', 5000000000n, '5s'],
  ['1.5h', 5400000000000n, '1h30m0s'],
  ['0.000000001s', 1n, '1ns'],
  ['0.0000000001s', 0n, '0s'],
];

/** What Go's time.ParseDuration refuses. */
const REFUSED: readonly string[] = [
  '',
  '3',
  '-',
  's',
  '.',
  '-.',
  '+.',
  '.s',
  '+.s',
  '1d',
  'x5s',
  '5 s',
  ' 5s',
  '5',
  '..5s',
  '1.2.3s',
  '9223372036854775810ns',
  '9223372036854775808ns',
  '-9223372036854775809ns',
  '9223372036854776us',
  '3000000h',
  '1e3s',
  '1M',
  '1H',
  '1m 30s',
  '٥s',
];

describe('durations', () => {
  it.each(ACCEPTED)('reads %j as Go does', (text, ns) => {
    expect(parseDurationNs(text)).toBe(ns);
  });

  it.each(REFUSED)('refuses %j as Go does', (text) => {
    expect(parseDurationNs(text)).toBeUndefined();
  });

  // Milliseconds in a double cannot distinguish the nanoseconds of centuries.
  it.each(ACCEPTED.filter(([, ns]) => ns < 10n ** 15n && ns > -(10n ** 15n)))(
    'writes %j as Go does',
    (text, _ns, written) => {
      expect(formatDuration(parseDurationMs(text)!)).toBe(written);
    },
  );

  it('reads milliseconds with a fraction', () => {
    expect(parseDurationMs('1.5s')).toBe(1500);
    expect(parseDurationMs('250us')).toBe(0.25);
    expect(parseDurationMs('5')).toBeUndefined();
  });

  it('does not take names of object properties for units', () => {
    expect(parseDurationMs('5constructor')).toBeUndefined();
    expect(parseDurationMs('5__proto__')).toBeUndefined();
  });

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (us) => {
        expect(parseDurationMs(formatDuration(us / 1000))).toBe(us / 1000 === 0 ? 0 : us / 1000);
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseDurationMs(text)));
    expect(parseDurationMs('9'.repeat(100_000))).toBeUndefined();
  });
});
