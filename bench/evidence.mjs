// Nanoseconds per counted request, and the evidence of a million samples. Usage: node bench/evidence.mjs
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { printTable, seeded } from './support/report.mjs';

const scratch = mkdtempSync(path.join(tmpdir(), 'iter8ctl-bench-'));
const outfile = path.join(scratch, 'stats.mjs');
await build({
  stdin: {
    contents: `
      export * from '../src/evidence/latency-histogram.ts';
      export * from '../src/evidence/slice-counts.ts';
      export * from '../src/evidence/one-sample/rate-bounds.ts';
      export * from '../src/evidence/one-sample/mean-bounds.ts';
      export * from '../src/evidence/one-sample/percentile-bounds.ts';`,
    resolveDir: new URL('.', import.meta.url).pathname,
    loader: 'ts',
  },
  bundle: true,
  format: 'esm',
  platform: 'node',
  outfile,
});
const stats = await import(pathToFileURL(outfile));

const SAMPLES = 1_000_000;
const random = seeded(7);
/** Lognormal around 200 ms, in microseconds. */
const latencies = Float64Array.from({ length: SAMPLES }, () => {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(10_000_000, Math.round(200_000 * Math.exp(normal - 0.5)));
});

function timed(times, work) {
  work();
  const started = performance.now();
  for (let i = 0; i < times; i++) work();
  return (performance.now() - started) / times;
}

function counted() {
  const slice = new stats.Slice([{ limitMs: 250, side: 'upper' }]);
  for (let i = 0; i < SAMPLES; i++) {
    const ms = latencies[i] / 1000;
    slice.record({
      code: '200',
      responseMs: ms,
      responseError: false,
      sent: true,
      serviceMs: ms,
      serviceError: false,
      unanswered: false,
      late: false,
      scheduled: true,
      reconnected: false,
    });
  }
  return slice.tally();
}
const recordMs = timed(5, counted);
const sparse = counted().response.histogram;
const rows = sparse.map(([index, count]) => ({ ...stats.binEdgesMs(index), count }));
const count = { n: SAMPLES, bad: 9_000 };
const threshold = Math.log(20);
printTable(
  ['what', 'time'],
  [
    ['one counted request, with one limit', `${((recordMs / SAMPLES) * 1e6).toFixed(1)} ns`],
    ['evidence of counts, one side', `${(timed(2000, () => stats.lnSatisfied(count, 0.01)) * 1000).toFixed(1)} us`],
    [
      'both bounds of a rate',
      `${timed(50, () => [stats.upperBound(count, threshold), stats.lowerBound(count, threshold)]).toFixed(2)} ms`,
    ],
    [
      `evidence of a mean, ${rows.length} bins`,
      `${timed(20, () => {
        const claims = ['below', 'above'].map((claim) => new stats.ClaimWealth(claim, { limitMs: 250, capMs: 10_000 }));
        for (const claim of claims) claim.add(rows);
        return claims[0].ln();
      }).toFixed(2)} ms`,
    ],
    [
      'both bounds of p95',
      `${timed(10, () => [stats.quantileUpperBound(sparse, { percent: 95, lnThreshold: threshold }), stats.quantileLowerBound(sparse, { percent: 95, lnThreshold: threshold })]).toFixed(2)} ms`,
    ],
  ],
);
rmSync(scratch, { recursive: true });
