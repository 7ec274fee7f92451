import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binEdgesMs, binIndex } from '../../src/evidence/latency-histogram.ts';
import { percentile, quantileLowerBound, quantileUpperBound } from '../../src/evidence/one-sample/percentile-bounds.ts';
import { addHistogram } from '../../src/evidence/request-tally.ts';
import { histogramOf } from '../support/simulated-load.ts';

const micros = fc.integer({ min: 1, max: 60_000_000 });
const of = (micros: readonly number[]) =>
  histogramOf(
    micros.map((us) => us / 1000),
    60_000,
  );

describe('a histogram', () => {
  it('has bins that bracket every latency they hold, to a part in 1,024', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.0005, max: 60_000, noNaN: true }), (ms) => {
        const { lowMs, highMs } = binEdgesMs(binIndex(Math.max(1, Math.round(ms * 1000))));
        expect(lowMs).toBeLessThanOrEqual(ms);
        expect(highMs).toBeGreaterThanOrEqual(ms);
        expect(highMs - lowMs).toBeLessThanOrEqual(Math.max(0.001, ms / 1000) + 1e-9);
      }),
    );
  });

  it('has bins without gaps', () => {
    for (const index of [0, 1, 2046, 2047, 2048, 3071, 3072, 9000]) {
      expect(binEdgesMs(index + 1).lowMs).toBe(binEdgesMs(index).highMs);
    }
  });

  it('merges by addition, in any order', () => {
    fc.assert(
      fc.property(fc.array(micros), fc.array(micros), (a, b) => {
        expect(addHistogram(of(a), of(b))).toEqual(of([...b, ...a]));
      }),
    );
  });
});

describe('percentiles', () => {
  it('are within 0.1 % of the sorted values', () => {
    fc.assert(
      fc.property(
        fc.array(micros, { minLength: 1, maxLength: 300 }),
        fc.constantFrom(1, 50, 75, 90, 95, 99, 99.9),
        (values, percent) => {
          const sorted = values.toSorted((a, b) => a - b);
          const exact = sorted[Math.max(1, Math.ceil((percent / 100) * values.length - 1e-9)) - 1]! / 1000;
          expect(Math.abs(percentile(of(values), percent) - exact)).toBeLessThanOrEqual(Math.max(0.001, exact / 1000));
        },
      ),
    );
  });

  it('are no number without data', () => expect(percentile([], 95)).toBeNaN());

  it('are bounded from both sides, and not by too little data', () => {
    const values = Array.from({ length: 2000 }, (_, index) => 1000 + index * 10);
    const histogram = of(values);
    const options = { percent: 95, lnThreshold: Math.log(20) };
    const exact = percentile(histogram, 95);
    expect(quantileLowerBound(histogram, options)).toBeLessThan(exact);
    expect(quantileUpperBound(histogram, options)).toBeGreaterThan(exact);
    expect(quantileUpperBound(of(values.slice(0, 20)), options)).toBeUndefined();
    expect(quantileLowerBound([], options)).toBeUndefined();
  });
});
