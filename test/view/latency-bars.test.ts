/** Latencies in bins that people can read: nothing lost, nothing counted twice, whatever was measured. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Experiment } from '../../src/experiment/experiment.ts';
import { readRecord, storeTally, withRecord } from '../../src/judge/record/stored-record.ts';
import { renderLatencies } from '../../src/render/latency-chart.ts';
import { themeFor } from '../../src/render/theme.ts';
import { displayWidth } from '../../src/text/width.ts';
import { latencyHistograms } from '../../src/view/latency-bars.ts';
import { canary, driveInMemory } from '../support/driving.ts';
import { badNumber } from '../support/numbers-in-text.ts';
import { tallyFor } from '../support/simulated-load.ts';
import { runs } from '../support/search-depth.ts';

const driving = driveInMemory(canary());
const theme = themeFor({ isTTY: false }, { mode: 'never', env: { LANG: 'C.UTF-8' } });

/** A canary whose versions answered after so many ms. */
async function measured(old: readonly number[], fresh: readonly number[]): Promise<Experiment> {
  const { experiment } = (await driving).outcome;
  const tally = (latencies: readonly number[]) =>
    storeTally(tallyFor(latencies.map((latencyMs) => ({ latencyMs, code: '200' }))));
  const scopes = [
    { version: 'new', tally: tally(fresh) },
    { version: 'old', tally: tally(old) },
  ];
  const { status } = experiment;
  return { ...experiment, status: withRecord(status!, { ...readRecord(experiment)!, scopes }, status!.startTime!) };
}

const latency = fc.oneof(
  fc.double({ min: 0.5, max: 9_000, noNaN: true }),
  fc.integer({ min: 1, max: 50 }),
  fc.double({ min: 100, max: 100.5, noNaN: true }),
);

describe('a histogram', () => {
  it('counts every answer once, in bins that follow one another, the same for each version', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(latency, { minLength: 1, maxLength: 60 }),
        fc.array(latency, { minLength: 1, maxLength: 60 }),
        async (a, b) => {
          const found = latencyHistograms(await measured(a, b));
          expect(found.map(({ version }) => version)).toEqual(['old', 'new']);
          for (const [at, values] of [a, b].entries()) {
            const { answers, bins } = found[at]!;
            expect(answers).toBe(values.length);
            expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
            expect(bins.length).toBeLessThanOrEqual(24);
            for (const [index, { lowMs, highMs, count }] of bins.entries()) {
              expect(highMs).toBeGreaterThan(lowMs);
              if (index > 0) expect(lowMs).toBe(bins[index - 1]!.highMs);
              // Recorded to 0.1 %: a value at an edge may lie on either side of it.
              const inside = (slack: number) =>
                values.filter((ms) => ms >= lowMs * (1 + slack) && ms < highMs * (1 - slack)).length;
              expect(count).toBeGreaterThanOrEqual(inside(0.002));
              expect(count).toBeLessThanOrEqual(inside(-0.002));
            }
          }
          expect(found[0]!.bins.map(({ lowMs }) => lowMs)).toEqual(found[1]!.bins.map(({ lowMs }) => lowMs));
          for (const columns of [20, 40, 80]) {
            const text = renderLatencies(found, { theme, columns });
            for (const line of text.split('\n')) expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
            expect(badNumber(text)).toBeUndefined();
          }
        },
      ),
      { numRuns: runs(60) },
    );
  });

  it('is drawn in shares, on one scale', async () => {
    const fast = Array.from({ length: 100 }, (_, at) => (at < 80 ? 12 : 60));
    const slow = Array.from({ length: 10 }, (_, at) => (at < 4 ? 12 : 300));
    expect(
      renderLatencies(latencyHistograms(await measured(fast, slow)), { theme, columns: 60 }),
    ).toMatchInlineSnapshot(`
      "Latency, old (100 answers)
        10 ms to 15 ms    80  80 %  ██████████████████████████████
        15 ms to 20 ms     0   0 %
        20 ms to 30 ms     0   0 %
        30 ms to 50 ms     0   0 %
        50 ms to 70 ms    20  20 %  ████████
        70 ms to 100 ms    0   0 %
        100 ms to 150 ms   0   0 %
        150 ms to 200 ms   0   0 %
        200 ms to 300 ms   0   0 %

      Latency, new (10 answers)
        10 ms to 15 ms     4  40 %  ███████████████
        15 ms to 20 ms     0   0 %
        20 ms to 30 ms     0   0 %
        30 ms to 50 ms     0   0 %
        50 ms to 70 ms     0   0 %
        70 ms to 100 ms    0   0 %
        100 ms to 150 ms   0   0 %
        150 ms to 200 ms   0   0 %
        200 ms to 300 ms   6  60 %  ██████████████████████"
    `);
  });
});
