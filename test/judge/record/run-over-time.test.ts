/** What a record keeps of how a run went: little, and true at whatever moments are left. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { momentsOf, withMoment } from '../../../src/judge/record/run-over-time.ts';
import { EMPTY_RECORD, type Iter8Record } from '../../../src/judge/record/stored-record.ts';
import { errorRateRow } from '../../support/error-rate-row.ts';
import { runs } from '../../support/search-depth.ts';

const row = (version: string, objective: number) =>
  errorRateRow({ version, objective, lnSatisfied: objective + 0.123456 });

function ran(
  gaps: readonly number[],
  versions: readonly string[],
  rows: number,
): { record: Iter8Record; times: number[] } {
  const assessments = versions.flatMap((version) => Array.from({ length: rows }, (_, at) => row(version, at)));
  let record: Iter8Record = EMPTY_RECORD;
  let timeMs = 1_700_000_000_000;
  const times: number[] = [];
  for (const gap of gaps) {
    timeMs += gap;
    times.push(timeMs);
    const n = times.length;
    const counted = new Map(versions.map((version) => [version, { n, errors: 0, sumMs: n * 7 }]));
    record = withMoment(record, { timeMs, versions, assessments, weights: [], counted });
  }
  return { record, times };
}

it('keeps the first and the newest moment, in order, within its size, each as it was', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.constant(3_600_000)), { minLength: 1, maxLength: 600 }),
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 10 }),
      (gaps, versions, rows) => {
        const names = Array.from({ length: versions }, (_, at) => `v${at}`);
        const { record, times } = ran(gaps, names, rows);
        const moments = momentsOf(record);
        const kept = moments.map(({ time }) => time);
        expect(kept[0]).toBe(times[0]);
        expect(kept.at(-1)).toBe(times.at(-1));
        expect(kept).toEqual(kept.toSorted((a, b) => a - b));
        expect(kept.length).toBeGreaterThanOrEqual(Math.min(4, times.length));
        expect(JSON.stringify(record.history).length).toBeLessThan(25_000);
        for (const { time, counted } of moments) {
          const n = counted.get('v0')!.n;
          expect(times[n - 1]).toBe(time);
          expect(counted.get('v0')!.sumMs).toBe(7 * n);
        }
      },
    ),
    { numRuns: runs(60) },
  );
});

it('spreads its moments over the whole run', () => {
  const { record, times } = ran(Array(5_000).fill(1_000) as number[], ['a', 'b'], 4);
  const kept = momentsOf(record).map(({ time }) => time);
  expect(kept.length).toBeGreaterThan(40);
  const widest = Math.max(...kept.slice(1).map((time, at) => time - kept[at]!));
  expect(widest).toBeLessThan((times.at(-1)! - times[0]!) / 15);
});

it('begins again when something else is asked', () => {
  const { record } = ran([1, 1_000, 1_000], ['a'], 2);
  const other = withMoment(record, { timeMs: 1_800_000_000_000, versions: ['a', 'b'], assessments: [], weights: [] });
  expect(momentsOf(other)).toHaveLength(1);
});

it('takes anything for a history, and reads nothing from what is none', () => {
  const { record } = ran([1, 1_000, 1_000], ['a'], 2);
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom('versions', 'rows', 'gapMs', 'moments', undefined),
      (value, field) => {
        const history = field === undefined ? value : { ...record.history, [field]: value };
        const damaged = { ...record, history: history as never };
        for (const { time } of momentsOf(damaged)) expect(Number.isFinite(time)).toBe(true);
        const before = momentsOf(damaged).at(-1)?.time ?? 0;
        const facts = { timeMs: 1, versions: ['a'], assessments: [], weights: [] };
        // Time does not run back, whatever stands there.
        expect(momentsOf(withMoment(damaged, facts)).at(-1)?.time).toBe(Math.max(1, before));
      },
    ),
  );
});
