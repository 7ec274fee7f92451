/** Answers may be large, and are read while experiments are driven: nothing takes time that grows with the square of their size. */
import { expect, it } from 'vitest';
import { addSamples, ledgerValue, newestSample, startLedger } from '../../../src/evidence/counters/counter-growth.ts';
import type { CounterSample } from '../../../src/evidence/counters/counter-samples.ts';

const START = 1_000_000;
function counted(samples: readonly CounterSample[], inFlightMs = 10_000) {
  const begin = startLedger({ kind: 'counts', samples: samples.slice(0, 1) }, { limits: [], inFlightMs });
  return addSamples(begin, { kind: 'counts', samples });
}
const sampleOf = (
  k: number,
  change: Partial<{ series: string; count: number; source: string }> = {},
): CounterSample => ({
  kind: 'counts',
  series: 's',
  atMs: START + k,
  count: k,
  ...change,
});
const rows = (n: number, one: (k: number) => CounterSample) => Array.from({ length: n }, (_, k) => one(k));

it('keeps few of the samples that lie close together, and counts all', () => {
  const ledger = counted(rows(100_000, (k) => sampleOf(k)));
  expect(typeof ledger === 'string' ? ledger : ledgerValue(ledger).n).toBe(99_999);
});

it('finds restarts among many', () => {
  const ledger = counted(rows(100_000, (k) => sampleOf(k, { count: k % 2, source: 'pod-1' })));
  // From 0 to 1 each time.
  expect(typeof ledger === 'string' ? ledger : ledgerValue(ledger).n).toBe(50_000);
});

it('knows the newest sample of however many series', () => {
  const start = startLedger({ kind: 'counts', samples: [sampleOf(5)] }, { limits: [], inFlightMs: 0 });
  const one = start.series['s']!;
  const series = Object.fromEntries(Array.from({ length: 200_000 }, (_, k) => [`s${k}`, one]));
  expect(newestSample({ ...start, series })).toBe(new Date(START + 5).toISOString());
});
