import { describe, expect, it } from 'vitest';
import { ledgerValue, shareCounts, type CounterLedger } from '../../../src/evidence/counters/counter-growth.ts';
import { addCumulative } from '../../../src/evidence/counters/cumulative-growth.ts';

const START = 1_000_000;

function after(samples: readonly (readonly [second: number, n: number, hits: number])[], inFlightMs = 10_000) {
  let ledger: CounterLedger | undefined;
  for (const [second, n, hits] of samples)
    ledger = addCumulative(ledger, { startMs: START, inFlightMs, atMs: START + 1000 * second, n, hits });
  return ledger!;
}

describe('a value that holds everything since the start', () => {
  const tenths = Array.from({ length: 12 }, (_, k) => [5 * (k + 1), 50 * (k + 1), 5 * (k + 1)] as const);

  it('counts as counters do: for a version what surely began since the start, against it all that ended', () => {
    const ledger = after(tenths);
    // Of 60 s with 9 others a second: those of seconds 10 to 50.
    expect(shareCounts(ledger)).toEqual({ response: { bad: 60, n: 60 + 360 }, service: { bad: 40, n: 40 + 540 } });
    expect(ledgerValue(ledger)).toEqual({ value: 0.1, n: 600 });
  });

  it('gains nothing by falling a little, as extrapolated values do', () => {
    const fallen = shareCounts(after([...tenths, [65, 595, 58.5]]));
    expect(fallen.response).toEqual({ bad: 58.5, n: 58.5 + 405 });
    expect(fallen.service.n - fallen.service.bad).toBe(595 - 58.5);
    const { response } = shareCounts(after([...tenths, [65, 480.5 + 60, 60]]));
    expect(response.n - response.bad).toBeLessThanOrEqual(480.5 - 90);
  });

  it('begins again where its data were lost', () => {
    const lost = [...tenths, [65, 30, 3]] as const;
    expect(shareCounts(after(lost)).response).toEqual({ bad: 3, n: 3 });
    expect(ledgerValue(after(lost))).toEqual({ value: 0.1, n: 30 });
    // From 75 s on, ten seconds after the loss was seen, up to 85 s.
    const more = [70, 75, 80, 85, 90, 95].map((second) => [second, 10 * (second - 62), second - 62] as const);
    const { response } = shareCounts(after([...lost, ...more]));
    expect(response.n - response.bad).toBe(90);
  });

  it('is counted once however often it is asked', () => {
    expect(after([...tenths, tenths[11]!, tenths[3]!])).toEqual(after(tenths));
  });

  it('cannot have more hits than data points', () => {
    expect(
      shareCounts(
        after([
          [10, 100, 100.1],
          [30, 300, 300.3],
        ]),
      ).response.bad,
    ).toBe(300);
  });
});
