/** The figures of docs/why.md are those that `npm run evidence -- --gates` prints: seeded, so the same for everybody. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { gatesTable, playGates, RATES, requestsAt, TOTALS } from '../support/gates/rate-gates.ts';
import { seeded } from '../support/seeded.ts';

const page = readFileSync(path.join(import.meta.dirname, '../../docs/why.md'), 'utf8');
const unpadded = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---');
const RUNS = 2000;
const randomOf = (run: number) => seeded(run + 1);

describe('docs/why.md', () => {
  it.each(TOTALS)('has the table of %d requests as it is measured', (total) => {
    expect(unpadded(page)).toContain(gatesTable(total, RUNS, randomOf));
  });

  it('is true of iter8ctl: beyond the limit at most 5 % pass, within it at most 5 % fail', () => {
    const ours = playGates(10_000, RUNS, randomOf).at(-1)!;
    for (const [index, { passed, failed }] of ours.shares.entries()) {
      // Three standard errors of 5 % in 2,000 runs are 1.5 points.
      if (RATES[index]! >= 0.01) expect(passed).toBeLessThan(0.065);
      if (RATES[index]! <= 0.01) expect(failed).toBeLessThan(0.065);
    }
  });

  it('draws as many bad requests as the rate says', () => {
    const next = requestsAt(0.02, seeded(3));
    let bad = 0;
    for (let part = 0; part < 1000; part++) bad += next(100);
    // 2,000 expected; five standard errors are 221.
    expect(Math.abs(bad - 2000)).toBeLessThan(221);
  });
});
